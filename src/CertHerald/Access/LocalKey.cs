using System.Security.Cryptography;

namespace CertHerald.Access;

/// <summary>
/// The key by which this machine's command line speaks to the service: new at each start, in a file that only the service's
/// user can read. Whoever can read it could read the database beside it as well.
/// </summary>
internal sealed class LocalKey
{
    /// <summary>What a caller with the key is called.</summary>
    public const string CallerName = "local";

    private readonly byte[] _hash;

    public LocalKey()
    {
        Text = OpaqueToken.New();
        _hash = OpaqueToken.HashOf(Text);
    }

    public string Text { get; }

    public bool Opens(string key) => CryptographicOperations.FixedTimeEquals(OpaqueToken.HashOf(key), _hash);
}
