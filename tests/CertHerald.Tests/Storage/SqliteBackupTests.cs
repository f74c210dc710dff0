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
