using CertHerald.Delivering;

namespace CertHerald.Tests.Delivering;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("5", 5.0)]
    [InlineData("1.5", 1.5)]
    [InlineData(" 0 ", 0.0)]
    [InlineData("1e9", 365 * 86400.0)]
    [InlineData("1e999", 365 * 86400.0)]
    [InlineData("1000000000", 365 * 86400.0)]
    [InlineData("Sun, 01 Mar 2026 12:00:30 GMT", 30.0)]
    [InlineData("Sunday, 01-Mar-26 12:00:30 GMT", 30.0)]
    [InlineData("Sun Mar  1 12:00:30 2026", 30.0)]
    [InlineData("Sun, 01 Mar 2026 11:59:30 GMT", null)]
    [InlineData("-1", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    [InlineData("NaN", null)]
    [InlineData("Infinity", null)]
    [InlineData("5, 7", null)]
    [InlineData(null, null)]
    public void T15_seconds_and_dates_are_read_and_everything_else_is_ignored(string? value, double? seconds) =>
        Assert.Equal(seconds, RetryAfter.Read(value, Now)?.TotalSeconds);
}
