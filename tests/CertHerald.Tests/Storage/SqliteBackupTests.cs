using System.Diagnostics.Metrics;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Storage;

/// <summary>A copy of the database while it is written, and the way back.</summary>
public sealed class SqliteBackupTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    private readonly Scratch _from = new(), _to = new();
    private readonly Meter _meter = new("CertHerald");
    private readonly PaperLog _log = new("paper", 40);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _log.Dispose();
        _meter.Dispose();
        _from.Dispose();
        _to.Dispose();
    }

    [Fact]
    public async Task A_backup_made_while_commits_go_on_is_whole_and_holds_all_that_was_committed_before_it()
    {
        string backup = _to.PathOf("backup.db");
        await using (IStore store = Open(_from))
        {
            await store.BeginLogAsync(_log.Description, _log.FrontierAt(0), Cancellation);
            await CommitAsync(store, 0, 20);
            Task writing = Task.Run(async () =>
            {
                for (ulong at = 20; at < 40; at++) await CommitAsync(store, at, at + 1);
            }, Cancellation);
            await SaveAsync(store, backup);
            await writing;
        }

        Assert.Null(Stores.Restore(backup, _to.PathOf("data"), replace: false, Now));

        await using IStore restored = Stores.Open(Stores.Sqlite, _to.PathOf("data"), TimeProvider.System, _meter);
        // The position and what was found up to it, together, at one moment.
        ulong read = (await restored.LanesAsync(_log.Id, Cancellation))[^1].Position.Read.Size.Value;
        Assert.InRange(read, 20UL, 40UL);
        Assert.Equal((int)read, (await restored.IssuancesAsync(null, 100, Cancellation)).Count);
        Assert.Empty(Directory.GetFiles(_from.Folder, "backup-*"));
    }

    [Fact]
    public async Task What_was_there_is_kept_under_another_name_with_all_it_held()
    {
        string backup = _to.PathOf("backup.db");
        await using (IStore store = Open(_from))
        {
            await store.BeginLogAsync(_log.Description, _log.FrontierAt(0), Cancellation);
            await SaveAsync(store, backup);
            await CommitAsync(store, 0, 3);
        }
        StoreException refused = Assert.Throws<StoreException>(() => Stores.Restore(backup, _from.Folder, replace: false, Now));
        Assert.Contains("--force", refused.Message, StringComparison.Ordinal);

        string kept = Stores.Restore(backup, _from.Folder, replace: true, Now)!;

        Assert.Equal(_from.PathOf("certherald.db.20261122T090000Z"), kept);
        await using (IStore restored = Open(_from)) Assert.Empty(await restored.IssuancesAsync(null, 100, Cancellation));
        File.Move(kept, _to.PathOf("certherald.db"));
        await using IStore before = Open(_to);
        Assert.Equal(3, (await before.IssuancesAsync(null, 100, Cancellation)).Count);
    }

    [Fact]
    public async Task A_directory_that_a_service_has_and_files_that_are_no_backups_are_refused_and_nothing_is_changed()
    {
        string backup = _to.PathOf("backup.db"), text = _to.Write("text", "this is no database, however long it is"), other = _to.PathOf("other.db");
        await using (IStore store = Open(_from))
        {
            await store.BeginLogAsync(_log.Description, _log.FrontierAt(0), Cancellation);
            await SaveAsync(store, backup);
            Assert.Throws<StoreInUseException>(() => Stores.Restore(backup, _from.Folder, replace: true, Now));
        }
        await using (var connection = new SqliteConnection($"Data Source={other};Pooling=False"))
        {
            await connection.OpenAsync(Cancellation);
            await using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE song (name TEXT)";
            await command.ExecuteNonQueryAsync(Cancellation);
        }
        byte[] whole = await File.ReadAllBytesAsync(backup, Cancellation);
        string cut = _to.Write("cut.db", whole[..(whole.Length / 2)]);

        foreach (string wrong in (string[])[text, other, cut, _to.PathOf("nowhere")])
            Assert.Contains(wrong, Assert.Throws<StoreException>(() => Stores.Restore(wrong, _from.Folder, replace: true, Now)).Message, StringComparison.Ordinal);

        await using IStore same = Open(_from);
        Assert.Single(await same.LogsAsync(Cancellation));
        Assert.Equal(["certherald.db"], Directory.GetFiles(_from.Folder, "certherald.db").Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_a_kill_left_of_a_backup_is_cleared_away_by_the_next_start()
    {
        await using (Open(_from)) { }
        _from.Write("backup-0123456789abcdef0123456789abcdef.tmp", "half");

        await using IStore store = Open(_from);

        Assert.Empty(Directory.GetFiles(_from.Folder, "backup-*"));
    }

    [Fact]
    public async Task There_is_one_copy_at_a_time_and_the_next_once_it_was_fetched()
    {
        await using IStore store = Open(_from);
        await using (Stream copy = (await store.BackUpAsync(Cancellation))!)
        {
            await Assert.ThrowsAsync<BackupUnderWayException>(() => store.BackUpAsync(Cancellation));
            Assert.Single(Directory.GetFiles(_from.Folder, "backup-*"));
        }
        await SaveAsync(store, _to.PathOf("backup.db"));
        Assert.Empty(Directory.GetFiles(_from.Folder, "backup-*"));
    }

    [Fact]
    public async Task A_restore_that_fails_between_its_steps_leaves_the_database_and_its_log_as_they_were()
    {
        string backup = _to.PathOf("backup.db"), database = _from.PathOf("certherald.db");
        await using (IStore store = Open(_from)) await SaveAsync(store, backup);
        byte[] before = await File.ReadAllBytesAsync(database, Cancellation);
        _from.Write("certherald.db-wal", "as a kill leaves it");
        // In the way of the log's new name.
        _from.Write("certherald.db.20261122T090000Z-wal", "another's");

        StoreException failure = Assert.Throws<StoreException>(() => Stores.Restore(backup, _from.Folder, replace: true, Now));

        Assert.Contains("could not be restored", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(database, Cancellation));
        Assert.Equal("as a kill leaves it", await File.ReadAllTextAsync(database + "-wal", Cancellation));
        Assert.False(File.Exists(_from.PathOf("certherald.db.20261122T090000Z")));
    }

    [Fact]
    public async Task What_root_makes_in_a_services_directory_belongs_to_the_service()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "left out: needs root on Linux");
        string backup = _from.PathOf("backup.db");
        await using (IStore store = Open(_from)) await SaveAsync(store, backup);
        (await Tool.RunAsync(Tool.Find("chown"), _to.Folder, ["4711:4712", "."])).With(0);

        Stores.Restore(backup, _to.Folder, replace: false, Now);
        await using IStore restored = Open(_to);
        await restored.AddWebhookAsync(new StoredWebhook { Name = "hook", Dialect = "certspotter", Events = [], Added = Now, Url = "https://u:p@h/" }, Cancellation);

        string[] files = [.. Directory.GetFiles(_to.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
        Assert.Equal(["certherald.db", "certherald.db-shm", "certherald.db-wal", "certherald.lock", "secrets.key"], files);
        Ended owners = (await Tool.RunAsync(Tool.Find("stat"), _to.Folder, ["-c", "%u:%g", .. files])).With(0);
        Assert.All(owners.Output.Trim().Split('\n'), owner => Assert.Equal("4711:4712", owner));
    }

    [Fact]
    public async Task Rule_12_the_size_of_the_write_ahead_log_is_measured()
    {
        var sizes = new List<long>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, listener) => { if (instrument.Meter == _meter && instrument.Name == "certherald_store_wal_bytes") listener.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((_, size, _, _) => sizes.Add(size));
        listener.Start();
        await using (IStore store = Open(_from))
        {
            await store.BeginLogAsync(_log.Description, _log.FrontierAt(0), Cancellation);
            await CommitAsync(store, 0, 20);
            listener.RecordObservableInstruments();
            Assert.Equal(new FileInfo(_from.PathOf("certherald.db-wal")).Length, Assert.Single(sizes));
            Assert.True(sizes[0] > 0);
        }
        listener.RecordObservableInstruments();
        Assert.Equal(0, sizes[1]);
    }

    private IStore Open(Scratch folder) => Stores.Open(Stores.Sqlite, folder.Folder, TimeProvider.System, _meter);

    private async Task CommitAsync(IStore store, ulong from, ulong until)
    {
        Batch batch = _log.Read(from, until);
        await store.CommitAsync(
            _log.Id, batch, [.. Enumerable.Range(0, (int)(until - from)).Select(place => Some.Unknown(Some.Match(batch.Raw, place, Some.Facts(Some.Numbered("name", (int)from + place)))))],
            Now, Cancellation);
    }

    private static async Task SaveAsync(IStore store, string path)
    {
        await using Stream copy = (await store.BackUpAsync(Cancellation))!;
        await using FileStream file = File.Create(path);
        await copy.CopyToAsync(file, Cancellation);
    }
}
