using CertHerald.Api;
using CertHerald.WebConsole;

namespace CertHerald.Tests.WebConsole;

public sealed class PlotLineTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1), Step = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_line_goes_from_the_left_edge_to_the_right_one_below_a_scale_that_can_be_read()
    {
        PlotLine line = PlotLine.Of([At(-3600, 0), At(-3570, 10), At(-3540, 37)], one => one.Rate, Now, Hour, Step);

        Assert.Equal("M0 99L5 79.4", line.Line[..12]);
        Assert.EndsWith("Z", line.Area, StringComparison.Ordinal);
        Assert.Equal((50d, 37d, 0d, 37d), (line.Top, line.Last!.Value, line.Least!.Value, line.Most!.Value));
    }

    [Fact]
    public void Where_samples_are_missing_there_is_a_gap()
    {
        IEnumerable<LogSampleJson> before = Enumerable.Range(0, 20).Select(i => At(-3600 + 10 * i, 5)), after = Enumerable.Range(0, 20).Select(i => At(-1000 + 10 * i, 5));

        PlotLine line = PlotLine.Of([.. before, .. after], one => one.Rate, Now, Hour, Step);

        Assert.Equal(2, line.Line.Count(c => c == 'M'));
        Assert.Equal(2, line.Area.Count(c => c == 'Z'));
    }

    [Fact]
    public void A_peak_is_seen_however_few_points_are_drawn()
    {
        PlotLine line = PlotLine.Of([.. Enumerable.Range(0, 360).Select(i => At(-3600 + 10 * i, i == 123 ? 1000 : 1))], one => one.Rate, Now, Hour, Step, points: 40);

        Assert.Equal((1000d, 1000d), (line.Top, line.Most!.Value));
        Assert.Contains(" 1L", line.Line, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_known_is_not_drawn_as_nothing()
    {
        PlotLine line = PlotLine.Of([At(-20, 1), At(-10, 1)], one => one.Backlog, Now, Hour, Step);

        Assert.Equal(("", "", null), (line.Line, line.Area, line.Last));
    }

    private static LogSampleJson At(int seconds, double rate) => new(Now.AddSeconds(seconds), rate, null, null);
}
