using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CertHerald.TestLog;

/// <summary>What a certificate shall say. Everything has a value that nobody needs to care about.</summary>
public sealed record IssueRequest
{
    public IssueRequest(params IReadOnlyList<string> names) => Names = names;

    /// <summary>
    /// Subject alternative names: an IP address becomes an iPAddress, anything else a dNSName as it stands, in UTF-8,
    /// checked and converted by nobody. Empty: no such extension.
    /// </summary>
    public IReadOnlyList<string> Names { get; init; }

    /// <summary>Null: an empty subject.</summary>
    public string? CommonName { get; init; }

    /// <summary>RSA or ECDSA; stays its owner's. Null: a new P-256 key.</summary>
    public AsymmetricAlgorithm? SubjectKey { get; init; }

    /// <summary>Null: an hour ago.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Null: 90 days after <see cref="NotBefore"/>.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>Big-endian, positive. Null: 16 random bytes.</summary>
    public IReadOnlyList<byte>? Serial { get; init; }

    /// <summary>Put behind all others, unchecked.</summary>
    public IReadOnlyList<X509Extension> ExtraExtensions { get; init; } = [];

    /// <summary>Whether a precertificate comes from a Precertificate Signing Certificate, as RFC 6962 §3.1 allows.</summary>
    public bool ThroughSigningCertificate { get; init; }
}
