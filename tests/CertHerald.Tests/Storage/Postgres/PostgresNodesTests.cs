using System.Diagnostics.Metrics;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Storage.Postgres;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Storage.Postgres;

/// <summary>Two nodes on one database.</summary>
public sealed class PostgresNodesTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald");
    private readonly Scratch _left = new(), _right = new();
    private string _database = "";

    private IStore Left { get; set; } = null!;

    private IStore Right { get; set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await PostgresServer.NewDatabaseAsync();
        Left = Open(_left);
        Right = Open(_right);
    }

    public async ValueTask DisposeAsync()
    {
        if (Left is not null) await Left.DisposeAsync();
        if (Right is not null) await Right.DisposeAsync();
        _meter.Dispose();
        _left.Dispose();
        _right.Dispose();
    }

    [Fact]
    public async Task The_stream_of_events_waits_for_a_smaller_id_that_is_not_committed_yet()
    {
        using PaperLog log = new("one");
        await Left.BeginLogAsync(log.Description, CertHerald.Transparency.Merkle.Frontier.Empty, Cancellation);
        await Eventually.HappensAsync(async () => await Right.EventHorizonAsync(Cancellation) is not null);
        await using var slow = new Npgsql.NpgsqlConnection(_database);
        await slow.OpenAsync(Cancellation);
        await using Npgsql.NpgsqlTransaction open = await slow.BeginTransactionAsync(Cancellation);
        await using (var command = new Npgsql.NpgsqlCommand("""
            INSERT INTO malformed (log, entry_index, leaf_hash, problem, entry, shows_watched_name, discovered) VALUES (1, 1, '\x01', 'first', '\x00', false, 0)
            """, slow, open)) await command.ExecuteNonQueryAsync(Cancellation);
        await PostgresServer.RunAsync(_database, """
            INSERT INTO malformed (log, entry_index, leaf_hash, problem, entry, shows_watched_name, discovered) VALUES (1, 2, '\x02', 'second', '\x00', false, 0)
            """);

        // Asked often: the second is there, and still not to be read.
        for (int i = 0; i < 5; i++) Assert.Equal(0, (await Right.EventHorizonAsync(Cancellation))!.Value.Malformed);
        await open.CommitAsync(Cancellation);
        EventCursor? end = null;
        await Eventually.HappensAsync(async () => (end = await Right.EventHorizonAsync(Cancellation)) is { Malformed: 2 });

        Assert.Equal(["first", "second"], (await Right.EventsAsync(default, end!.Value, 100, Cancellation)).Malformed.Select(one => one.Problem));
    }

    [Fact]
    public async Task One_node_looks_up_caa_records_until_it_ends_or_falls_silent()
    {
        DateTimeOffset until = _time.GetUtcNow().AddMinutes(5);
        Assert.True(await Left.TakeCaaAsync(until, Cancellation));
        Assert.False(await Right.TakeCaaAsync(until, Cancellation));
        Assert.True(await Left.TakeCaaAsync(until.AddMinutes(1), Cancellation));
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.False(await Right.TakeCaaAsync(until, Cancellation));

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(await Right.TakeCaaAsync(_time.GetUtcNow().AddMinutes(5), Cancellation));
        Assert.False(await Left.TakeCaaAsync(until, Cancellation));
        await Right.DisposeAsync();
        Assert.True(await Left.TakeCaaAsync(until, Cancellation));
    }

    [Fact]
    public async Task A_database_from_before_keys_had_a_column_is_brought_to_it_whatever_strangers_wrote()
    {
        const string odd = "\0\"PubkeySha256\":\"00\"\\\"PubkeySha256\":\"00\"";
        CertificateFacts facts = Some.Facts("a.example") with { TbsSha256 = Some.Hash("tbs"), IssuerOrganization = odd, SubjectName = odd, IssuerName = odd };
        using PaperLog log = new("one");
        log.Add("entry");
        await Left.BeginLogAsync(log.Description, Frontier.Empty, Cancellation);
        Batch batch = log.Read(0, 1);
        await Left.CommitAsync(log.Id, batch, [Some.Unknown(Some.Match(batch.Raw, 0, facts))], _time.GetUtcNow(), Cancellation);

        await PostgresServer.RunAsync(_database, "ALTER TABLE issuance DROP COLUMN pubkey_sha256");
        await PostgresServer.RunAsync(_database, PostgresSchema.KnownKeys);

        var known = new KnownCertificates(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>> { [facts.PubkeySha256] = new HashSet<string> { "a.example" } });
        Assert.Equal([1], await Left.ClearAsync(known, Cancellation));
    }

    [Fact]
    public async Task A_log_has_one_owner_until_that_one_ends_or_falls_silent()
    {
        using PaperLog log = new("one"), other = new("two");

        Assert.Equal([log.Id], await Left.OwnLogsAsync([log.Id], Cancellation));
        Assert.Equal([other.Id], await Right.OwnLogsAsync([log.Id, other.Id], Cancellation));
        Assert.Equal([log.Id], await Left.OwnLogsAsync([log.Id, other.Id], Cancellation));

        // Kept in time, it stays; not kept, it is taken.
        _time.Advance(INodes.LogLease);
        Assert.Equal([log.Id], await Left.OwnLogsAsync([log.Id], Cancellation));
        _time.Advance(INodes.LogLease);
        Assert.Empty(await Right.OwnLogsAsync([log.Id], Cancellation));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([log.Id], await Right.OwnLogsAsync([log.Id], Cancellation));
        Assert.Empty(await Left.OwnLogsAsync([log.Id], Cancellation));

        await Right.DisposeAsync();
        Assert.Equal([log.Id], await Left.OwnLogsAsync([log.Id], Cancellation));
    }

    [Fact]
    public async Task A_commit_of_who_lost_the_log_is_refused_whole_and_the_new_owner_reads_the_batch()
    {
        using var log = new PaperLog("log", entries: 2);
        LogLane lane = (await Left.BeginLogAsync(log.Description, Frontier.Empty, Cancellation))[^1];
        Batch batch = log.Read(0, 2);
        CertHerald.Deciding.Decision decision = Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("www.example.com")), "hook");
        _time.Advance(INodes.LogLease + TimeSpan.FromSeconds(1));
        Assert.Equal([log.Id], await Right.OwnLogsAsync([log.Id], Cancellation));

        await Assert.ThrowsAsync<LogElsewhereException>(() => Left.CommitAsync(lane, batch, [decision], _time.GetUtcNow(), Cancellation));
        await Assert.ThrowsAsync<LogElsewhereException>(() => Left.StallLaneAsync(lane, new LaneTrouble("unreachable", 1, _time.GetUtcNow()), "", Cancellation));
        await Assert.ThrowsAsync<LogElsewhereException>(() => Left.BeginLogAsync(log.Description, Frontier.Empty, Cancellation));
        Assert.Empty(await Left.IssuancesAsync(null, 10, Cancellation));
        Assert.Empty(await Left.DeliveriesAsync(new DeliveryFilter(), Cancellation));

        CommitOutcome outcome = await Right.CommitAsync(lane, batch, [decision], _time.GetUtcNow(), Cancellation);
        Assert.Equal((1, 1, 2UL), (outcome.Discovered, outcome.Owed, outcome.Lane.Position.Read.Size.Value));
        Assert.Equal(LogPosition.At(log.FrontierAt(2)), await Left.FindPositionAsync(log.Id, Cancellation));
    }

    [Fact]
    public async Task A_takeover_waits_for_the_commit_that_is_under_way()
    {
        using var log = new PaperLog("log", entries: 1);
        LogLane lane = (await Left.BeginLogAsync(log.Description, Frontier.Empty, Cancellation))[^1];
        Batch batch = log.Read(0, 1);
        _time.Advance(INodes.LogLease + TimeSpan.FromSeconds(1));
        await using var other = new Npgsql.NpgsqlConnection(_database);
        await other.OpenAsync(Cancellation);
        await using Npgsql.NpgsqlTransaction holding = await other.BeginTransactionAsync(Cancellation);
        await using (var hold = new Npgsql.NpgsqlCommand("SELECT 1 FROM lane FOR UPDATE", other, holding)) await hold.ExecuteNonQueryAsync(Cancellation);

        // The commit shares the lease, and waits for its lane; the takeover waits for the commit.
        Task<CommitOutcome> commit = Left.CommitAsync(lane, batch, [], _time.GetUtcNow(), Cancellation);
        await WaitersAsync(1);
        Task<IReadOnlySet<CertHerald.Transparency.Logs.LogId>> taking = Right.OwnLogsAsync([log.Id], Cancellation);
        await WaitersAsync(2);
        await holding.RollbackAsync(Cancellation);

        Assert.Equal(1UL, (await commit).Lane.Position.Read.Size.Value);
        Assert.Equal([log.Id], await taking);
    }

    [Fact]
    public async Task Ids_of_issuances_become_visible_in_ascending_order_whoever_draws_them()
    {
        const int Logs = 8, Each = 12;
        PaperLog[] logs = [.. Enumerable.Range(0, Logs).Select(i => new PaperLog(Some.Numbered("log", i), Each))];
        var seen = new List<long>();
        using var done = new CancellationTokenSource();
        Task reading = Task.Run(
            async () =>
            {
                // What is above the highest that was seen must be all that comes.
                bool isLast;
                do
                {
                    isLast = done.IsCancellationRequested;
                    long after = seen.Count == 0 ? 0 : seen[^1];
                    seen.AddRange((await Right.IssuancesAsync(null, 1_000, Cancellation)).Select(one => one.Id).Where(id => id > after).Order());
                }
                while (!isLast);
            },
            Cancellation);

        await Task.WhenAll(logs.Select((log, i) => Task.Run(
            async () =>
            {
                IStore store = i % 2 == 0 ? Left : Right;
                await store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation);
                for (ulong at = 0; at < Each; at++)
                {
                    Batch batch = log.Read(at, at + 1);
                    await store.CommitAsync(log.Id, batch, [Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts($"{log.Name}-{at}")))], _time.GetUtcNow(), Cancellation);
                }
            },
            Cancellation)));
        await done.CancelAsync();
        await reading;
        foreach (PaperLog log in logs) log.Dispose();

        Assert.Equal(Logs * Each, seen.Count);
    }

    [Fact]
    public async Task Claims_of_two_nodes_never_share_a_delivery_and_only_the_claimer_records()
    {
        using var log = new PaperLog("log", entries: 40);
        await OweAsync(log, 40);
        DateTimeOffset now = _time.GetUtcNow(), until = now.AddSeconds(90);

        IReadOnlyList<StoredDelivery>[] claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? Left : Right).ClaimDueAsync("hook", 5, now, until, Cancellation)));

        Assert.Equal(40, claims.SelectMany(one => one).Select(one => one.Id).Distinct().Count());
        StoredDelivery first = claims[0][0];
        _time.Advance(TimeSpan.FromSeconds(91));
        Assert.Equal(40, await Right.ReleaseExpiredAsync(_time.GetUtcNow(), Cancellation));
        // T17: whoever was too slow records nothing.
        Assert.Null(await Left.CompleteAsync(first, new StoredAttempt(first.Id, now, TimeSpan.Zero, 200, "delivered", null, []), DeliveryState.Done, now));
        Assert.Equal(DeliveryState.Pending, (await Right.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Single(one => one.Id == first.Id).State);
    }

    [Fact]
    public async Task What_is_owed_while_a_webhook_is_held_and_released_is_never_held_for_good()
    {
        using var log = new PaperLog("log", entries: 60);
        await Left.BeginLogAsync(log.Description, Frontier.Empty, Cancellation);
        Task owing = Task.Run(
            async () =>
            {
                for (ulong at = 0; at < 60; at++) await OweOneAsync(log, at);
            },
            Cancellation);
        for (int i = 0; i < 40; i++) await Right.HoldWebhookAsync("hook", i % 2 == 0 ? "off" : null, _time.GetUtcNow(), Cancellation);
        await owing;

        Assert.All(await Left.DeliveriesAsync(new DeliveryFilter(Limit: 1_000), Cancellation), one => Assert.Equal(DeliveryState.Pending, one.State));
    }

    [Fact]
    public async Task Two_nodes_tell_of_an_incident_once()
    {
        using var log = new PaperLog("log", entries: 1);
        for (int i = 0; i < 5; i++)
        {
            await Left.OpenIncidentAsync(log.Description, IncidentReport.Of("fork", $"{i}", "two trees"), Cancellation);
            int[] owed = await Task.WhenAll(Left.TellAsync(["ops"], TimeSpan.Zero, Cancellation), Right.TellAsync(["ops"], TimeSpan.Zero, Cancellation));
            Assert.Equal(1, owed.Sum());
        }
    }

    [Fact]
    public async Task A_node_hears_that_another_owes_something()
    {
        using var log = new PaperLog("log", entries: 1);
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Right.OwedElsewhere = () => heard.TrySetResult();
        // It listens from some moment on: told until it has heard.
        await OweAsync(log, 1);
        ulong at = 0;
        await Eventually.HappensAsync(async () =>
        {
            log.Add(Some.Numbered("more", (int)++at));
            await OweOneAsync(log, at);
            return heard.Task.IsCompleted;
        });
    }

    [Fact]
    public async Task Settings_that_one_node_changes_are_news_to_the_other()
    {
        long before = await Right.SettingsRevisionAsync(Cancellation);

        await Left.AddItemAsync(new AddedItem("example.com", _time.GetUtcNow()), Cancellation);

        long after = await Right.SettingsRevisionAsync(Cancellation);
        Assert.NotEqual(before, after);
        Assert.Equal(after, await Left.SettingsRevisionAsync(Cancellation));
    }

    [Fact]
    public async Task A_node_without_the_key_of_the_secrets_can_neither_read_nor_add_one()
    {
        await Left.AddWebhookAsync(Secretive("one"), Cancellation);

        await Assert.ThrowsAsync<CertHerald.Storage.Secrets.SecretKeyException>(() => Right.AddedWebhooksAsync(Cancellation));
        await Assert.ThrowsAsync<CertHerald.Storage.Secrets.SecretKeyException>(() => Right.AddWebhookAsync(Secretive("two"), Cancellation));

        await Right.DisposeAsync();
        File.Copy(_left.PathOf("secrets.key"), _right.PathOf("secrets.key"));
        Right = Open(_right);
        Assert.True(await Right.AddWebhookAsync(Secretive("two"), Cancellation));
        Assert.Equal(["one", "two"], (await Left.AddedWebhooksAsync(Cancellation)).Select(one => one.Name));
    }

    [Fact]
    public async Task Two_processes_do_not_share_a_data_directory() =>
        Assert.Contains(_left.Folder, (await Assert.ThrowsAsync<StoreInUseException>(() => PostgresStore.OpenAsync(_database, _left.Folder, _time, _meter))).Message, StringComparison.Ordinal);

    private IStore Open(Scratch folder) => Stores.Open(_database, folder.Folder, _time, _meter);

    private static StoredWebhook Secretive(string name) =>
        new() { Name = name, Dialect = "certspotter", Events = ["unknown_certificate"], Added = DateTimeOffset.UnixEpoch, Url = "https://user:pass@hook.example/" };

    private async Task OweAsync(PaperLog log, ulong entries)
    {
        await Left.BeginLogAsync(log.Description, Frontier.Empty, Cancellation);
        for (ulong at = 0; at < entries; at++) await OweOneAsync(log, at);
    }

    private async Task OweOneAsync(PaperLog log, ulong at)
    {
        Batch batch = log.Read(at, at + 1);
        await Left.CommitAsync(log.Id, batch, [Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts($"{at}.example")), "hook")], _time.GetUtcNow(), Cancellation);
    }

    private Task WaitersAsync(long count) => Eventually.HappensAsync(async () =>
        await PostgresServer.RunAsync(_database, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") is long waiting && waiting >= count);
}
