using System.Diagnostics.Metrics;
using CertHerald.Delivering;
using CertHerald.Storage;
using CertHerald.Storage.Sqlite;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Storage;

public sealed class SqliteStoreTests : StoreConformance
{
    private string Database => Path.Combine(Folder, "certherald.db");

    private protected override IStore Open() => Stores.Open("sqlite", Folder, Time, Meter);

    [Fact]
    public async Task T30_a_second_instance_on_the_directory_is_refused_until_the_first_has_ended()
    {
        var refused = Assert.Throws<StoreInUseException>(Open);
        Assert.Contains(Folder, refused.Message, StringComparison.Ordinal);
        Assert.Contains("--data", refused.Message, StringComparison.Ordinal);

        await ReopenAsync();
        Assert.True(await Store.IsWritableAsync(Cancellation));
    }

    [Fact]
    public void A_store_that_this_version_does_not_know_is_refused_by_name() =>
        Assert.Contains("oracle", Assert.Throws<StoreException>(() => Stores.Open("oracle", Folder, Time, Meter)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_database_of_a_newer_program_is_refused_and_not_touched()
    {
        await Store.DisposeAsync();
        long version = Version();
        Change("PRAGMA user_version = 99");

        var refused = Assert.Throws<StoreException>(Open);

        Assert.Contains("99", refused.Message, StringComparison.Ordinal);
        Change($"PRAGMA user_version = {version}");
        Store = Open();
    }

    [Fact]
    public async Task A_database_of_the_first_version_keeps_what_it_holds()
    {
        PaperLog log = Paper(entries: 3);
        await Store.DisposeAsync();
        File.Delete(Database);
        using (var session = new SqliteSession(new SqliteConnection($"Data Source={Database};Pooling=False")))
        {
            session.Open();
            SqliteSchema.Migrate(session, until: 1);
            session.Run("INSERT INTO log VALUES (1, @id, 'paper', 'us', 'http://paper.example/', 'rfc6962', x'00')", ("@id", log.Id.Value.ToArray()));
            session.Run("INSERT INTO lane VALUES (1, 0, NULL, 3, @frontier, 3, @frontier)", ("@frontier", log.FrontierAt(3).ToBytes()));
            session.Run("INSERT INTO incident VALUES (1, 1, 'fork', 'two trees', '{}', 1000, NULL)");
            session.Run("INSERT INTO incident VALUES (2, 1, 'root_mismatch', 'entries 0 to 3', '{}', 2000, 3000)");
            session.Run("INSERT INTO incident VALUES (3, 1, 'root_mismatch', 'entries 0 to 4', '{}', 2000, NULL)");
        }

        Store = Open();

        LogLane tip = Assert.Single(await Store.LanesAsync(log.Id, Cancellation));
        Assert.Equal((LogPosition.At(log.FrontierAt(3)), true), (tip.Position, tip.IsTip));
        Assert.Equal([Severity.Error, Severity.Error, Severity.Critical], (await Store.IncidentsAsync(10, Cancellation)).Select(incident => incident.Severity));
        Assert.True(await Store.AddItemAsync(new AddedItem("example.com", Time.GetUtcNow()), Cancellation));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_with_the_directory_in_the_message()
    {
        await Store.DisposeAsync();
        byte[] good = await File.ReadAllBytesAsync(Database, Cancellation);
        await File.WriteAllTextAsync(Database, string.Concat(Enumerable.Repeat("this is no database. ", 1_000)), Cancellation);

        Assert.Contains(Folder, Assert.Throws<StoreException>(Open).Message, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(Database, good, Cancellation);
        Store = Open();
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_said_so()
    {
        string file = Path.Combine(Folder, "file");
        File.WriteAllText(file, "");
        Assert.Contains(file, Assert.Throws<StoreException>(() => Stores.Open("sqlite", Path.Combine(file, "below"), Time, Meter)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_committed_is_there_after_a_crash()
    {
        PaperLog log = await OweAsync(3, "hook");
        await ClaimAsync("hook", 1);
        string before = await EverythingAsync();

        // As the disk stands while the process lives: what a crash leaves. The lock dies with its process.
        string left = Directory.CreateTempSubdirectory("certherald-crash-").FullName;
        foreach (string file in Directory.GetFiles(Folder, "certherald.db*"))
            File.Copy(file, Path.Combine(left, Path.GetFileName(file)));
        Assert.True(new FileInfo(Path.Combine(left, "certherald.db-wal")).Length > 0, "nothing was in the log of the database: nothing is tested");
        await using (IStore next = Stores.Open("sqlite", left, Time, Meter))
        {
            Assert.Equal(LogPosition.At(log.FrontierAt(3)), await next.FindPositionAsync(log.Id, Cancellation));
            Assert.Equal(3, (await next.ClaimDueAsync("hook", 10, Time.GetUtcNow(), Time.GetUtcNow().AddMinutes(1), Cancellation)).Count);
            Assert.Equal(3, (await next.IssuancesAsync(null, 10, Cancellation)).Count);
        }
        Directory.Delete(left, recursive: true);
        Assert.Equal(before, await EverythingAsync());
    }

    [Fact]
    public async Task E2_Rule_2_1_a_crash_in_the_middle_of_a_commit_leaves_all_of_it_or_nothing()
    {
        PaperLog log = await OweAsync(20, "hook");
        string wal = Database + "-wal";
        byte[] database = await File.ReadAllBytesAsync(Database, Cancellation), whole = await ReadSharedAsync(wal);

        // The write-ahead log cut anywhere is what a power cut leaves: each prefix must be a store as it once was.
        for (int part = 0; part <= 12; part++)
        {
            string left = Directory.CreateTempSubdirectory("certherald-crash-").FullName;
            await File.WriteAllBytesAsync(Path.Combine(left, "certherald.db"), database, Cancellation);
            await File.WriteAllBytesAsync(Path.Combine(left, "certherald.db-wal"), whole[..(int)(whole.Length * (long)part / 12)], Cancellation);
            await using (IStore next = Stores.Open("sqlite", left, Time, Meter))
            {
                ulong read = (await next.FindPositionAsync(log.Id, Cancellation))?.Read.Size.Value ?? 0;
                Assert.Equal((int)read, (await next.IssuancesAsync(null, 100, Cancellation)).Count);
                Assert.Equal((int)read, (await next.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);
                if (part == 12) Assert.Equal(20UL, read);
            }
            Directory.Delete(left, recursive: true);
        }
    }

    [Fact]
    public async Task On_a_full_disk_writes_fail_whole_and_succeed_again_when_there_is_room()
    {
        await using var full = SmallDisk.Mount();
        IStore store = Stores.Open("sqlite", full.Path, Time, Meter);
        using var log = new PaperLog(entries: 2);
        await store.BeginLogAsync(log.Description, log.FrontierAt(0), Cancellation);
        Batch small = log.Read(0, 1, log.Head(1)), large = log.Read(1, 2);
        await store.CommitAsync(log.Id, small, [Some.Unknown(Some.Match(small.Raw, 0, Some.Facts("small")), "hook")], Time.GetUtcNow(), Cancellation);
        CertHerald.Deciding.Decision tooLarge = Some.Unknown(Some.Match(large.Raw, 0, Some.Facts("large") with { CertDer = new byte[4 << 20] }), "hook");

        for (int i = 0; i < 2; i++)
        {
            var failure = await Assert.ThrowsAsync<StoreException>(() => store.CommitAsync(log.Id, large, [tooLarge], Time.GetUtcNow(), Cancellation));
            Assert.IsType<SqliteException>(failure.InnerException);
        }

        Assert.Equal(LogPosition.At(log.FrontierAt(1)), await store.FindPositionAsync(log.Id, Cancellation));
        Assert.Single(await store.IssuancesAsync(null, 10, Cancellation));
        Assert.Single(await store.DeliveriesAsync(new DeliveryFilter(), Cancellation));

        full.Resize("16m");
        await store.CommitAsync(log.Id, large, [tooLarge], Time.GetUtcNow(), Cancellation);
        Assert.Equal(2, (await store.IssuancesAsync(null, 10, Cancellation)).Count);
        Assert.True(await store.IsWritableAsync(Cancellation));
        await store.DisposeAsync();
    }

    [Fact]
    public async Task A_database_that_may_not_grow_fails_writes_one_by_one_and_says_so()
    {
        string file = Path.Combine(Folder, "small.db");
        var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        var session = new SqliteSession(connection);
        session.Run("PRAGMA journal_mode = WAL");
        session.Run("CREATE TABLE t (v BLOB)");
        session.Run("PRAGMA max_page_count = 20");
        using var writer = new SqliteWriter(session, Meter);
        static Func<SqliteSession, int> Insert(int bytes) => one => one.Run("INSERT INTO t VALUES (@v)", ("@v", new byte[bytes]));

        Task<int>[] writes = [.. Enumerable.Range(0, 30).Select(i => writer.RunAsync(Insert(i % 3 == 0 ? 1 << 20 : 10), Cancellation))];
        await ((Task)Task.WhenAll(writes)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        // What is too large fails as the store's failure, not the engine's; what fits is written or failed with it, never lost unsaid.
        for (int i = 0; i < writes.Length; i++)
            if (i % 3 == 0) Assert.IsType<StoreException>(writes[i].Exception!.InnerException);
            else if (writes[i].IsFaulted) Assert.IsType<StoreException>(writes[i].Exception!.InnerException);
        Assert.Equal(writes.Count(write => write.IsCompletedSuccessfully), await writer.RunAsync(one => one.Single("SELECT COUNT(*) FROM t", row => row.GetInt32(0)), Cancellation));
        await writer.RunAsync(one => one.Run("PRAGMA max_page_count = 10000"), Cancellation);
        Assert.Equal(1, await writer.RunAsync(Insert(1 << 20), Cancellation));
    }

    [Fact]
    public async Task A_mistake_of_our_own_in_one_write_reaches_its_caller_alone()
    {
        using var meter = new Meter("CertHerald");
        var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        var session = new SqliteSession(connection);
        session.Run("CREATE TABLE t (v INTEGER PRIMARY KEY)");
        using var writer = new SqliteWriter(session, meter);

        Task<int> good = writer.RunAsync(one => one.Run("INSERT INTO t VALUES (1)"), Cancellation);
        Task<int> wrong = writer.RunAsync(one => one.Run("INSERT INTO t VALUES (2)") + Refuse(), Cancellation);
        Task<int> twice = writer.RunAsync(one => one.Run("INSERT INTO t VALUES (1)"), Cancellation);
        Task<int> late = writer.RunAsync(one => one.Run("INSERT INTO t VALUES (3)"), Cancellation);

        Assert.Equal(1, await good);
        Assert.Equal(1, await late);
        await Assert.ThrowsAsync<OverflowException>(() => wrong);
        await Assert.ThrowsAsync<StoreException>(() => twice);
        Assert.Equal([1L, 3L], await writer.RunAsync(one => one.All("SELECT v FROM t ORDER BY v", row => row.GetInt64(0)), Cancellation));

        static int Refuse() => throw new OverflowException();
    }

    [Fact]
    public async Task Writing_to_a_closed_store_fails_as_the_store()
    {
        using var log = new PaperLog();
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<StoreException>(() => Store.BeginLogAsync(log.Description, log.FrontierAt(0), Cancellation));
        Assert.False(await Store.IsWritableAsync(Cancellation));
        Store = Open();
    }

    [Fact]
    public async Task A_write_that_was_cancelled_while_it_waited_is_not_made()
    {
        using var log = new PaperLog();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Store.BeginLogAsync(log.Description, log.FrontierAt(0), new CancellationToken(canceled: true)));
        Assert.Empty(await Store.LogsAsync(Cancellation));
    }

    // Two writes in one transaction, the second of which fails.
    private protected override async Task<T> RunTwiceAsync<T>(Func<Task<T>> write)
    {
        using var isBusy = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        Task busy = Store.ChangeWebhookAsync("busy", state => { isBusy.Set(); goOn.Wait(Cancellation); return (state, null); }, 1, Cancellation);
        isBusy.Wait(Cancellation);
        Task<T> result = write();
        Task mistaken = Store.ChangeWebhookAsync("mistaken", _ => throw new InvalidOperationException("a mistake"), 1, Cancellation);
        goOn.Set();
        await busy;
        await Assert.ThrowsAsync<InvalidOperationException>(() => mistaken);
        return await result;
    }

    private protected override int MostMoved => SqliteStore.MostMoved;

    private protected override async Task RepeatDeliveryAsync(int times)
    {
        await Store.DisposeAsync();
        Change($"""
            WITH RECURSIVE more(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM more WHERE n < {times})
            INSERT INTO delivery (webhook, kind, subject, key, state, due, head_seen, created)
            SELECT webhook, kind, n, 'key ' || n, state, due, head_seen, created FROM delivery, more
            """);
        Store = Open();
    }

    private protected override Task<long> CountAsync(string table) => Task.FromResult(Ask($"SELECT count(*) FROM {table}"));

    private long Version() => Ask("PRAGMA user_version");

    private long Ask(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Made of constants of this folder.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (long)command.ExecuteScalar()!;
    }

    private void Change(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // A constant of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private static async Task<byte[]> ReadSharedAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes, Cancellation);
        return bytes;
    }
}
