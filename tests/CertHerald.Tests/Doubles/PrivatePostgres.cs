using System.Diagnostics;
using Npgsql;

namespace CertHerald.Tests.Doubles;

/// <summary>A PostgreSQL server in a temporary directory, reached by a socket there. It ends with this process, however that ends.</summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    /// <summary>Debian keeps the server out of the path.</summary>
    private const string OfDebian = "/usr/lib/postgresql";

    private readonly string _folder = Directory.CreateTempSubdirectory("ch-pg-").FullName;
    private readonly string _settings;
    private Process? _server;
    private int _databases;

    private PrivatePostgres(string settings) => _settings = settings;

    public static bool IsInstalled => !OperatingSystem.IsWindows() && Find("initdb") is not null && Find("postgres") is not null;

    /// <summary>Where it keeps everything.</summary>
    public string Data => Path.Combine(_folder, "data");

    /// <summary>A server that listens.</summary>
    /// <param name="settings">As its command line takes them.</param>
    /// <exception cref="InvalidOperationException">It cannot be made.</exception>
    public static async Task<PrivatePostgres> StartAsync(string settings, CancellationToken cancellation)
    {
        var made = new PrivatePostgres(settings);
        // It refuses to run as root.
        if (Environment.IsPrivilegedProcess)
            using (Process giving = Process.Start("chown", [User(), made._folder])) await giving.WaitForExitAsync(cancellation);
        using (Process making = made.Begin(Find("initdb")!, "-D", made.Data, "-A", "trust", "-U", "certherald", "-E", "UTF8", "--no-sync", "--locale=C"))
        {
            Task<string> mistakes = making.StandardError.ReadToEndAsync(cancellation);
            string said = await making.StandardOutput.ReadToEndAsync(cancellation) + await mistakes;
            await making.WaitForExitAsync(cancellation);
            if (making.ExitCode != 0) throw new InvalidOperationException(said);
        }
        await made.ListenAsync(cancellation);
        return made;
    }

    /// <summary>The connection string of a database.</summary>
    public string AddressOf(string database) => $"Host={_folder};Username=certherald;Database={database}";

    /// <summary>Makes a database; its connection string.</summary>
    /// <param name="style">What follows its name in the statement.</param>
    public async Task<string> AddDatabaseAsync(string style, CancellationToken cancellation)
    {
        string name = $"made_{Interlocked.Increment(ref _databases)}";
        await RunAsync(AddressOf("postgres"), $"CREATE DATABASE {name} {style}", cancellation);
        return AddressOf(name);
    }

    /// <summary>Runs a statement.</summary>
    /// <param name="database">Its connection string.</param>
    public static async Task<object?> RunAsync(string database, string sql, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellation);
#pragma warning disable CA2100 // Constants of tests and benchmarks, and names made here.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(cancellation);
    }

    /// <summary>Lets it listen again.</summary>
    public async Task ListenAsync(CancellationToken cancellation)
    {
        _server = Begin("sh", "-c", $"'{Find("postgres")}' -D '{Data}' -k '{_folder}' -c listen_addresses= -c jit=off {_settings} >/dev/null 2>&1 & read -r end; kill -${{end:-QUIT}} $!; wait $!");
        for (int i = 0; ; i++)
        {
            try
            {
                await RunAsync(AddressOf("postgres"), "SELECT 1", cancellation);
                return;
            }
            catch (NpgsqlException) when (i < 3_600 && !_server.HasExited)
            {
                await Task.Delay(50, cancellation);     // the one wait there is: it has no other sign
            }
        }
    }

    /// <summary>Ends it: at once, as a crash does, or in order, without waiting for its sessions.</summary>
    public async Task StopAsync(bool crashes = true)
    {
        if (_server is null) return;
        if (!crashes) await _server.StandardInput.WriteLineAsync("INT");
        _server.StandardInput.Close();
        await _server.WaitForExitAsync(CancellationToken.None);
        _server.Dispose();
        _server = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string? Find(string name) =>
        (Directory.Exists(OfDebian) ? Directory.GetDirectories(OfDebian) : []).Select(version => Path.Combine(version, "bin"))
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
