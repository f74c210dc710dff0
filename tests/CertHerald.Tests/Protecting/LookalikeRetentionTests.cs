using System.Diagnostics.Metrics;
using CertHerald.Inspecting;
using CertHerald.Protecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Protecting;

public sealed class LookalikeRetentionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Weak_look_alikes_go_after_30_days_whatever_look_alikes_are_given()
    {
        using var scratch = new Scratch();
        using var meter = new Meter("CertHerald");
        using var log = new PaperLog(entries: 2);
        var time = new ManualTime();
        await using IStore store = Stores.Open("sqlite", scratch.Folder, time, meter);
        await store.BeginLogAsync(log.Description, log.FrontierAt(0), Cancellation);
        using var retention = new LookalikeRetention(store, TimeSpan.FromDays(400), time, NullLogger<LookalikeRetention>.Instance);
        await ShowAsync(0, "old.test");
        time.Advance(TimeSpan.FromDays(15));
        await ShowAsync(1, "new.test");

        Assert.Equal(0, await retention.LookAsync(Cancellation));
        time.Advance(TimeSpan.FromDays(15) + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await retention.LookAsync(Cancellation));

        Assert.Equal("new.test", Assert.Single(await store.WeakLookalikesAsync(new WeakLookalikeFilter(), Cancellation)).Registrable);

        async Task ShowAsync(ulong at, string name) => await store.CommitAsync(
            (await store.LanesAsync(log.Id, Cancellation))[^1], log.Read(at, at + 1), [], [],
            [new WeakLookalike(new EntryIndex(at), "facebook.com", name, new LookalikeName(name, 40, "typo", []), Some.Hash(name))], time.GetUtcNow(), Cancellation);
    }
}
