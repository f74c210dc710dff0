using CertHerald.Following;

namespace CertHerald.Tests.Following;

public sealed class LogHistoryTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_hour_is_kept_finely_and_a_day_coarsely_and_nothing_longer()
    {
        var history = new LogHistory();

        for (int i = 0; i < 3 * 8640; i++) history.Add(new LogSample(Start.AddSeconds(10 * i), 1, 0, 0));

        DateTimeOffset last = Start.AddSeconds(10 * (3 * 8640 - 1));
        Assert.Equal((360, last), (history.Hour.Count, history.Hour[^1].At));
        Assert.Equal((288, last), (history.Day.Count, history.Day[^1].At));
        Assert.Equal(TimeSpan.FromMinutes(5), history.Day[1].At - history.Day[0].At);
    }

    [Fact]
    public void A_part_of_the_day_is_its_mean_rate_and_its_worst_backlog_and_head()
    {
        var history = new LogHistory();

        for (int i = 0; i < 30; i++) history.Add(new LogSample(Start.AddSeconds(10 * i), i, i == 7 ? 900 : null, i == 3 ? 65 : 5));

        Assert.Equal(new LogSample(Start.AddSeconds(290), 14.5, 900, 65), Assert.Single(history.Day));
    }
}
