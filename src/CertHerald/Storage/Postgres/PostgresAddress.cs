using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>A connection string as the configuration has it. It holds a password: no message repeats any of it.</summary>
internal static class PostgresAddress
{
    /// <summary>Connections at once, if it does not say.</summary>
    private const int MostConnections = 20;

    private const int ConnectSeconds = 10, CommandSeconds = 30, KeepAliveSeconds = 30;

    /// <summary>What is wrong with it, and what to write; null if it can be used.</summary>
    public static (string Problem, string Remedy)? MistakeIn(string connection)
    {
        const string Remedy = "write \"Host=db.example;Database=certherald;Username=certherald;Password=…\", or env:NAME or file:PATH where that stands";
        try
        {
            var address = new NpgsqlConnectionStringBuilder(connection);
            return string.IsNullOrEmpty(address.Host) ? ("names no host", Remedy)
                : string.IsNullOrEmpty(address.Database) ? ("names no database", Remedy)
                : address.MaxPoolSize < 4 ? ("allows fewer than 4 connections", "remove Maximum Pool Size, or raise it")
                : null;
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or OverflowException or InvalidCastException)
        {
            return ("is no connection string for PostgreSQL: a key is unknown, or has a value that does not fit", Remedy);
        }
    }

    /// <summary>Where it leads, of one without mistakes.</summary>
    public static string Describe(string connection)
    {
        var address = new NpgsqlConnectionStringBuilder(connection);
        return $"PostgreSQL at {address.Host}/{address.Database}";
    }

    /// <summary>Connections there, with our bounds where it has none. Of several servers, the primary.</summary>
    public static NpgsqlDataSource Open(string connection)
    {
        if (MistakeIn(connection) is { } mistake) throw new StoreException($"\"store\" {mistake.Problem}: {mistake.Remedy}");
        var address = new NpgsqlConnectionStringBuilder(connection);
        SetUnlessGiven("Maximum Pool Size", MostConnections);
        SetUnlessGiven("Timeout", ConnectSeconds);
        SetUnlessGiven("Command Timeout", CommandSeconds);
        SetUnlessGiven("Keepalive", KeepAliveSeconds);
        SetUnlessGiven("Application Name", "certherald");
        // Types of its own it has none, and asking for them is most of what a new connection costs.
        SetUnlessGiven("Server Compatibility Mode", "NoTypeLoading");
        // It shows values, which are not for logs.
        address.IncludeErrorDetail = false;
        address.TargetSessionAttributes = null;
        return address.Host!.Contains(',', StringComparison.Ordinal)
            ? new NpgsqlDataSourceBuilder(address.ConnectionString).BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary)
            : NpgsqlDataSource.Create(address.ConnectionString);

        void SetUnlessGiven(string key, object value)
        {
            if (!address.ShouldSerialize(key)) address[key] = value;
        }
    }
}
