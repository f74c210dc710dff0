using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.Merkle;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>What logs hold when the service first runs, over real HTTP.</summary>
public sealed class BaselineTests : IAsyncDisposable
{
    private readonly FollowingRig _rig = new(".watched.example");
    private readonly TestCa _ca = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task What_a_log_holds_at_the_first_start_is_recorded_and_told_to_nobody_and_what_comes_is_told(LogProtocol protocol)
    {
        await using LyingLog log = await GrowAsync(protocol, "a.watched.example", "other.example", "b.watched.example");
        await BeginAsync(isSilent: true);

        FollowedLog followed = _rig.Follow(log.Description, CertHerald.Fetching.LogStart.Beginning);
        await _rig.ReachAsync(followed, 3);
        Add(log, "c.watched.example");
        await _rig.ReachAsync(followed, 4);
        await _rig.StopAsync(followed);

        Assert.Equal(["a.watched.example", "b.watched.example", "c.watched.example"], (await _rig.IssuancesAsync()).Select(one => one.Certificate.DnsNames[0]));
        Assert.Equal([3], (await _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Select(one => one.Subject));
        Assert.All(await _rig.IssuancesAsync(), one => Assert.Equal((false, one.Id < 3), (one.Known, one.Reason.Contains("(baseline)", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_restart_in_the_middle_of_the_first_catch_up_is_silent_on_up_to_the_same_entry()
    {
        await using LyingLog log = await GrowAsync(LogProtocol.Rfc6962, "a.watched.example", "b.watched.example");
        await BeginAsync(isSilent: true);
        // As if it had been killed after it drew the line and before it read anything, and the log had grown meanwhile.
        await _rig.Baseline!.DrawAsync(log.Description.Id, new TreeSize(2), Cancellation);
        await _rig.Store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation);
        Add(log, "c.watched.example");
        await _rig.RestartAsync();
        await BeginAsync(isSilent: true);

        await _rig.FollowToAsync(log.Description, 3);

        Assert.Equal([3], (await _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Select(one => one.Subject));
    }

    [Fact]
    public async Task Everything_is_told_by_default_and_of_a_log_that_is_begun_later_and_in_a_database_that_was_in_use()
    {
        await using LyingLog byDefault = await GrowAsync(LogProtocol.Rfc6962, "a.watched.example"), later = await GrowAsync(LogProtocol.Rfc6962, "b.watched.example"), used = await GrowAsync(LogProtocol.Rfc6962, "c.watched.example");
        await BeginAsync(isSilent: false);
        await _rig.FollowToAsync(byDefault.Description, 1);
        Assert.Single(await _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));

        // Chosen later: the first run is the database's.
        _rig.Time.Advance(Baseline.FirstRun);
        await BeginAsync(isSilent: true);
        await _rig.FollowToAsync(later.Description, 1);
        Assert.Equal(2, (await _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);

        await using var other = new FollowingRig(".watched.example");
        await other.Store.BeginLogAsync(later.Description, Frontier.Empty, Cancellation);
        other.Baseline = new Baseline(other.Store, isSilent: true, other.Time);
        await other.Baseline.BeginAsync(Cancellation);
        await other.FollowToAsync(used.Description, 1);
        Assert.Single(await other.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
    }

    [Fact]
    public async Task A_search_of_the_past_tells_what_it_finds_below_the_line()
    {
        await using LyingLog log = await GrowAsync(LogProtocol.Rfc6962, "a.sought.example", "a.watched.example");
        await BeginAsync(isSilent: true);
        FollowedLog followed = await _rig.FollowToAsync(log.Description, 2);
        Assert.Empty(await _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
        BackFill search = await _rig.Store.AddBackFillAsync([".sought.example"], _rig.Time.GetUtcNow().AddDays(-50), [log.Description.Id], Cancellation);

        using BackFiller filler = _rig.BackFiller(followed);
        using var stop = new CancellationTokenSource();
        Task searching = filler.RunAsync(stop.Token);
        await Doubles.Eventually.HappensAsync(async () => searching.IsCompleted || (await _rig.Store.BackFillsAsync(Cancellation)).Single(one => one.Id == search.Id).IsDone);
        await stop.CancelAsync();
        await Task.WhenAny(searching);

        Assert.Equal("a.sought.example", (await _rig.Store.FindIssuanceAsync(Assert.Single(await _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Subject, Cancellation))!.Certificate.DnsNames[0]);
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        _ca.Dispose();
    }

    private async Task BeginAsync(bool isSilent)
    {
        _rig.Baseline = new Baseline(_rig.Store, isSilent, _rig.Time);
        await _rig.Baseline.BeginAsync(Cancellation);
    }

    private async Task<LyingLog> GrowAsync(LogProtocol protocol, params string[] names)
    {
        LyingLog log = await LyingLog.StartAsync(protocol, 0);
        Add(log, names);
        return log;
    }

    private void Add(LyingLog log, params string[] names)
    {
        foreach (string name in names) log.Log.AddChain(_ca.Issue(name).Chain);
        log.Log.Publish();
    }
}
