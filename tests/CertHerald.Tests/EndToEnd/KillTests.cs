using System.Collections.Concurrent;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.EndToEnd;

/// <summary>architecture.md §9, by experiment: the program is killed while it follows and delivers, and loses nothing.</summary>
[Collection(ProgramTests.Name)]
public sealed class KillTests
{
    private const int Rounds = 20, WatchedOneIn = 25;

    private readonly SyntheticCorpus _corpus = new(new SyntheticCorpusOptions { WatchedDomains = ["example.com"], WatchedOneIn = WatchedOneIn });

    // By any index of the log: the names a receiver must hear of; null where an entry cannot be read.
    private readonly ConcurrentDictionary<ulong, string?> _owed = new();

    // To the precertificate logged last: it follows when the log grows next, perhaps after a kill.
    private (string Name, TestCertificate Certificate)? _awaited;

    /// <summary>When in a round the program dies.</summary>
    private enum Moment { HoldingAPost, AfterAPost, AfterALogRequest }

    [Fact]
    public async Task F40_K15_killed_twenty_times_while_following_and_delivering_it_loses_nothing_and_repeats_only_the_same()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using ServiceRig rig = await ServiceRig.StartAsync(new LogOptions { MaxEntriesPerAnswer = 100 });
        rig.Configuration["webhooks"]![0]!["events"]!.AsArray().Add("malformed_certificate");
        Grow(rig, 1_000);

        for (int round = 0; round < Rounds; round++) await KillOnceAsync(rig, random, round, seed);

        rig.Receiver.Default = Receiver.Answer(200);
        Grow(rig, 60);
        await using Certherald last = await rig.RunReadyAsync();
        await rig.ReadToHeadAsync();
        await AllDeliveredAsync(rig);
        Assert.Equal(143, await last.StopAsync());

