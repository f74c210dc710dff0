using System.CommandLine;
using System.Diagnostics.Metrics;
using System.Globalization;
using CertHerald.Configuring;
using CertHerald.Storage;

namespace CertHerald.Cli;

/// <summary><c>certherald backup</c> and <c>certherald restore</c>: the database in one file, and back.</summary>
internal static class BackupCommand
{
    private const string Keys = "secrets.key";

    private static readonly Argument<string> To = new("FILE") { Description = "Where to write it. Must not exist." };

    private static readonly Argument<string> From = new("FILE") { Description = "A backup." };

    private static readonly Option<bool> Force = new("--force") { Description = "Keep the database that is there under another name, and put the backup in its place." };

    public static Command Create()
    {
        var command = new Command("backup", "Copies the database into a file, as it stands at one moment, while the service runs or while none does. The key of secrets is not in it.")
        { To, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            CertHeraldOptions options = OptionsOf(parsed);
            if (Stores.IsPostgres(options.Store))
                throw new CommandFailedException($"the store is a PostgreSQL database: back it up with 'pg_dump --format=custom', and {Path.Combine(options.Data, Keys)} of each node; see docs/postgresql.md");

            string file = parsed.GetRequiredValue(To);
            long bytes = await WriteAsync(options.Data, file, stopping);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {bytes:#,0} bytes"));
            if (File.Exists(Path.Combine(options.Data, Keys)))
                Console.Error.WriteLine($"{Path.Combine(options.Data, Keys)} is not in it, and without it nobody reads its secrets: keep a copy elsewhere");
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald backup /var/backups/certherald.db
            certherald backup "/var/backups/certherald-$(date +%F).db" --data /var/lib/certherald
            """);
    }

    public static Command CreateRestore()
    {
        var command = new Command("restore", "Puts a backup in the data directory, while no service runs. What happened since is read from the logs again, and its alerts are sent again.")
        { From, Force, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, _) =>
        {
            CertHeraldOptions options = OptionsOf(parsed);
            if (Stores.IsPostgres(options.Store))
                throw new CommandFailedException("the store is a PostgreSQL database: restore it with 'pg_restore', while no node runs; see docs/postgresql.md");

            string file = parsed.GetRequiredValue(From);
            if (Stores.Restore(file, options.Data, parsed.GetValue(Force), DateTimeOffset.UtcNow) is { } kept) Console.Error.WriteLine($"the database that was there is now {kept}");
            // As a start does: an older one is brought to this version, and keys that do not fit are found now.
            using var meter = new Meter("CertHerald");
            await Stores.Open(options.Store, options.Data, TimeProvider.System, meter).DisposeAsync();
            Console.Out.WriteLine($"{options.Data} holds what {file} holds");
            return CommandLine.Done;
        });
        return command.WithExamples("""
            systemctl stop certherald && certherald restore /var/backups/certherald.db --force --data /var/lib/certherald
            """);
    }

    private static CertHeraldOptions OptionsOf(ParseResult parsed) =>
        Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption)));

    /// <summary>Writes beside and renames: a backup that was cut short is none.</summary>
    private static async Task<long> WriteAsync(string data, string path, CancellationToken stopping)
    {
        if (File.Exists(path)) throw new CommandFailedException($"{path} is there already: name another file");
        if (!Directory.Exists(data)) throw new CommandFailedException($"there is no {data}: name the service's directory with --data DIR");
        string fresh = path + ".part";
        try
        {
            var style = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            // Addresses of webhooks apart, everything can be read in it.
            if (!OperatingSystem.IsWindows()) style.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            long bytes;
            await using (var file = new FileStream(fresh, style))
            {
                await CopyAsync(data, file, stopping);
                file.Flush(flushToDisk: true);
                bytes = file.Length;
            }
            File.Move(fresh, path);
            return bytes;
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    private static async Task CopyAsync(string data, Stream to, CancellationToken stopping)
    {
        using var meter = new Meter("CertHerald");
        try
        {
            // Whoever opens it is the one instance: no service runs.
            await using IStore store = Stores.Open(Stores.Sqlite, data, TimeProvider.System, meter);
            await using Stream copy = await store.BackUpAsync(stopping) ?? throw new CommandFailedException("this store makes no copies");
            await copy.CopyToAsync(to, stopping);
        }
        catch (StoreInUseException)
        {
            await LocalAccess.Find(data).DownloadAsync("/api/backup", to, stopping);
        }
    }
}
