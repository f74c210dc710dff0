using System.Diagnostics.Metrics;
using CertHerald.Deciding;
using CertHerald.Names;
using CertHerald.Resolving;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Resolving;

/// <summary>certspotter.md §4.3, R2: looked up, told, heard of, and only then trusted. With a name server and a store that are real.</summary>
public sealed class CaaWatchTests : IAsyncDisposable
{
    private readonly NameServer _server = new();
    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald");
    private readonly IStore _store;
    private readonly Watched _watched;
    private readonly CaaWatch _watch;
    private readonly List<string> _channels = ["ops"];
    private int _rings;

    public CaaWatchTests()
    {
        _store = Stores.Open("sqlite", _scratch.Folder, _time, _meter);
        _watched = new Watched(Tests.Names.WatchLists.Of("www.example.com", ".example.org", "192.0.2.1"), Uses(true), _meter);
        _watch = new CaaWatch(_store, _watched, () => _channels, () => _rings++, _time, _meter, NullLogger<CaaWatch>.Instance);
        _server.Zone["example.com"] = ["0 issue \"ours.example\"", "0 issuewild \";\""];
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _watch.Dispose();
        await _store.DisposeAsync();
        await _server.DisposeAsync();
        _meter.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task R2_a_set_authorises_once_a_channel_has_heard_of_it_and_not_before()
    {
        await _watch.LookAsync(Cancellation);
        Assert.Equal(1, _rings);
        Assert.False(Allows("www.example.com"));
        await _watch.LookAsync(Cancellation);
        Assert.False(Allows("www.example.com"), "it was looked at, not heard of");

        await HearAsync();
        await _watch.LookAsync(Cancellation);

        Assert.True(Allows("www.example.com"));
        Assert.False(Allows("*.example.com"), "issuewild lets nobody");
        Assert.False(Allows("example.org"), "it has no records");
        Assert.False(Allows("other.example.com"), "nobody looked it up");
        Assert.Equal(1, _rings);
        // What is watched, and what a wildcard over it would be issued for; no address.
        Assert.Equal(["example.com", "example.org", "www.example.com"], (await _store.CaaSetsAsync(Cancellation)).Select(set => set.Name));
    }

    [Fact]
    public async Task R2_a_change_authorises_nothing_until_it_is_heard_of()
    {
        await TrustAsync();
        _server.Zone["example.com"] = ["0 issue \"ours.example\"", "0 issue \"evil.example\""];
        _time.Advance(CaaUse.DefaultInterval);

        await _watch.LookAsync(Cancellation);

        Assert.False(Allows("www.example.com"), "a change that is not heard of lets nobody, not those of before either");
        Assert.Equal(2, _rings);
        CaaFacts facts = Assert.IsType<CaaFacts>((await _store.LastNoticeAsync(NoticeTypes.Caa, null, Cancellation))!.Facts);
        Assert.Equal(["0 issue \"evil.example\"", "0 issue \"ours.example\""], facts.Changes.Single(change => change.Name == "www.example.com").Records);
        await HearAsync();
        await _watch.LookAsync(Cancellation);
        Assert.True(Allows("www.example.com"));
    }

    [Fact]
    public async Task R2_a_failed_query_authorises_nothing_while_it_fails()
    {
        await TrustAsync();
        _server.Failing["www.example.com"] = 2;
        _time.Advance(CaaUse.DefaultInterval);
        await _watch.LookAsync(Cancellation);
        Assert.False(Allows("www.example.com"));

        _server.Failing.Clear();
        _time.Advance(CaaUse.DefaultInterval);
        await _watch.LookAsync(Cancellation);

        Assert.True(Allows("www.example.com"), "the same as was heard of");
        Assert.Equal(1, _rings);
    }

    [Fact]
    public async Task R2_a_record_of_a_nearer_name_is_a_change_of_the_name_and_so_is_its_end()
    {
        await TrustAsync();
        _server.Zone["www.example.com"] = ["0 issue \"evil.example\""];
        _time.Advance(CaaUse.DefaultInterval);
        await _watch.LookAsync(Cancellation);
        Assert.Equal(["www.example.com"], Assert.IsType<CaaFacts>((await _store.LastNoticeAsync(NoticeTypes.Caa, null, Cancellation))!.Facts).Changes.Select(change => change.Name));

        _server.Zone.Clear();
        _time.Advance(CaaUse.DefaultInterval);
        await _watch.LookAsync(Cancellation);
        await HearAsync();
        await _watch.LookAsync(Cancellation);
        Assert.False(Allows("www.example.com"), "an absent set lets nobody, heard of or not");
    }

    [Fact]
    public async Task R2_without_a_channel_or_once_it_is_not_wanted_any_more_nothing_is_trusted()
    {
        _channels.Clear();
        await _watch.LookAsync(Cancellation);
        Assert.Equal((0, false), (_rings, Allows("www.example.com")));

        _channels.Add("ops");
        _time.Advance(CaaUse.DefaultInterval);
        await TrustAsync();
        Assert.True(Allows("www.example.com"));
        _watched.Configure(_watched.Configured, Uses(false));
        Assert.True(_watched.Known.Caa.IsEmpty, "not wanted any more, from that moment on");
        await _watch.LookAsync(Cancellation);
        Assert.Equal(1, _rings);
    }

    [Fact]
    public async Task A_name_that_is_watched_since_is_looked_up_within_a_minute()
    {
        await TrustAsync();
        _watched.Add(Tests.Names.WatchLists.Of("shop.example.com"));
        await _watch.LookAsync(Cancellation);
        Assert.DoesNotContain(_server.Asked, asked => asked.EndsWith("shop.example.com", StringComparison.Ordinal));
        _time.Advance(CaaUse.LeastInterval);
        await _watch.LookAsync(Cancellation);
        await HearAsync();
        await _watch.LookAsync(Cancellation);

        Assert.True(Allows("shop.example.com"));
    }

    [Fact]
    public async Task A_name_that_was_never_looked_up_does_not_have_the_others_looked_up_before_their_time()
    {
        await TrustAsync();
        int asked = _server.Asked.Count;
        _watched.Add(Tests.Names.WatchLists.Of("new.example.net"));
        _time.Advance(CaaUse.LeastInterval);
        await _watch.LookAsync(Cancellation);

        Assert.Equal(["example.net", "new.example.net"], _server.Asked.Skip(asked).Where(name => name.Contains('.', StringComparison.Ordinal)).Select(name => name.Split(' ')[^1]).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["example.com", "example.net", "example.org", "new.example.net", "www.example.com"], (await _store.CaaSetsAsync(Cancellation)).Select(set => set.Name));
        Assert.True(Allows("www.example.com"), "it stays as it was looked up");
        _time.Advance(CaaUse.DefaultInterval - CaaUse.LeastInterval);
        await _watch.LookAsync(Cancellation);
        Assert.All(await _store.CaaSetsAsync(Cancellation), set => Assert.Equal(_time.GetUtcNow(), set.Looked));
    }

    private async Task TrustAsync()
    {
        await _watch.LookAsync(Cancellation);
        await HearAsync();
        await _watch.LookAsync(Cancellation);
    }

    private async Task HearAsync()
    {
        foreach (StoredDelivery claimed in await _store.ClaimDueAsync("ops", 100, _time.GetUtcNow(), _time.GetUtcNow().AddMinutes(1), Cancellation))
            await _store.CompleteAsync(claimed, new StoredAttempt(claimed.Id, _time.GetUtcNow(), TimeSpan.Zero, 200, "delivered", null, []), DeliveryState.Done, _time.GetUtcNow());
    }

    private bool Allows(string name) =>
        _watched.Known.Caa.Allows(new Identifier(IdentifierKind.Dns, name), new IssuerFacts { FriendlyName = "Ours", CaaDomains = ["ours.example"], Basis = IssuerBasis.Key });

    private KnownCertificates Uses(bool caa) => new(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>>()) { CaaUse = caa ? new CaaUse(CaaUse.DefaultInterval, [_server.Address]) : null };
}
