using System.Collections.Frozen;

namespace CertHerald.Dialects.CertSpotter;

/// <summary>Members of an issuance that are written for those who ask for them.</summary>
[Flags]
internal enum IssuanceMembers
{
    None = 0,
    DnsNames = 1 << 0,
    PubkeyDer = 1 << 1,
    Pubkey = 1 << 2,
    Issuer = 1 << 3,
    IssuerWebsite = 1 << 4,
    IssuerCaaDomains = 1 << 5,
    IssuerOperator = 1 << 6,
    IssuerPubkeyDer = 1 << 7,
    IssuerNameDer = 1 << 8,
    Revocation = 1 << 9,
    ProblemReporting = 1 << 10,
    CertDer = 1 << 11,

    /// <summary>What the original calls deprecated: <see cref="CertDer"/> in an object.</summary>
    Cert = 1 << 12,

    /// <summary>Those that a webhook gets.</summary>
    OfWebhook = DnsNames | Issuer | IssuerWebsite | IssuerCaaDomains | ProblemReporting | CertDer,
}

/// <summary>How <c>expand</c> asks for them.</summary>
internal static class Expand
{
    /// <summary>Every value, in the order in which the members are written. What lies within the issuer brings the issuer along.</summary>
    public static IReadOnlyList<(string Value, IssuanceMembers Members)> All { get; } =
    [
        ("dns_names", IssuanceMembers.DnsNames),
        ("pubkey_der", IssuanceMembers.PubkeyDer),
        ("pubkey", IssuanceMembers.Pubkey),
        ("issuer", IssuanceMembers.Issuer),
        ("issuer.website", IssuanceMembers.Issuer | IssuanceMembers.IssuerWebsite),
        ("issuer.caa_domains", IssuanceMembers.Issuer | IssuanceMembers.IssuerCaaDomains),
        ("issuer.operator", IssuanceMembers.Issuer | IssuanceMembers.IssuerOperator),
        ("issuer.pubkey_der", IssuanceMembers.Issuer | IssuanceMembers.IssuerPubkeyDer),
        ("issuer.name_der", IssuanceMembers.Issuer | IssuanceMembers.IssuerNameDer),
        ("revocation", IssuanceMembers.Revocation),
        ("problem_reporting", IssuanceMembers.ProblemReporting),
        ("cert_der", IssuanceMembers.CertDer),
        ("cert", IssuanceMembers.Cert),
    ];

    private static readonly FrozenDictionary<string, IssuanceMembers> ByValue = All.ToFrozenDictionary(one => one.Value, one => one.Members, StringComparer.Ordinal);

    /// <summary>What these ask for. A value that nobody knows asks for nothing: a newer client is answered all the same.</summary>
    public static IssuanceMembers Read(IEnumerable<string?>? values)
    {
        IssuanceMembers wanted = IssuanceMembers.None;
        foreach (string? value in values ?? [])
            if (value is not null) wanted |= ByValue.GetValueOrDefault(value);
        return wanted;
    }

    /// <summary>The fewest values that ask for these.</summary>
    public static IEnumerable<string> ValuesOf(IssuanceMembers wanted) =>
        from one in All
        where (wanted & one.Members) == one.Members
        where one.Members != IssuanceMembers.Issuer || !All.Any(within => within.Members != one.Members && (within.Members & one.Members) != 0 && (wanted & within.Members) == within.Members)
        select one.Value;
}
