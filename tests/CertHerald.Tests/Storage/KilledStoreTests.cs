using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Storage;

/// <summary>
/// A process that dies anywhere in its writing (ct.md 8.2): what the disk then holds is the database and some beginning of its
/// write-ahead log, with or without garbage behind it. Each death leaves a directory of its own, in which the next process opens.
/// </summary>
public sealed class KilledStoreTests : IDisposable
{
    /// <summary>Logs that are begun anew, so that none grows long, and deaths in the course of each.</summary>
    private const int Logs = 100, Deaths = 10, AtOnce = 4;

    private const ulong EntriesOfAHead = 6;

    private readonly Meter _meter = new("CertHerald");
    private readonly ManualTime _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-killed-").FullName;
    private int _folders, _before, _after;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task K15_Rule_8_2_killed_a_thousand_times_each_step_is_there_whole_or_not_at_all()
    {
        int seed = Random.Shared.Next(1 << 30);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var atOnce = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Cancellation };
        await Parallel.ForAsync(0, Logs, atOnce, async (i, _) => await FollowAsync(new Random(seed + i), $"log {i} of seed {seed}"));

        // Deaths of both kinds, or there was nothing to see.
        Assert.Equal(Logs * Deaths, _before + _after);
        Assert.InRange(_before, Logs * Deaths / 10, Logs * Deaths * 9 / 10);
    }

    public void Dispose()
    {
        _meter.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task FollowAsync(Random random, string what)
    {
        using var log = new PaperLog();
        string directory = NewDirectory();
        IStore store = Open(directory);
        await store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation);
        string before = Everything(directory);

        for (int death = 0; death < Deaths; death++)
        {
            // Now and then steps that end well, and the one in which it dies.
            if (random.Next(2) == 0)
            {
                for (int steps = random.Next(3); steps >= 0; steps--) await StepAsync(store, log, random);
                before = Everything(directory);
            }
            long flushed = LengthOf(Wal(directory));
            await StepAsync(store, log, random);

            string left = Die(directory, flushed, random, out bool isWhole);
            IStore next = Open(left);
            string found = Everything(left);
            // Nothing of the step, or all of it. What it returned from, with the whole of its log on the disk, must be there.
            bool isBefore = found == before;
            if (isWhole || !isBefore) Assert.True(found == Everything(directory), $"{what}, death {death}: {(isBefore ? "a whole step is lost" : "a step is there in part")}\n{found}");
            Interlocked.Increment(ref isBefore ? ref _before : ref _after);

            await store.DisposeAsync();
            Directory.Delete(directory, recursive: true);
            (store, directory, before) = (next, left, found);
        }

        await ToTheEndAsync(store, log, random, what);
        await store.DisposeAsync();
    }

    /// <summary>What a follower does next, by where the log stands in the store: reading, a gap, its filling, or a lie and its end.</summary>
    private async Task StepAsync(IStore store, PaperLog log, Random random)
    {
        IReadOnlyList<LogLane> lanes = await store.LanesAsync(log.Id, Cancellation);
        // The gap is at most some entries long: it is filled before another one opens.
        if (lanes is [{ } behind, _] && random.Next(3) == 0)
        {
            if (behind.Left(default) == 0) Assert.NotNull(await store.JoinLaneAsync(behind, Cancellation));
            else await ReadAsync(store, log, behind, random, until: behind.Until!.Value.Value);
            return;
        }

        LogLane tip = lanes[^1];
        ulong at = tip.Position.Read.Size.Value;
        while (log.Size < at + 2 * EntriesOfAHead) log.Add(Some.Numbered("entry ", (int)log.Size));
        if (lanes.Count == 1 && random.Next(4) == 0)
            await store.SplitLaneAsync(
                tip, log.FrontierAt(at + 1 + (ulong)random.Next(5)), new LaneTrouble(IncidentKinds.MissingEntry, 0, _time.GetUtcNow()), "status 500", Cancellation);
        else await ReadAsync(store, log, tip, random, until: at + EntriesOfAHead);
    }

    private async Task ReadAsync(IStore store, PaperLog log, LogLane lane, Random random, ulong until)
    {
        ulong from = lane.Position.Read.Size.Value, end = Math.Min(until, from + 1 + (ulong)random.Next(4));
        // The head is the end of the batch or lies behind it; now and then it is a lie.
        ulong head = random.Next(2) == 0 ? end : end + 1;
        while (log.Size < head) log.Add(Some.Numbered("entry ", (int)log.Size));
        bool isLie = random.Next(8) == 0;
        Batch batch = log.Read(from, end, isLie ? log.Lie(end) : log.Head(head));
        await store.CommitAsync(lane, batch, Decide(batch), _time.GetUtcNow(), Cancellation);
    }

    /// <summary>Of four entries one is watched, one cannot be read, one shows again the issuance of the entry before it.</summary>
    private static List<Decision> Decide(Batch batch)
    {
        var decisions = new List<Decision>();
        for (int place = 0; place < batch.Raw.Count; place++)
        {
            ulong index = batch.Raw.Start.Value + (ulong)place;
            if (index % 4 == 0) continue;
            decisions.Add(index % 4 == 3
                ? Some.Unknown(Some.Malformed(batch.Raw, place), "hook")
                : Some.Unknown(Some.Match(batch.Raw, place, Some.Facts(Some.Numbered("issuance ", (int)(index / 4)), isPrecertificate: index % 4 == 1)), "hook", "other"));
        }
        return decisions;
    }

    /// <summary>Read to its end, it holds what a store holds that nobody ever killed.</summary>
    private async Task ToTheEndAsync(IStore store, PaperLog log, Random random, string what)
    {
        while (await store.LanesAsync(log.Id, Cancellation) is [{ } behind, _])
            if (behind.Left(default) == 0) await store.JoinLaneAsync(behind, Cancellation);
            else await ProveAsync(behind, behind.Until!.Value.Value);
        LogLane whole = Assert.Single(await store.LanesAsync(log.Id, Cancellation));
        ulong size = Math.Max(whole.Position.Read.Size.Value, log.Size) + 1;
        while (log.Size < size) log.Add(Some.Numbered("entry ", (int)log.Size));
        await ProveAsync(whole, size);

        Assert.Equal(LogPosition.At(log.FrontierAt(size)), await store.FindPositionAsync(log.Id, Cancellation));
        int[] counted = [.. Enumerable.Range(0, (int)size)];
        int issuances = counted.Where(index => index % 4 is 1 or 2).Select(index => index / 4).Distinct().Count(), malformed = counted.Count(index => index % 4 == 3);
        IReadOnlyList<Issuance> found = await store.IssuancesAsync(null, 10_000, Cancellation);
        Assert.True(issuances == found.Count, $"{what}: {found.Count} issuances instead of {issuances}");
        Assert.Equal(2 * issuances + malformed, (await store.DeliveriesAsync(new DeliveryFilter { Limit = 10_000 }, Cancellation)).Count);
        foreach (Issuance issuance in found)
            Assert.All(await store.SightingsAsync(issuance.Id, Cancellation), sighting => Assert.True(sighting.Proven));

        async Task ProveAsync(LogLane lane, ulong until)
        {
            Batch batch = log.Read(lane.Position.Read.Size.Value, until, log.Head(until));
            await store.CommitAsync(lane, batch, Decide(batch), _time.GetUtcNow(), Cancellation);
        }
    }

    /// <summary>Leaves the directory as the disk of a process stands that died in its last step.</summary>
    private string Die(string directory, long flushed, Random random, out bool isWhole)
    {
        string left = NewDirectory(), database = Path.Combine(directory, "certherald.db");
        File.Copy(database, Path.Combine(left, "certherald.db"));
        byte[] wal = ReadShared(Wal(directory));
        // Shorter than before: it began anew from its start, and what it holds is of this step alone.
        long first = Math.Min(flushed, wal.Length);
        // Mostly within the step, at its very end now and then.
        int kept = random.Next(4) == 0 ? wal.Length : (int)random.NextInt64(first, wal.Length + 1);
        isWhole = kept == wal.Length;
        byte[] behind = new byte[random.Next(2) * random.Next(10_000)];
        random.NextBytes(behind);
        using FileStream torn = File.Create(Wal(left));
        torn.Write(wal.AsSpan(0, kept));
        torn.Write(behind);
        return left;
    }

    private IStore Open(string directory) => Stores.Open("sqlite", directory, _time, _meter);

    private string NewDirectory() => Directory.CreateDirectory(Path.Combine(_folder, Interlocked.Increment(ref _folders).ToString(CultureInfo.InvariantCulture))).FullName;

    private static string Wal(string directory) => Path.Combine(directory, "certherald.db-wal");

    private static long LengthOf(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Every row of every table.</summary>
    private static string Everything(string directory)
    {
        var everything = new StringBuilder();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "certherald.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        List<string> withoutRowId = Rows(connection, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr = 1");
        foreach (string table in Rows(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"))
        {
            everything.Append(table).Append('\n');
            foreach (string row in Rows(connection, $"SELECT * FROM \"{table}\" ORDER BY {(withoutRowId.Contains(table) ? "1, 2" : "rowid")}")) everything.Append("  ").Append(row).Append('\n');
        }
        return everything.ToString();
    }

    private static List<string> Rows(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of tables that the store made.
        command.CommandText = sql;
#pragma warning restore CA2100
        using SqliteDataReader row = command.ExecuteReader();
        List<string> rows = [];
        object[] values = new object[row.FieldCount];
        while (row.Read())
        {
            row.GetValues(values);
            rows.Add(string.Join('|', values.Select(value => value is byte[] bytes ? Convert.ToHexString(bytes) : Convert.ToString(value, CultureInfo.InvariantCulture))));
        }
        return rows;
    }
}
