using System.Diagnostics;
using System.Diagnostics.Metrics;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace CertHerald.Tests.Doubles;

/// <summary>
/// A private PostgreSQL server in a temporary directory, reached by a socket there; one for the run, started by the first test
/// that needs it. Without fsync: what is tested is what transactions do, and a killed server process, not a power cut. Where
/// PostgreSQL is not installed, the tests that need it are left out by name. The shared one is never killed, and does not wait for
/// its own commits either.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Settings =
        "-c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=32MB -c jit=off -c deadlock_timeout=200ms " +
        "-c listen_addresses= -c log_min_messages=panic";

    private static readonly SemaphoreSlim OneStarts = new(1, 1);
    private static PostgresServer? s_ofRun;

    private readonly List<Process> _running = [];
    private string? _folder;
    private bool _keepsLastCommits;
    private int _databases;

    private string Data => Path.Combine(_folder!, "data");

    /// <summary>A new database with the tables of a store; its connection string.</summary>
    public static async Task<string> NewDatabaseAsync()
    {
        await OneStarts.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (s_ofRun!._folder is null) await s_ofRun.StartAsync();
            return await s_ofRun.AddDatabaseAsync("TEMPLATE certherald_template");
        }
        finally
        {
            OneStarts.Release();
        }
    }

    /// <summary>A new database without anything.</summary>
    public static async Task<string> NewEmptyDatabaseAsync()
    {
        await NewDatabaseAsync();
        return await s_ofRun!.AddDatabaseAsync("");
    }

    /// <summary>A server of one's own, to stop and start.</summary>
    public static async Task<PostgresServer> OwnAsync()
    {
        PostgresServer? ofRun = s_ofRun;
        var own = new PostgresServer { _keepsLastCommits = true };
        s_ofRun = ofRun;
        await own.StartAsync();
        return own;
    }

    public PostgresServer() => s_ofRun = this;

    public Task<string> AddDatabaseAsync() => AddDatabaseAsync("TEMPLATE certherald_template");

    /// <summary>Ends the server at once, as a crash does, and starts it again.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await ListenAsync();
    }

    /// <summary>Ends every session, and lets none begin.</summary>
    public async Task StopAsync()
    {
        foreach (Process server in _running)
        {
            server.StandardInput.Close();
            await server.WaitForExitAsync(CancellationToken.None);
            server.Dispose();
        }
        _running.Clear();
    }

    public async Task ListenAsync()
    {
        // It ends with this process, however that ends: its input is closed then.
        Process server = Begin("sh", "-c", $"'{Program("postgres")}' -D '{Data}' -k '{_folder}' {Settings} -c synchronous_commit={(_keepsLastCommits ? "on" : "off")} >/dev/null 2>&1 & read -r end; kill -QUIT $!; wait $!");
        _running.Add(server);
        for (int i = 0; ; i++)
        {
            try
            {
                await using var connection = new NpgsqlConnection(AddressOf("postgres") + ";Pooling=false");
                await connection.OpenAsync(TestContext.Current.CancellationToken);
                return;
            }
            catch (NpgsqlException) when (i < 300 && !server.HasExited)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);     // the one wait there is: it has no other sign
            }
        }
    }

    /// <summary>Runs a statement in a database, as somebody else.</summary>
    public static async Task<object?> RunAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
#pragma warning disable CA2100 // A constant of a test.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_folder is null) return;
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartAsync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || FindProgram("initdb") is null, "left out: PostgreSQL is not installed");
        string folder = Directory.CreateTempSubdirectory("ch-pg-").FullName;
        _folder = folder;
        if (Environment.IsPrivilegedProcess)
        {
            // It refuses to run as root.
            await Tool.RunAsync("chown", "/", [User(), folder]);
        }
        using (Process making = Begin(Program("initdb"), "-D", Data, "-A", "trust", "-U", "certherald", "-E", "UTF8", "--no-sync", "--locale=C"))
        {
            string said = await making.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken) + await making.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await making.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(making.ExitCode == 0, said);
        }
        await ListenAsync();

        await RunAsync(AddressOf("postgres"), "CREATE DATABASE certherald_template");
        using var meter = new Meter("CertHerald");
        using var scratch = new Scratch();
        await using (Stores.Open(AddressOf("certherald_template"), scratch.Folder, TimeProvider.System, meter))
        {
        }
    }

    private async Task<string> AddDatabaseAsync(string style)
    {
        string name = $"test_{Interlocked.Increment(ref _databases)}";
        await RunAsync(AddressOf("postgres"), $"CREATE DATABASE {name} {style}");
        return AddressOf(name);
    }

    private string AddressOf(string database) => $"Host={_folder};Username=certherald;Database={database}";

    private static string Program(string name) => FindProgram(name)!;

    private static string? FindProgram(string name) =>
        new[] { "/usr/lib/postgresql" }.Where(Directory.Exists).SelectMany(Directory.GetDirectories).Select(version => Path.Combine(version, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static string User() => File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    private Process Begin(string program, params string[] arguments)
    {
        (string, string[]) call = Environment.IsPrivilegedProcess ? ("runuser", ["-u", User(), "--", program, .. arguments]) : (program, arguments);
        return Process.Start(new ProcessStartInfo(call.Item1, call.Item2)
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}
