using CertHerald.Following;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Following;

/// <summary>ct.md §8.4.</summary>
public sealed class HeadPaceTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("nothing known", LogProtocol.Rfc6962, null, "", 0, 5)]
    [InlineData("half the median", LogProtocol.Rfc6962, null, "40 20 60", 0, 20)]
    [InlineData("half of an even number's upper median", LogProtocol.Rfc6962, null, "20 40", 0, 20)]
    [InlineData("never below 5 s", LogProtocol.Rfc6962, null, "2 2 2", 0, 5)]
    [InlineData("never above 60 s", LogProtocol.Rfc6962, null, "3600 3600", 0, 60)]
    [InlineData("the last eight gaps", LogProtocol.Rfc6962, null, "2 2 2 2 2 2 2 2 40 40 40 40 40", 0, 20)]
    [InlineData("tiled", LogProtocol.StaticCt, null, "3600 3600", 0, 5)]
    [InlineData("configured", LogProtocol.Rfc6962, 0.2, "3600 3600", 0, 0.2)]
    [InlineData("configured, tiled", LogProtocol.StaticCt, 30.0, "", 0, 30)]
    [InlineData("fresh for longer", LogProtocol.StaticCt, null, "", 17, 17)]
    [InlineData("fresh for less", LogProtocol.StaticCt, null, "", 3, 5)]
    [InlineData("fresh for longer than configured", LogProtocol.Rfc6962, 1.0, "", 10, 10)]
    public void K16_Rule_8_4_the_next_look_at_a_head_comes_after(string row, LogProtocol protocol, double? configured, string gaps, int freshFor, double seconds)
    {
        var pace = new HeadPace(protocol, configured is { } given ? TimeSpan.FromSeconds(given) : null);
        DateTimeOffset now = Start;
        ulong size = 1;
        pace.Saw(new TreeSize(size), now);
        foreach (string gap in gaps.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            pace.Saw(new TreeSize(size), now);                 // the same head again says nothing
            now += TimeSpan.FromSeconds(int.Parse(gap, System.Globalization.CultureInfo.InvariantCulture));
            pace.Saw(new TreeSize(++size), now);
        }

        Assert.True(TimeSpan.FromSeconds(seconds) == pace.Next(TimeSpan.FromSeconds(freshFor)), row);
    }

    [Fact]
    public void Rule_8_4_a_finished_log_is_looked_at_daily()
    {
        var pace = new HeadPace(LogProtocol.Rfc6962, TimeSpan.FromSeconds(1)) { IsFinished = true };

        Assert.Equal(TimeSpan.FromDays(1), pace.Next(TimeSpan.Zero));
    }

    [Fact]
    public void Rule_8_4_older_heads_of_other_front_ends_are_no_new_heads()
    {
        var pace = new HeadPace(LogProtocol.Rfc6962, null);
        DateTimeOffset now = Start;
        pace.Saw(new TreeSize(100), now);
        for (int i = 0; i < 20; i++) pace.Saw(new TreeSize(i % 2 == 0 ? 99UL : 100), now += TimeSpan.FromSeconds(2));
        pace.Saw(new TreeSize(101), now);

        Assert.Equal(TimeSpan.FromSeconds(20), pace.Next(TimeSpan.Zero));
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(3, 2)]
    [InlineData(9, 0)]
    [InlineData(-60, 5)]
    public void Rule_8_5_the_time_spent_on_reading_is_part_of_the_wait(int later, int seconds)
    {
        var pace = new HeadPace(LogProtocol.StaticCt, null);
        pace.Saw(new TreeSize(1), Start);

        Assert.Equal(TimeSpan.FromSeconds(seconds), pace.Next(TimeSpan.Zero, Start + TimeSpan.FromSeconds(later)));
    }

    [Fact]
    public void Rule_8_4_an_answer_that_is_fresh_for_longer_is_waited_out_from_when_it_came()
    {
        var pace = new HeadPace(LogProtocol.StaticCt, TimeSpan.FromMilliseconds(200));
        pace.Saw(new TreeSize(1), Start);

        Assert.Equal(TimeSpan.FromSeconds(13), pace.Next(TimeSpan.FromSeconds(15), Start + TimeSpan.FromSeconds(2)));
    }
}
