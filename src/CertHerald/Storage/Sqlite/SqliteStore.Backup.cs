using System.Globalization;
using CertHerald.Storage.Secrets;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Copies of the file, and the way back.</summary>
internal sealed partial class SqliteStore
{
    private const string DatabaseFile = "certherald.db";
    private const string BackupsUnderWay = "backup-*.tmp";

    // Set while a copy is there: each takes as much room as the database.
    private int _isBackedUp;

    public Task<Stream?> BackUpAsync(CancellationToken cancellation) => Task.Run<Stream?>(
        () =>
        {
            if (Interlocked.Exchange(ref _isBackedUp, 1) != 0) throw new BackupUnderWayException();
            // Beside the database, where there is room for it; gone once it was read.
            string copy = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_address.DataSource))!, $"backup-{Guid.NewGuid():N}.tmp");
            Stream? whole = null;
            try
            {
                Own(copy);
                // A reader beside the writer, which goes on: what it commits meanwhile is not in the copy.
                using (var from = new SqliteConnection(ReadAddress()))
                using (var to = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = copy, Pooling = false }.ConnectionString))
                {
                    from.Open();
                    to.Open();
                    from.BackupDatabase(to);
                    // One file that is all: nothing beside it belongs to it.
                    using SqliteCommand single = to.CreateCommand();
                    single.CommandText = "PRAGMA journal_mode = DELETE";
                    single.ExecuteNonQuery();
                }
                return whole = new Copy(copy, () => Volatile.Write(ref _isBackedUp, 0));
            }
            catch (Exception failure) when (failure is SqliteException or IOException or UnauthorizedAccessException)
            {
                File.Delete(copy);
                throw new StoreException($"the backup could not be made: {failure.Message}", failure);
            }
            finally
            {
                if (whole is null) Volatile.Write(ref _isBackedUp, 0);
            }
        },
        cancellation);

    /// <summary>Puts a backup in a directory that no process has. What was there is kept under another name.</summary>
    /// <param name="replace">Whether a database that is there may be replaced.</param>
    /// <returns>Where the database that was there is now; null if there was none.</returns>
    /// <exception cref="StoreInUseException">A process has the directory.</exception>
    /// <exception cref="StoreException">The file is no whole backup, or there is a database that may not be replaced. Nothing was changed.</exception>
    public static string? Restore(string backup, string directory, bool replace, DateTimeOffset now)
    {
        using FileStream instance = DataDirectory.Take(directory);
        string database = Path.Combine(directory, DatabaseFile), fresh = database + ".new";
        string? moved = null;
        if (!replace && File.Exists(database))
            throw new StoreException($"{directory} holds a database already: with --force it is kept under another name, and the backup takes its place; or name another directory with --data DIR");
        try
        {
            File.Delete(fresh);
            Own(fresh);
            using (FileStream from = File.OpenRead(backup))
            using (var to = new FileStream(fresh, FileMode.Open, FileAccess.Write))
            {
                from.CopyTo(to);
                to.Flush(flushToDisk: true);
            }
            Check(backup, fresh);
            FileOwner.Give(fresh);

            string? kept = File.Exists(database) ? string.Create(CultureInfo.InvariantCulture, $"{database}.{now.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}") : null;
            if (kept is not null)
            {
                File.Move(database, kept);
                moved = kept;
                // What was committed last may stand only in the log beside it, which goes by its name.
                if (File.Exists(database + "-wal")) File.Move(database + "-wal", kept + "-wal");
            }
            File.Delete(database + "-wal");
            File.Delete(database + "-shm");
            File.Move(fresh, database);
            DirectoryFlush.Run(Path.GetFullPath(directory));
            return kept;
        }
        catch (Exception failure) when (failure is SqliteException or IOException or UnauthorizedAccessException)
        {
            if (moved is not null) PutBack(moved, database);
            throw new StoreException($"{backup} could not be restored: {failure.Message}", failure);
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    /// <summary>Undoes a restore that failed between its steps: the database has its name again, and the log that belongs to it.</summary>
    private static void PutBack(string kept, string database)
    {
        // Moved first and last: a log beside a database of another name belongs to nothing.
        if (!File.Exists(database + "-wal") && File.Exists(kept + "-wal")) File.Move(kept + "-wal", database + "-wal");
        File.Move(kept, database);
    }

    private static void Check(string backup, string copy)
    {
        using var session = new SqliteSession(new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = copy, Pooling = false }.ConnectionString));
        try
        {
            session.Open();
            // Other programs' copies say that a log belongs to them: none does.
            session.Run("PRAGMA journal_mode = DELETE");
            SqliteSchema.Check(session);
            if (session.First("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'issuance'", row => row.GetInt64(0)) == 0)
                throw new StoreException($"{backup} is no backup of certherald");
            if (session.First("PRAGMA quick_check(1)", row => row.GetString(0)) is var found and not "ok")
                throw new StoreException($"{backup} is damaged: {found}");
        }
        catch (SqliteException failure)
        {
            throw new StoreException($"{backup} is no backup of certherald: {failure.Message}", failure);
        }
    }

    /// <summary>Makes an empty file that is this user's alone.</summary>
    private static void Own(string path)
    {
        var style = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) style.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, style);
    }

    /// <summary>A copy that is gone once it was read, whoever closes it.</summary>
    private sealed class Copy(string path, Action closed)
        : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Delete, 1 << 16, FileOptions.DeleteOnClose | FileOptions.SequentialScan)
    {
        private int _isClosed;

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (Interlocked.Exchange(ref _isClosed, 1) == 0) closed();
        }
    }

    /// <summary>What a process that was killed left of backups.</summary>
    private static void ClearBackups(string directory)
    {
        foreach (string left in Directory.GetFiles(directory, BackupsUnderWay)) File.Delete(left);
    }
}
