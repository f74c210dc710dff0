using CertHerald.Fetching;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Fetching;

public sealed class LogReaderReviewTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_log_that_proves_nothing_is_not_asked_back_to_its_first_entry()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 400);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Lie = (path, context, _) =>
        {
            context.Response.StatusCode = 404;
            return Task.FromResult(!path.Contains("get-entries", StringComparison.Ordinal));
        };
        log.Forget();

        LogUnavailableException failure = await Assert.ThrowsAsync<LogUnavailableException>(
            () => reader.StartAtAsync(new TreeSize(300), head, Cancellation));

        Assert.Contains("no proof of where to begin", failure.Message, StringComparison.Ordinal);
        Assert.InRange(log.Requests.Count(), 1, 4 * 70);
    }
}
