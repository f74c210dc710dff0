using CertHerald.Cli;

namespace CertHerald.Tests.Cli;

public sealed class ScanReviewTests
{
    [Theory]
    [InlineData(1, long.MaxValue, 1.0)]
    [InlineData(1, long.MaxValue, 1e9)]
    [InlineData(0, long.MaxValue, 1.0)]
    public void A_log_that_claims_2_to_the_63_entries_has_no_time_left_and_the_bar_stands(long done, long total, double seconds) =>
        Assert.EndsWith("--:--:-- left", ScanProgress.Bar(done, total, seconds), StringComparison.Ordinal);

    [Fact]
    public void The_bar_says_share_rate_and_time_left() =>
        Assert.EndsWith(" 25%  1,000/4,000 entries  100/s  00:00:30 left", ScanProgress.Bar(1_000, 4_000, 10), StringComparison.Ordinal);
}
