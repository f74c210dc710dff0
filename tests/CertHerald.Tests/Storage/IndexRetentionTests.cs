using System.Diagnostics.Metrics;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Storage;

/// <summary>What nobody watches goes when its time is up, all of it at one look, however much it is.</summary>
public sealed class IndexRetentionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_look_deletes_what_is_too_old_and_puts_aside_what_has_expired()
    {
        using var scratch = new Scratch();
        using var meter = new Meter("CertHerald");
        var time = new ManualTime();
        await using IStore store = Stores.Open("sqlite", scratch.Folder, time, meter);
        using var log = new PaperLog(entries: 301);
        await store.BeginLogAsync(log.Description, log.FrontierAt(0), Cancellation);
        LogLane tip = (await store.LanesAsync(log.Id, Cancellation))[^1];
        tip = await IndexAsync(log.Read(0, 300), i => Some.Facts(Some.Numbered("old", i)));
        time.Advance(TimeSpan.FromDays(20));
        await IndexAsync(log.Read(300, 301), _ => Some.Facts("new") with { NotAfter = time.GetUtcNow() });
        time.Advance(TimeSpan.FromDays(10) + TimeSpan.FromMilliseconds(1));
        var retention = new IndexRetention(store, new IndexOptions(), time, NullLogger<IndexRetention>.Instance);

        Task<long> look = retention.LookAsync(Cancellation);
        // It rests between two parts.
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(300, await look);
        Assert.Equal(301, Assert.Single(await store.SearchCertificatesAsync(new("new"), Cancellation)).Id);
        Assert.Empty(await store.SearchCertificatesAsync(new("old1"), Cancellation));
        Assert.Equal(0, await store.MarkExpiredAsync(time.GetUtcNow(), 10, Cancellation));

        async Task<LogLane> IndexAsync(Batch batch, Func<int, CertificateFacts> facts) => (await store.CommitAsync(
            tip, batch, [], [.. Enumerable.Range(0, batch.Raw.Count).Select(i => new IndexedCertificate(batch.Raw[i].Index, Some.Logged, facts(i)))], time.GetUtcNow(), Cancellation)).Lane;
    }
}