        // Every match is there, and each key stands for one body.
        foreach (IGrouping<string, Received> same in rig.Receiver.Requests.GroupBy(request => request.Key))
            Assert.All(same, request => Assert.Equal(same.First().Body, request.Body));
        foreach (IGrouping<string, Received> same in rig.Receiver.Requests.GroupBy(About))
            Assert.True(same.Select(request => request.Key).Distinct().Count() == 1, $"{same.Key} came under two keys (seed {seed})");
        AssertStore(rig, seed);
    }

    private async Task KillOnceAsync(ServiceRig rig, Random random, int round, int seed)
    {
        var moment = (Moment)random.Next(3);
        int left = moment == Moment.AfterALogRequest ? random.Next(1, 40) : random.Next(1, 8);
        var now = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var dead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int growth = random.Next(2, 12), requests = 0;

        // Enough for the round's POSTs; more comes while it reads.
        Grow(rig, random.Next(8, 11) * WatchedOneIn);
        rig.Front.Served = _ =>
        {
            int count = Interlocked.Increment(ref requests);
            if (count == growth) Grow(rig, 30);
            if (moment == Moment.AfterALogRequest && count == left) now.TrySetResult();
        };
        int posts = 0;
        rig.Receiver.Default = async (connection, stopping) =>
        {
            bool isLast = Interlocked.Increment(ref posts) == left;
            if (isLast && moment == Moment.HoldingAPost)
            {
                now.TrySetResult();
                await dead.Task.WaitAsync(stopping);
                return;
            }
            await Receiver.Answer(204)(connection, stopping);
            if (isLast && moment == Moment.AfterAPost) now.TrySetResult();
        };

        await using Certherald program = rig.Run();
        try
        {
            await now.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"round {round} of seed {seed}: {moment} {left} did not come ({posts} POSTs, {requests} requests); it said\n{string.Join('\n', program.Errors)}");
        }
        await program.KillAsync();
        dead.SetResult();
    }

    /// <summary>Adds synthetic entries, one that cannot be read, a precertificate, and the certificate to the one before; all become visible together.</summary>
    private void Grow(ServiceRig rig, int count)
    {
        lock (_owed)
        {
            ulong from = rig.Log.Size.Value;
            rig.Log.AddCorpus(_corpus.Entries(new EntryIndex(from), (ulong)count));
            for (ulong i = from; i < from + (ulong)count; i++)
                if (_corpus.IsWatched(new EntryIndex(i)))
                    _owed[i] = Joined(_corpus.NamesAt(new EntryIndex(i)));

            string name = $"pair{from}.example.com";
            TestPrecertificate precertificate = rig.Ca.IssuePrecertificate(name);
            AddedEntry added = rig.Log.AddPreChain(precertificate.Chain);
            _owed[added.Index.Value] = name;
            if (_awaited is var (before, certificate)) _owed[rig.Log.AddChain(certificate.Chain).Index.Value] = before;
            _awaited = (name, precertificate.Final(added.Sct.Serialize()));

            byte[] broken = rig.Ca.Issue("broken.example.com").Der[..200];
            _owed[rig.Log.Size.Value] = null;
            rig.Log.AddCorpus([CorpusEntry.OfChain(broken)]);
            rig.Log.Publish();
        }
    }

    private async Task AllDeliveredAsync(ServiceRig rig)
    {
        HashSet<string> missing = [.. _owed.Values.OfType<string>()];
        int malformed = 0;
        var counted = new HashSet<string>();
        while (missing.Count > 0 || malformed < 2 * _owed.Values.Count(names => names is null))
        {
            Received request = await rig.Receiver.NextAsync();
            if (!counted.Add(About(request))) continue;
            if (request.Json().TryGetProperty("event", out _)) malformed++;
            else missing.Remove(request.Names());
        }
    }

    /// <summary>What the store holds at the end: every entry was read, each side's root is the log's, and nothing is owed.</summary>
    private void AssertStore(ServiceRig rig, int seed)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(rig.Data, "certherald.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        Assert.Equal(2L, Single(connection, "SELECT COUNT(*) FROM lane"));
        using (SqliteCommand command = Command(connection, "SELECT read_size, read_frontier, proven_size, proven_frontier, start FROM lane"))
        using (SqliteDataReader row = command.ExecuteReader())
            while (row.Read())
            {
                Assert.Equal((long)rig.Log.Size.Value, row.GetInt64(0));
                Assert.Equal((long)rig.Log.Size.Value, row.GetInt64(2));
                Assert.Equal(0, row.GetInt64(4));
                Assert.True(Frontier.TryRead(rig.Log.Size, (byte[])row[3], out Frontier? frontier));
                Assert.Equal(rig.Log.Head.Root, frontier.Root());
            }

        long[] matches = [.. _owed.Where(one => one.Value is not null).Select(one => (long)one.Key).Order()];
        long[] malformed = [.. _owed.Where(one => one.Value is null).Select(one => (long)one.Key).Order()];
        foreach (long log in (long[])[1, 2])
        {
            Assert.Equal(matches, All(connection, $"SELECT entry_index FROM sighting WHERE log = {log} ORDER BY entry_index"));
            Assert.Equal(malformed, All(connection, $"SELECT entry_index FROM malformed WHERE log = {log} ORDER BY entry_index"));
        }
        Assert.Equal(0L, Single(connection, "SELECT COUNT(*) FROM sighting WHERE proven = 0 OR disputed = 1"));
        Assert.Equal(0L, Single(connection, "SELECT COUNT(*) FROM incident WHERE kind <> 'unparsable_entry'"));
        // Each entry that cannot be read is one case, however often it was read.
        Assert.Equal([malformed.Length, malformed.Length], All(connection, "SELECT cases FROM incident"));
        Assert.Equal(0L, Single(connection, "SELECT COUNT(*) FROM delivery WHERE state <> 'done'"));
        Assert.Equal(
            (long)(_owed.Values.OfType<string>().Distinct().Count() + 2 * malformed.Length), Single(connection, "SELECT COUNT(*) FROM delivery"));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"seed {seed}: {rig.Log.Size} entries, {matches.Length + malformed.Length} findings in each of two logs, {rig.Receiver.Requests.Count} POSTs under {rig.Receiver.Requests.Select(request => request.Key).Distinct().Count()} keys");
    }

    /// <summary>What a request is about, as its body says.</summary>
    private static string About(Received request) =>
        $"{(request.Json().TryGetProperty("event", out _) ? "malformed" : "unknown")} {request.Json().GetProperty("id").GetString()}";

    private static string Joined(IEnumerable<string> names) => string.Join(' ', names.Order(StringComparer.Ordinal).Distinct());

    private static long Single(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = Command(connection, sql);
        return (long)command.ExecuteScalar()!;
    }

    private static List<long> All(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = Command(connection, sql);
        using SqliteDataReader row = command.ExecuteReader();
        List<long> all = [];
        while (row.Read()) all.Add(row.GetInt64(0));
        return all;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
}
