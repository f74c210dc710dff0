using System.Globalization;
using CertHerald.Tests.Doubles;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>
/// The PostgreSQL database that all nodes share: it can end and come back, and its clock be put forward. That clock is a function
/// of ours, which the nodes find before the server's own: nothing in the program knows of it.
/// </summary>
internal sealed class ChaosDatabase : IAsyncDisposable
{
    // Without fsync: what ends is the server, never the machine.
    private const string Settings = "-c fsync=off -c full_page_writes=off -c shared_buffers=32MB -c log_min_messages=panic";

    private const string Clock = """
        CREATE SCHEMA world;
        CREATE TABLE world.clock (ahead interval NOT NULL);
        INSERT INTO world.clock VALUES ('0');
        CREATE FUNCTION world.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM world.clock'
        """;

    private readonly PrivatePostgres _server;
    private readonly string _database;

    private ChaosDatabase(PrivatePostgres server, string database) => (_server, _database) = (server, database);

    public static bool IsInstalled => PrivatePostgres.IsInstalled;

    /// <summary>How often it ended.</summary>
    public int Ends { get; private set; }

    /// <summary>Where its server keeps all databases.</summary>
    public string Data => _server.Data;

    public static async Task<ChaosDatabase> StartAsync(CancellationToken cancellation)
    {
        PrivatePostgres server = await PrivatePostgres.StartAsync(Settings, cancellation);
        string database = await server.AddDatabaseAsync("", cancellation);
        await PrivatePostgres.RunAsync(database, Clock, cancellation);
        return new ChaosDatabase(server, database);
    }

    /// <summary>A node's connection string. The server trusts whoever reaches its socket: the password is there to be found where it must not be.</summary>
    public string AddressWith(string password) => $"{_database};Search Path=public,world,pg_catalog;Password={password}";

    /// <summary>Its clock goes forward.</summary>
    public Task ForwardAsync(TimeSpan time, CancellationToken cancellation) => PrivatePostgres.RunAsync(
        _database, string.Create(CultureInfo.InvariantCulture, $"UPDATE world.clock SET ahead = ahead + interval '{time.TotalSeconds:0} seconds'"), cancellation);

    /// <summary>Ends under load: in order, with its sessions rolled back; or at once, as a crash does.</summary>
    public Task StopAsync(bool crashes)
    {
        Ends++;
        return _server.StopAsync(crashes);
    }

    /// <summary>Takes sessions again; after a crash, once it has recovered.</summary>
    public Task ListenAsync(CancellationToken cancellation) => _server.ListenAsync(cancellation);

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
