namespace CertHerald.Deciding;

/// <summary>What the world knows about who issued a certificate.</summary>
internal sealed record IssuerFacts
{
    /// <summary>What people call the CA.</summary>
    public required string FriendlyName { get; init; }

    /// <summary>Empty if unknown.</summary>
    public string Website { get; init; } = "";

    /// <summary>The names by which CAA records allow this CA; null if unknown, empty if it is known to have none.</summary>
    public IReadOnlyList<string>? CaaDomains { get; init; }

    /// <summary>Who runs the CA, if it is another than the one it is called by; null if that is unknown or the same.</summary>
    public (string Name, string Website)? Operator { get; init; }

    /// <summary>How to report a certificate that should not exist: text of several lines; empty if unknown.</summary>
    public string ProblemReporting { get; init; } = "";

    public IssuerBasis Basis { get; init; }

    /// <summary>Found by the issuer's key. Otherwise good enough to show, never to decide by.</summary>
    public bool IsByKey => Basis == IssuerBasis.Key;
}

/// <summary>By what an issuer was found.</summary>
internal enum IssuerBasis
{
    /// <summary>Nobody knows it: it is called what it calls itself.</summary>
    None,

    /// <summary>By the organisation that the certificate says issued it.</summary>
    Name,

    /// <summary>By its key, which nobody else can use.</summary>
    Key,
}
