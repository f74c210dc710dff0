using System.Diagnostics;
using Npgsql;

namespace CertHerald.Benchmarks;

/// <summary>A PostgreSQL server in a temporary directory, reached by a socket there, that flushes each commit to the disk.</summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    /// <summary>Debian keeps the server out of the path.</summary>
    private const string OfDebian = "/usr/lib/postgresql";

    private readonly string _folder;
    private readonly Process _server;
    private int _databases;

    private PrivatePostgres(string folder, Process server) => (_folder, _server) = (folder, server);

    /// <summary>Null where PostgreSQL is not installed.</summary>
    public static async Task<PrivatePostgres?> StartAsync()
    {
        if (Find("initdb") is not { } initdb || Find("postgres") is not { } postgres) return null;
        string folder = Directory.CreateTempSubdirectory("ch-pg-").FullName, data = Path.Combine(folder, "data");
        // It refuses to run as root.
        if (Environment.IsPrivilegedProcess)
            using (Process giving = Begin(folder, asRoot: true, "chown", User(), folder)) await giving.WaitForExitAsync();
        using (Process making = Begin(folder, asRoot: false, initdb, "-D", data, "-A", "trust", "-U", "certherald", "-E", "UTF8", "--locale=C"))
        {
            await making.StandardOutput.ReadToEndAsync();
            await making.WaitForExitAsync();
            if (making.ExitCode != 0) throw new InvalidOperationException(await making.StandardError.ReadToEndAsync());
        }

        // It ends with this process, however that ends: its input is closed then.
        Process server = Begin(folder, asRoot: false, "sh", "-c",
            $"'{postgres}' -D '{data}' -k '{folder}' -c listen_addresses= -c max_connections=200 -c jit=off >/dev/null 2>&1 & read -r end; kill -INT $!; wait $!");
        var made = new PrivatePostgres(folder, server);
        for (int i = 0; ; i++)
        {
            try
            {
                await made.PerformAsync("SELECT 1");
                return made;
            }
            catch (NpgsqlException) when (i < 300 && !server.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }

    /// <summary>The connection string of a new database.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        string name = $"bench_{++_databases}";
        await PerformAsync($"CREATE DATABASE {name}");
        return $"{AddressOf(name)};Maximum Pool Size=64";
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        _server.StandardInput.Close();
        await _server.WaitForExitAsync();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task PerformAsync(string statement)
    {
        await using var connection = new NpgsqlConnection(AddressOf("postgres") + ";Pooling=false");
        await connection.OpenAsync();
#pragma warning disable CA2100 // Constants, and names made here.
        await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private string AddressOf(string database) => $"Host={_folder};Username=certherald;Database={database}";

    private static string? Find(string name) =>
        (Directory.Exists(OfDebian) ? Directory.GetDirectories(OfDebian) : []).Select(version => Path.Combine(version, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static string User() => File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    private static Process Begin(string folder, bool asRoot, string program, params string[] arguments)
    {
        (string, string[]) call = Environment.IsPrivilegedProcess && !asRoot ? ("runuser", ["-u", User(), "--", program, .. arguments]) : (program, arguments);
        return Process.Start(new ProcessStartInfo(call.Item1, call.Item2)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}
