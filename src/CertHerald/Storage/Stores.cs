using System.Diagnostics.Metrics;
using CertHerald.Storage.Sqlite;

namespace CertHerald.Storage;

/// <summary>Every kind of store. Adding one means adding an arm here.</summary>
internal static class Stores
{
    /// <summary>Opens the store that the configuration's <c>store</c> names.</summary>
    /// <param name="data">The data directory; SQLite's file lies there.</param>
    /// <param name="forgotten">Null refuses to open secrets whose key is lost. Otherwise the webhooks they belong to are removed, and named here.</param>
    public static IStore Open(string store, string data, TimeProvider time, Meter meter, List<string>? forgotten = null) => store switch
    {
        "sqlite" => SqliteStore.Open(data, time, meter, forgotten),
        _ => throw new StoreException($"store \"{store}\" is none that this version knows: write \"sqlite\""),
    };
}
