using System.Security.Cryptography.X509Certificates;

namespace CertHerald.TestLog;

/// <summary>Which sides of the log its own log list names.</summary>
[Flags]
public enum ListedProtocols { Rfc6962 = 1, StaticCt = 2, Both = 3 }

public sealed record LogServerOptions
{
    /// <summary>On 127.0.0.1. 0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>The name in its URLs; it must lead to 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>With its key: served over HTTPS, to whoever trusts it. Null: over plain HTTP.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>What <c>/log_list.json</c> names.</summary>
    public ListedProtocols Listed { get; init; } = ListedProtocols.Both;

    /// <summary>Whether answers are compressed for clients that accept it, as real logs do. Costs far more than all the rest.</summary>
    public bool Gzip { get; init; } = true;

    /// <summary>
    /// First line of checkpoints. Null: the submission prefix without scheme and final slash, as static-ct demands; it then
    /// changes with the port.
    /// </summary>
    public string? Origin { get; init; }
}
