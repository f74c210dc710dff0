using System.Diagnostics.Metrics;
using CertHerald.Storage.Sqlite;

namespace CertHerald.Storage;

/// <summary>Every kind of store. Adding one means adding an arm here.</summary>
internal static class Stores
{
    /// <summary>Opens the store that the configuration's <c>store</c> names.</summary>
    /// <param name="data">The data directory; SQLite's file lies there.</param>
    public static IStore Open(string store, string data, TimeProvider time, Meter meter) => store switch
    {
        "sqlite" => SqliteStore.Open(data, time, meter),
        _ => throw new StoreException($"store \"{store}\" is none that this version knows: write \"sqlite\""),
    };
}
