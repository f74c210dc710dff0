using System.Diagnostics.Metrics;
using CertHerald.Storage.Postgres;
using CertHerald.Storage.Sqlite;

namespace CertHerald.Storage;

/// <summary>Every kind of store. Adding one means adding an arm here.</summary>
internal static class Stores
{
    public const string Sqlite = "sqlite";

    /// <summary>Whether a text is meant as a connection string for PostgreSQL: such texts hold passwords, and are never shown.</summary>
    public static bool IsPostgres(string store) => store.Contains('=', StringComparison.Ordinal) || store.Contains("://", StringComparison.Ordinal);

    /// <summary>Why no store can be opened by this text, and what to write; null if it can. Does not repeat the text.</summary>
    public static (string Problem, string Remedy)? MistakeIn(string store) =>
        store == Sqlite ? null
        : IsPostgres(store) ? PostgresAddress.MistakeIn(store)
        : ("is none that this version knows", "write \"sqlite\", or a PostgreSQL connection string");

    /// <summary>As people may see it: without user and password, which a connection string holds.</summary>
    public static string Describe(string store) => IsPostgres(store) ? PostgresAddress.Describe(store) : store;

    /// <summary>Opens the store that the configuration's <c>store</c> names.</summary>
    /// <param name="data">The data directory; SQLite's file lies there, and the key of secrets.</param>
    /// <param name="time">Of <see cref="TimeOf"/>.</param>
    /// <param name="forgotten">Null refuses to open secrets whose key is lost. Otherwise the webhooks they belong to are removed, and named here.</param>
    public static IStore Open(string store, string data, TimeProvider time, Meter meter, List<string>? forgotten = null) => store switch
    {
        Sqlite => SqliteStore.Open(data, time, meter, forgotten),
        _ when IsPostgres(store) => PostgresStore.OpenAsync(store, data, time, meter, forgotten).GetAwaiter().GetResult(),
        _ => throw new StoreException($"store \"{store}\" is none that this version knows: write \"sqlite\", or a PostgreSQL connection string"),
    };

    /// <summary>Puts a backup in a data directory. Only of SQLite, whose file lies there.</summary>
    /// <returns>Where the database that was there is now; null if there was none.</returns>
    /// <exception cref="StoreException">It cannot be: nothing was changed.</exception>
    public static string? Restore(string backup, string data, bool replace, DateTimeOffset now) => SqliteStore.Restore(backup, data, replace, now);

    /// <summary>What every store measures.</summary>
    public static Histogram<double> MeasureCommits(Meter meter) =>
        meter.CreateHistogram<double>("certherald_store_commit_seconds", "s", "Time of one transaction, from its begin to its return from the disk.");

    /// <summary>The clock that goes with a store: nodes of one database must agree on what is due, and whose lease has ended.</summary>
    public static TimeProvider TimeOf(string store) => IsPostgres(store) ? new DatabaseTime() : TimeProvider.System;
}
