using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Tests.Following;
using Microsoft.Extensions.Logging.Abstractions;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.EndToEnd;

/// <summary>Weak look-alikes, from the log to the digest that a receiver gets, with a clock that is moved by hand.</summary>
public sealed class DigestTests : IAsyncDisposable
{
    private readonly FollowingRig _rig = new()
    {
        Protecting = new Protection([new OwnerProtection("", LookalikeIndex.Build([new ProtectedDomain { Name = "facebook.com", DigestFrom = 30 }], suffixes: null))], null),
    };
    private readonly TestCa _ca = new();
    private readonly Receiver _receiver = Receiver.Start();
    private readonly Webhooks _webhooks;

    public DigestTests() => _webhooks = new Webhooks("https://ct.example.com",
        [
            Given.Webhook(_receiver.Url, "digest") with { Dialect = "native", Events = [EventKinds.LookalikeDigest] },
            Given.Webhook(_receiver.Url, "alerts") with { Dialect = "native", Events = [EventKinds.Lookalike, EventKinds.Operator] },
        ], WebhookDialects.All);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private DateTimeOffset Midnight => new(_rig.Time.GetUtcNow().UtcDateTime.Date.AddDays(1), TimeSpan.Zero);

    [Fact]
    public async Task What_a_log_showed_is_told_once_after_midnight_also_after_a_restart_and_by_two_nodes()
    {
        await using LyingLog log = await GrowAsync("thefacebooks.org", "www.example.org", "faceb00k.com", "xfacebookx.org");
        await _rig.FollowToAsync(log.Description, 3);
        await _rig.RestartAsync();
        Add(log, "www.thefacebooks.org");
        await _rig.FollowToAsync(log.Description, 5);
        DateTimeOffset midnight = Midnight;
        await LookAsync();
        Assert.Empty(await OwedAsync());

        _rig.Time.Advance(midnight - _rig.Time.GetUtcNow());
        await LookAsync();
        await _rig.RestartAsync();
        await LookAsync();

        StoredDelivery owed = Assert.Single(await OwedAsync());
        Assert.Equal(("digest", EventKinds.LookalikeDigest), (owed.Webhook, owed.Kind));
        Assert.Equal(2, _rig.WeakKept);
        JsonElement body = (await DeliverAsync()).Json();
        Assert.Equal("lookalike.digest", body.GetProperty("type").GetString());
        Assert.Equal(["thefacebooks.org", "xfacebookx.org"], body.GetProperty("lookalikes").EnumerateArray().Select(one => one.GetProperty("registrable_domain").GetString()).Order(StringComparer.Ordinal));
        Assert.Equal(2, body.GetProperty("lookalikes").EnumerateArray().Single(one => one.GetProperty("registrable_domain").GetString() == "thefacebooks.org").GetProperty("certificates").GetInt32());
        Assert.Equal(0, body.GetProperty("others").GetInt64());

        _rig.Time.Advance(TimeSpan.FromDays(1));
        await LookAsync();
        Assert.Single(await OwedAsync());
        Add(log, "afacebookb.org");
        await _rig.FollowToAsync(log.Description, 6);
        _rig.Time.Advance(TimeSpan.FromDays(1));
        await LookAsync();
        Assert.Equal(2, (await OwedAsync()).Count);
    }

    [Fact]
    public async Task What_logs_held_at_a_silent_first_start_is_kept_and_told_by_no_digest()
    {
        await using LyingLog log = await GrowAsync("thefacebooks.org");
        _rig.Baseline = new Baseline(_rig.Store, isSilent: true, _rig.Time);
        await _rig.Baseline.BeginAsync(Cancellation);

        await _rig.FollowToAsync(log.Description, 1);
        _rig.Time.Advance(TimeSpan.FromDays(1));
        await LookAsync();

        Assert.Empty(await OwedAsync());
        Assert.Equal("thefacebooks.org", Assert.Single(await _rig.Store.WeakLookalikesAsync(new WeakLookalikeFilter(), Cancellation)).Registrable);
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        await _receiver.DisposeAsync();
        _ca.Dispose();
    }

    private async Task LookAsync()
    {
        using var digest = new LookalikeDigest(_rig.Store, () => _rig.Protecting!, _webhooks, _rig.Bell, _rig.Time, NullLogger<LookalikeDigest>.Instance);
        await digest.LookAsync(Cancellation);
    }

    private Task<IReadOnlyList<StoredDelivery>> OwedAsync() => _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation);

    private async Task<Received> DeliverAsync()
    {
        using var sender = new WebhookSender(new OutboundGuard(Given.LoopbackAllowed), _rig.Time);
        using var loop = new DeliveryLoop(_rig.Store, sender, WebhookDialects.All, _webhooks, _rig.Bell, _rig.Time, _rig.Meter, NullLogger<DeliveryLoop>.Instance);
        await loop.StartAsync(Cancellation);
        Received received = await _receiver.NextAsync();
        await loop.StopAsync(Cancellation);
        return received;
    }

    private async Task<LyingLog> GrowAsync(params string[] names)
    {
        LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 0);
        Add(log, names);
        return log;
    }

    private void Add(LyingLog log, params string[] names)
    {
        foreach (string name in names) log.Log.AddChain(_ca.Issue(name).Chain);
        log.Log.Publish();
    }
}
