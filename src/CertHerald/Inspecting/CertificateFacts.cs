namespace CertHerald.Inspecting;

/// <summary>
/// What a matched certificate or precertificate says, read once. Everything shown, decided or delivered comes from here.
/// Hashes are lower-case hexadecimal.
/// </summary>
internal sealed record CertificateFacts
{
    /// <summary>Identity of the issuance: the same for a precertificate and its certificate, in however many logs.</summary>
    public required string TbsSha256 { get; init; }

    /// <summary>SHA-256 of <see cref="CertDer"/>.</summary>
    public required string CertSha256 { get; init; }

    /// <summary>The certificate; the precertificate while only that is known.</summary>
    public required byte[] CertDer { get; init; }

    public required bool IsPrecertificate { get; init; }

    /// <summary>Every DNS identifier of SAN and CN: lower case, A-labels, sorted ordinally, distinct. Hostile text: escape before showing.</summary>
    public required IReadOnlyList<string> DnsNames { get; init; }

    /// <summary>Every IP identifier in canonical text, sorted ordinally, distinct.</summary>
    public required IReadOnlyList<string> IpAddresses { get; init; }

    public required string PubkeySha256 { get; init; }

    /// <summary>SHA-256 of the issuer's SPKI, from the log entry or its chain; null while the chain has not shown it.</summary>
    public required string? IssuerPubkeySha256 { get; init; }

    public required string IssuerName { get; init; }

    public required string? IssuerOrganization { get; init; }

    public required string? IssuerCommonName { get; init; }

    public required string SubjectName { get; init; }

    /// <summary>Hexadecimal, as in the certificate.</summary>
    public required string Serial { get; init; }

    /// <summary>Null if unreadable.</summary>
    public required DateTimeOffset? NotBefore { get; init; }

    /// <summary>Null if unreadable.</summary>
    public required DateTimeOffset? NotAfter { get; init; }

    /// <summary>What could not be understood, with byte offsets. For people.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
}
