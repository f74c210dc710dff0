using System.Diagnostics.Metrics;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;

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
        "-c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=32MB -c deadlock_timeout=200ms -c log_min_messages=panic";

    private const string WithTables = "TEMPLATE certherald_template";

    private static readonly SemaphoreSlim OneStarts = new(1, 1);
    private static PostgresServer? s_ofRun;

    private PrivatePostgres? _server;
    private bool _keepsLastCommits;

    /// <summary>A new database with the tables of a store; its connection string.</summary>
    public static Task<string> NewDatabaseAsync() => NewAsync(WithTables);

    /// <summary>A new database without anything.</summary>
    public static Task<string> NewEmptyDatabaseAsync() => NewAsync("");

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

    public Task<string> AddDatabaseAsync() => AddDatabaseAsync(WithTables);

    /// <summary>Ends the server at once, as a crash does, and starts it again.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await ListenAsync();
    }

    /// <summary>Ends every session, and lets none begin.</summary>
    public Task StopAsync() => _server!.StopAsync();

    public Task ListenAsync() => _server!.ListenAsync(TestContext.Current.CancellationToken);

    /// <summary>Runs a statement in a database, as somebody else.</summary>
    public static Task<object?> RunAsync(string database, string sql) => PrivatePostgres.RunAsync(database, sql, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }

    private static async Task<string> NewAsync(string style)
    {
        await OneStarts.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (s_ofRun!._server is null) await s_ofRun.StartAsync();
            return await s_ofRun.AddDatabaseAsync(style);
        }
        finally
        {
            OneStarts.Release();
        }
    }

    private async Task StartAsync()
    {
        Assert.SkipUnless(PrivatePostgres.IsInstalled, "left out: PostgreSQL is not installed");
        _server = await PrivatePostgres.StartAsync($"{Settings} -c synchronous_commit={(_keepsLastCommits ? "on" : "off")}", TestContext.Current.CancellationToken);

        await RunAsync(AddressOf("postgres"), "CREATE DATABASE certherald_template");
        using var meter = new Meter("CertHerald");
        using var scratch = new Scratch();
        await using (Stores.Open(AddressOf("certherald_template"), scratch.Folder, TimeProvider.System, meter))
        {
        }
    }

    private Task<string> AddDatabaseAsync(string style) => _server!.AddDatabaseAsync(style, TestContext.Current.CancellationToken);

    private string AddressOf(string database) => _server!.AddressOf(database);
}
