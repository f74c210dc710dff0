using CertHerald.Following;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Following;

public sealed class RateMeterTests
{
    [Fact]
    public void It_tells_the_mean_of_the_last_minute()
    {
        var time = new ManualTime();
        var meter = new RateMeter(time);
        Assert.Equal(0, meter.PerSecond);

        for (int second = 0; second < 120; second++)
        {
            meter.Add(10);
            Assert.Equal(10, meter.PerSecond);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(5, meter.PerSecond);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(0, meter.PerSecond);
        time.Advance(TimeSpan.FromDays(400));
        meter.Add(60);
        Assert.Equal(1, meter.PerSecond);
    }
}
