using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises: positions, proofs and incidents. Deliveries and the rest are in the other parts.</summary>
public abstract partial class StoreConformance : IAsyncLifetime
{
    private readonly List<PaperLog> _logs = [];

    private protected string Folder { get; } = Directory.CreateTempSubdirectory("certherald-store-").FullName;

    private protected ManualTime Time { get; } = new();

    private protected Meter Meter { get; } = new("CertHerald");

    private protected IStore Store { get; set; } = null!;

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public virtual ValueTask InitializeAsync()
    {
        Store = Open();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (Store is not null) await Store.DisposeAsync();
        foreach (PaperLog log in _logs) log.Dispose();
        Meter.Dispose();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the store in <see cref="Folder"/>, as a new process does.</summary>
    private protected abstract IStore Open();

    [Fact]
    public async Task A_log_never_begun_has_no_position()
    {
        using var log = new PaperLog();
        Assert.Null(await Store.FindPositionAsync(log.Id, Cancellation));
        Assert.Empty(await Store.LogsAsync(Cancellation));
    }

    [Fact]
    public async Task A_log_begun_again_keeps_its_position_and_learns_its_new_name_and_address()
    {
        PaperLog log = await BeginAsync(entries: 5, at: 3);

        LogDescription moved = log.Description with { Description = "moved", Operator = "Another operator", Url = new Uri("https://moved.example/") };
        await Store.BeginLogAsync(moved, Frontier.Empty, Cancellation);

        Assert.Equal(log.FrontierAt(3), (await PositionAsync(log)).Read);
        StoredLog stored = Assert.Single(await Store.LogsAsync(Cancellation));
        Assert.Equal((log.Id, "moved", "Another operator", "https://moved.example/"), (stored.Id, stored.Description, stored.Operator, stored.Url));
        Assert.Equal((3UL, 3UL, null), (stored.Position.Value, stored.Proven.Value, stored.HeadSize));
    }

    [Fact]
    public async Task A_position_of_the_largest_size_is_kept_bit_for_bit()
    {
        PaperLog log = Paper(entries: 1);
        MerkleHash hash = log.FrontierAt(1).Root();
        Assert.True(Frontier.TryCreate(new TreeSize(long.MaxValue), Enumerable.Repeat(hash, 63).ToArray(), out Frontier? frontier));

        await Store.BeginLogAsync(log.Description, frontier, Cancellation);

        Assert.Equal(LogPosition.At(frontier), await PositionAsync(log));
    }

    [Fact]
    public async Task A_proven_batch_moves_both_positions()
    {
        PaperLog log = await BeginAsync(entries: 7);

        CommitOutcome outcome = await CommitAsync(log, log.Read(0, 7));

        Assert.Equal((LogPosition.At(log.FrontierAt(7)), 0, 0), (outcome.Lane.Position, outcome.Discovered, outcome.Owed));
        Assert.Equal(outcome.Lane.Position, await PositionAsync(log));
    }

    [Fact]
    public async Task An_unproven_batch_moves_reading_and_its_findings_become_proven_at_the_head()
    {
        PaperLog log = await BeginAsync(entries: 7);

        Batch first = log.Read(0, 4);
        Assert.IsType<UnprovenBatch>(first);
        CommitOutcome outcome = await CommitAsync(log, first, Some.Unknown(Some.Match(first.Raw, 1, Some.Facts("a.example"))));
        Assert.Equal(new LogPosition(log.FrontierAt(4), Frontier.Empty), outcome.Lane.Position);
        Assert.Equal((1, 0), (outcome.Discovered, outcome.Owed));
        Assert.False((await SightingAsync(1)).Proven);

        Batch second = log.Read(4, 7);
        Assert.IsType<VerifiedBatch>(second);
        outcome = await CommitAsync(log, second, Some.Unknown(Some.Match(second.Raw, 0, Some.Facts("b.example"))));

        Assert.Equal(LogPosition.At(log.FrontierAt(7)), outcome.Lane.Position);
        Assert.True((await SightingAsync(1)).Proven);
        Assert.True((await SightingAsync(2)).Proven);
    }

    [Fact]
    public async Task A_dispute_keeps_its_findings_goes_back_to_what_is_proven_and_opens_an_incident_with_evidence()
    {
        PaperLog log = await BeginAsync(entries: 9, at: 2);
        Batch unproven = log.Read(2, 5);
        await CommitAsync(log, unproven, Some.Unknown(Some.Match(unproven.Raw, 0, Some.Facts("early.example")), "hook"));
        VerifiedHead lie = log.Lie();

        Batch disputed = log.Read(5, 9, lie);
        Assert.IsType<DisputedBatch>(disputed);
        CommitOutcome outcome = await CommitAsync(log, disputed, Some.Unknown(Some.Match(disputed.Raw, 3, Some.Facts("late.example")), "hook"));

        Assert.Equal(LogPosition.At(log.FrontierAt(2)), outcome.Lane.Position);
        Assert.Equal(outcome.Lane.Position, await PositionAsync(log));
        Assert.Equal((1, 1), (outcome.Discovered, outcome.Owed));
        Assert.Equal(["late.example", "early.example"], (await Store.IssuancesAsync(null, 10, Cancellation)).Select(one => one.Certificate.DnsNames[0]));

        Incident incident = Assert.Single(await Store.IncidentsAsync(10, Cancellation));
        Assert.Equal((log.Id, "root_mismatch", null), (incident.Log, incident.Kind, incident.Closed));
        Assert.Equal("entries 2 to 9 do not give the root that the log signed for 9 entries", incident.Summary);
        using var evidence = System.Text.Json.JsonDocument.Parse(incident.Evidence);
        Assert.Equal(lie.Root.ToBase64(), evidence.RootElement.GetProperty("signed_root").GetString());
        Assert.Equal(log.FrontierAt(2).ToBytes(), evidence.RootElement.GetProperty("proven_frontier").GetBytesFromBase64());
        Assert.Equal(log.FrontierAt(9).ToBytes(), evidence.RootElement.GetProperty("batch_frontier").GetBytesFromBase64());
        Assert.Equal((5UL, 9UL), (evidence.RootElement.GetProperty("batch_start").GetUInt64(), evidence.RootElement.GetProperty("batch_end").GetUInt64()));
        Assert.Equal(4, evidence.RootElement.GetProperty("leaf_hashes").GetArrayLength());
        Assert.Equal(
            evidence.RootElement.GetProperty("leaf_hashes").EnumerateArray().Select(hash => hash.GetString()),
            evidence.RootElement.GetProperty("leaf_inputs").EnumerateArray().Select(input => Convert.ToBase64String(SHA256.HashData([0, .. input.GetBytesFromBase64()]))));
    }

    [Fact]
    public async Task What_was_disputed_becomes_proven_when_the_same_leaf_is_read_again_under_an_honest_head()
    {
        PaperLog log = await BeginAsync(entries: 9, at: 2);
        Batch disputed = log.Read(2, 9, log.Lie());
        await CommitAsync(log, disputed, Some.Unknown(Some.Match(disputed.Raw, 3, Some.Facts("a.example")), "hook"));

        Batch again = log.Read(2, 9);
        CommitOutcome outcome = await CommitAsync(log, again, Some.Unknown(Some.Match(again.Raw, 3, Some.Facts("a.example")), "hook"));

        Assert.Equal((0, 0), (outcome.Discovered, outcome.Owed));
        Assert.True((await SightingAsync(1)).Proven);
        Assert.Single(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
    }

    [Fact]
    public async Task A_leaf_that_was_disputed_and_replaced_never_becomes_proven_and_its_replacement_does()
    {
        PaperLog log = await BeginAsync(entries: 4);
        Batch unproven = log.Read(0, 2);
        await CommitAsync(log, unproven, Some.Unknown(Some.Match(unproven.Raw, 1, Some.Facts("a.example"))));
        await CommitAsync(log, log.Read(2, 4, log.Lie()));

        log.Rewrite(1, "the truth");
        Batch again = log.Read(0, 4);
        await CommitAsync(log, again, Some.Unknown(Some.Match(again.Raw, 1, Some.Facts("a.example"))));

        IReadOnlyList<Sighting> sightings = await Store.SightingsAsync(1, Cancellation);
        Assert.Equal([false, true], sightings.Select(sighting => sighting.Proven));
        Assert.All(sightings, sighting => Assert.Equal(1UL, sighting.Index.Value));
    }

    [Fact]
    public async Task A_range_given_up_stays_disputed_while_what_comes_behind_it_is_proven()
    {
        PaperLog log = await BeginAsync(entries: 4);
        Batch disputed = log.Read(0, 4, log.Lie());
        await CommitAsync(log, disputed, Some.Unknown(Some.Match(disputed.Raw, 0, Some.Facts("lost.example"))));

        LogLane tip = (await Store.LanesAsync(log.Id, Cancellation))[^1];
        await Store.SplitLaneAsync(tip, log.FrontierAt(4), new LaneTrouble(IncidentKinds.RootMismatch, 0, Time.GetUtcNow()), "it lies", Cancellation);
        Assert.Equal(LogPosition.At(log.FrontierAt(4)), await PositionAsync(log));
        log.Add("more");
        Batch onward = log.Read(4, 5);
        await CommitAsync(log, onward, Some.Unknown(Some.Match(onward.Raw, 0, Some.Facts("found.example"))));

        Assert.False((await SightingAsync(1)).Proven);
        Assert.True((await SightingAsync(2)).Proven);
        Assert.Single(await Store.IncidentsAsync(10, Cancellation));
    }

    [Fact]
    public async Task The_same_dispute_again_opens_no_second_incident()
    {
        PaperLog log = await BeginAsync(entries: 4);
        for (int i = 0; i < 3; i++) await CommitAsync(log, log.Read(0, 4, log.Lie()));
        Assert.Single(await Store.IncidentsAsync(10, Cancellation));

        await CommitAsync(log, log.Read(0, 3, log.Lie(3)));
        IReadOnlyList<Incident> incidents = await Store.IncidentsAsync(10, Cancellation);
        Assert.Equal(4, Assert.Single(incidents).Cases);
        Assert.Equal("entries 0 to 3 do not give the root that the log signed for 3 entries", incidents[0].Summary);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(4, 6)]
    public async Task A_batch_that_does_not_start_at_the_position_is_refused_whole(ulong from, ulong until)
    {
        PaperLog log = await BeginAsync(entries: 6, at: 3);
        Batch batch = log.Read(from, until);

        await Assert.ThrowsAsync<StoreException>(() => CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example")), "hook")));

        Assert.Equal(LogPosition.At(log.FrontierAt(3)), await PositionAsync(log));
        Assert.Empty(await Store.IssuancesAsync(null, 10, Cancellation));
        Assert.Empty(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
    }

    [Fact]
    public async Task Nothing_can_be_committed_to_a_log_never_begun()
    {
        PaperLog log = Paper(entries: 1);
        await Assert.ThrowsAsync<StoreException>(() => CommitAsync(log, log.Read(0, 1)));
        await Assert.ThrowsAsync<StoreException>(() => Store.KeepHeadAsync(log.Id, log.Head(), Cancellation));
    }

    [Fact]
    public async Task The_newest_head_by_the_logs_clock_is_shown_with_its_log()
    {
        PaperLog log = await BeginAsync(entries: 5);
        await Store.KeepHeadAsync(log.Id, log.Head(5, timestamp: 2_000), Cancellation);
        await Store.KeepHeadAsync(log.Id, log.Head(4, timestamp: 1_000), Cancellation);
        await Store.KeepHeadAsync(log.Id, log.Head(5, timestamp: 3_000), Cancellation);
        await Store.KeepHeadAsync(log.Id, log.Head(5, timestamp: 2_500), Cancellation);

        StoredLog stored = Assert.Single(await Store.LogsAsync(Cancellation));

        Assert.Equal((5UL, DateTimeOffset.FromUnixTimeSeconds(3)), (stored.HeadSize!.Value.Value, stored.HeadTime!.Value));
        Assert.Empty(await Store.IncidentsAsync(10, Cancellation));
    }

    [Fact]
    public async Task Two_trees_of_one_size_are_one_incident_with_both_heads()
    {
        PaperLog log = await BeginAsync(entries: 5);
        await Store.KeepHeadAsync(log.Id, log.Head(), Cancellation);
        for (int i = 0; i < 2; i++) await Store.KeepHeadAsync(log.Id, log.Lie(), Cancellation);
        await Store.KeepHeadAsync(log.Id, log.Lie(4), Cancellation);

        Incident incident = Assert.Single(await Store.IncidentsAsync(10, Cancellation));

        Assert.Equal(("fork", "the log signed two trees of 5 entries"), (incident.Kind, incident.Summary));
        using var evidence = System.Text.Json.JsonDocument.Parse(incident.Evidence);
        Assert.Equal(2, evidence.RootElement.GetProperty("heads").GetArrayLength());
    }

    [Fact]
    public async Task A_fork_is_noticed_however_many_heads_came_since_the_first_of_the_two()
    {
        PaperLog log = await BeginAsync(entries: 60);
        for (ulong size = 1; size <= 60; size++) await Store.KeepHeadAsync(log.Id, log.Head(size), Cancellation);
        await CommitAsync(log, log.Read(0, 60));

        await Store.KeepHeadAsync(log.Id, log.Lie(1), Cancellation);

        Assert.Equal("fork", Assert.Single(await Store.IncidentsAsync(10, Cancellation)).Kind);
    }

    [Fact]
    public async Task Heads_that_contradict_each_other_are_kept_but_not_without_end()
    {
        PaperLog log = await BeginAsync(entries: 200);
        for (ulong size = 1; size <= 200; size++)
        {
            await Store.KeepHeadAsync(log.Id, log.Head(size), Cancellation);
            await Store.KeepHeadAsync(log.Id, log.Lie(size), Cancellation);
        }

        IReadOnlyList<StoredHead> kept = await Store.UnprovenHeadsAsync(log.Id, new TreeSize(0), Cancellation);

        Assert.InRange(kept.Count, 2 * 64, 2 * 64 + 64);
        Assert.Equal(2, kept.Count(head => head.Size.Value == 1));
    }

    [Fact]
    public async Task Many_logs_commit_at_once_and_each_gets_its_own()
    {
        PaperLog[] logs = [.. Enumerable.Range(0, 64).Select(i => Paper(Some.Numbered("log", i), entries: 3))];
        await Task.WhenAll(logs.Select(log => Store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation)));

        CommitOutcome[] outcomes = await Task.WhenAll(logs.Select(async log =>
        {
            Batch batch = log.Read(0, 3);
            return await CommitAsync(
                log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts(log.Name)), "hook"), Some.Unknown(Some.Match(batch.Raw, 1, Some.Facts("shared")), "hook"));
        }));

        Assert.All(outcomes, outcome => Assert.InRange(outcome.Discovered, 1, 2));
        Assert.Equal(65, outcomes.Sum(outcome => outcome.Discovered));
        Assert.Equal(65, outcomes.Sum(outcome => outcome.Owed));
        Assert.Equal(65, (await Store.DeliveriesAsync(new DeliveryFilter(Limit: 1000), Cancellation)).Select(delivery => delivery.Key).Distinct().Count());
        foreach (PaperLog log in logs) Assert.Equal(LogPosition.At(log.FrontierAt(3)), await PositionAsync(log));
        Issuance shared = (await Store.IssuancesAsync(null, 100, Cancellation)).Single(one => one.Certificate.DnsNames[0] == "shared");
        Assert.Equal(64, (await Store.SightingsAsync(shared.Id, Cancellation)).Select(sighting => sighting.Log).Distinct().Count());
    }

    [Fact]
    public async Task One_commit_that_fails_harms_none_of_those_beside_it()
    {
        PaperLog[] logs = [.. Enumerable.Range(0, 48).Select(i => Paper(Some.Numbered("log", i), entries: 3))];
        // Every third log does not exist: its commits fail within the same transactions.
        await Task.WhenAll(logs.Where((_, i) => i % 3 != 0).Select(log => Store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation)));

        Task<CommitOutcome>[] commits = [.. logs.Select(log =>
        {
            Batch batch = log.Read(0, 3);
            return CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts(log.Name)), "hook"));
        })];
        await ((Task)Task.WhenAll(commits)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        for (int i = 0; i < logs.Length; i++)
        {
            Assert.Equal(i % 3 == 0, commits[i].IsFaulted);
            if (i % 3 == 0) Assert.IsType<StoreException>(commits[i].Exception!.InnerException);
            else Assert.Equal(3UL, (await PositionAsync(logs[i])).Read.Size.Value);
        }
        Assert.Equal(32, (await Store.IssuancesAsync(null, 100, Cancellation)).Count);
        Assert.Equal(32, (await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);
    }

    [Fact]
    public async Task A_store_says_that_it_can_be_written() => Assert.True(await Store.IsWritableAsync(Cancellation));

    [Fact]
    public async Task Sessions_live_until_they_expire_are_idle_too_long_or_are_removed()
    {
        byte[] first = [1], second = [2], third = [3];
        DateTimeOffset now = Time.GetUtcNow();
        TimeSpan idle = TimeSpan.FromMinutes(30);
        foreach (byte[] session in (byte[][])[first, second, third]) await Store.AddSessionAsync(session, now, now.AddHours(8), Cancellation);

        Assert.True(await Store.TouchSessionAsync(first, now.AddMinutes(29), idle, Cancellation));
        Assert.True(await Store.TouchSessionAsync(first, now.AddMinutes(58), idle, Cancellation));
        Assert.False(await Store.TouchSessionAsync(second, now.AddMinutes(30), idle, Cancellation));
        Assert.False(await Store.TouchSessionAsync(first, now.AddHours(8), TimeSpan.FromDays(1), Cancellation));
        Assert.False(await Store.TouchSessionAsync([9], now, idle, Cancellation));

        await Store.RemoveSessionAsync(third, Cancellation);
        Assert.False(await Store.TouchSessionAsync(third, now.AddMinutes(1), idle, Cancellation));
        await Store.RemoveSessionAsync(third, Cancellation);
    }

    private protected PaperLog Paper(string name = "paper", int entries = 0)
    {
        var log = new PaperLog(name, entries);
        _logs.Add(log);
        return log;
    }

    private protected async Task<PaperLog> BeginAsync(string name = "paper", int entries = 0, ulong at = 0)
    {
        PaperLog log = Paper(name, entries);
        await Store.BeginLogAsync(log.Description, log.FrontierAt(at), Cancellation);
        return log;
    }

    private protected Task<CommitOutcome> CommitAsync(PaperLog log, Batch batch, params Decision[] decisions) =>
        Store.CommitAsync(log.Id, batch, decisions, Time.GetUtcNow().AddSeconds(-1), Cancellation);

    private protected async Task<LogPosition> PositionAsync(PaperLog log) => (await Store.FindPositionAsync(log.Id, Cancellation))!;

    private protected async Task<Sighting> SightingAsync(long issuance) => Assert.Single(await Store.SightingsAsync(issuance, Cancellation));
}
