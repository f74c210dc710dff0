using System.Security.Cryptography;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Logs;

/// <summary>Which log: SHA-256 of its DER SubjectPublicKeyInfo. It alone identifies a log; names and addresses change. RFC 6962 §3.2.</summary>
public readonly record struct LogId(MerkleHash Value)
{
    /// <summary>The id of the log that signs with this key.</summary>
    /// <param name="spki">DER SubjectPublicKeyInfo, as log lists carry it.</param>
    public static LogId Of(ReadOnlySpan<byte> spki) => new(new MerkleHash(SHA256.HashData(spki)));

    /// <summary>Padded base64, as log lists and people write it.</summary>
    public override string ToString() => Value.ToBase64();
}
