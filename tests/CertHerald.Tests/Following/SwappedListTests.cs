using System.Diagnostics.Metrics;
using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Tests.Storage;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;
using WatchLists = CertHerald.Tests.Names.WatchLists;

namespace CertHerald.Tests.Following;

public sealed class SwappedListTests
{
    private const int Entries = 90, InABatch = 7;

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task A_log_that_grows_while_the_list_is_swapped_at_every_batch_is_read_whole_and_once(LogProtocol protocol)
    {
        using var scratch = new Scratch();
        using var meter = new Meter("CertHerald");
        using var asking = new Asking();
        using var ca = new TestCa();
        await using IStore store = Stores.Open("sqlite", scratch.Folder, TimeProvider.System, meter);
        await using var log = new Log(new CertHerald.TestLog.LogOptions { PublishOnAdd = true, MaxEntriesPerAnswer = InABatch });
        await using LogServer server = await LogServer.StartAsync(log, new LogServerOptions { Gzip = false }, TestContext.Current.CancellationToken);
        await using LogFront front = await LogFront.StartAsync(server);

        // Each list holds what the other does not; both hold what is watched throughout. A batch takes one, and it is replaced at once.
        WatchList[] lists = [WatchLists.Of(".always.example", ".even.example"), WatchLists.Of(".odd.example", ".always.example")];
        var watched = new Watched(lists[0], KnownCertificates.None, meter);
        int batches = 0;
        var inspector = new Inspector(() =>
        {
            WatchList taken = watched.List;
            watched.Configure(lists[++batches % 2], KnownCertificates.None);
            return taken;
        });

        // The log grows whenever its head was asked for, and is at its end once that has changed nothing three times.
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int added = 0, asked = 0;
        front.Served = path =>
        {
            if (!path.StartsWith("/ct/v1/get-sth", StringComparison.Ordinal) && path != "/tiles/checkpoint") return;
            if (added == Entries && ++asked == 3) read.TrySetResult();
            for (int until = Math.Min(Entries, added + 20); added < until; added++)
                log.AddChain(ca.Issue($"n{added}.always.example", $"n{added}.even.example", $"n{added}.odd.example").Chain);
        };

        var custom = protocol == LogProtocol.Rfc6962
            ? new CustomLogOptions { Key = Convert.ToBase64String(log.Rfc6962Key.Spki.Span), Url = front.Url.ToString() }
            : new CustomLogOptions { Key = Convert.ToBase64String(log.StaticCtKey.Spki.Span), SubmissionUrl = server.SubmissionUrl.ToString(), MonitoringUrl = front.MonitoringUrl.ToString() };
        LogDescription description = custom.ToLog(out string? problem)!;
        Assert.Null(problem);
        var followed = new FollowedLog(new ChosenLog(description, IsCustom: true, HeadInterval: TimeSpan.FromMilliseconds(50)), TimeProvider.System);
        var lanes = new LaneReader(
            followed, asking.Sources.Read(description, RequestPriority.Tip, isCustom: true), inspector, new Decider(() => watched.Known, () => []), store, new Bell(),
            TimeProvider.System);
        using var follower = new LogFollower(followed, lanes, LogStart.Beginning, store, TimeProvider.System);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task following = follower.RunAsync(stopping.Token);
        await Task.WhenAny(following, read.Task.WaitAsync(TimeSpan.FromSeconds(60), stopping.Token));
        Assert.False(following.IsCompleted, following.Exception?.ToString());
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);

        Assert.Equal((Entries, Entries), (followed.Entries, followed.Matches));
        Assert.Equal(new TreeSize(Entries), (await store.FindPositionAsync(description.Id, TestContext.Current.CancellationToken))!.Proven.Size);
        Assert.True(batches >= 5, $"the list was swapped only {batches} times");
        IReadOnlyList<Issuance> issuances = await store.IssuancesAsync(null, 2 * Entries, TestContext.Current.CancellationToken);
        Assert.Equal(Entries, issuances.Count);
        var places = new List<ulong>();
        foreach (Issuance issuance in issuances)
        {
            string[] roots = [.. issuance.Endpoints.Select(endpoint => endpoint.MonitoredDomain).Order(StringComparer.Ordinal)];
            Assert.True(roots is [".always.example", ".even.example" or ".odd.example"], string.Join(' ', roots));
            places.Add(Assert.Single(await store.SightingsAsync(issuance.Id, TestContext.Current.CancellationToken)).Index.Value);
        }
        Assert.Equal(Enumerable.Range(0, Entries).Select(place => (ulong)place), places.Order());
        Assert.Equal(2, issuances.Select(issuance => issuance.Endpoints.Count(endpoint => endpoint.MonitoredDomain == ".odd.example")).Distinct().Count());
    }
}
