using System.Collections.Frozen;
using CertHerald.Inspecting;

namespace CertHerald.Deciding;

/// <summary>Looks up who issued a certificate: by the issuer's key if it is a known one, else by the organisation in its name. Immutable.</summary>
internal sealed class IssuerDirectory
{
    private readonly FrozenDictionary<string, IssuerFacts> _byOrganization;
    private readonly FrozenDictionary<string, IssuerFacts> _byKey;

    private IssuerDirectory(IEnumerable<KeyValuePair<string, IssuerFacts>> byOrganization, IEnumerable<KeyValuePair<string, IssuerFacts>> byKey)
    {
        _byOrganization = byOrganization.ToFrozenDictionary(StringComparer.Ordinal);
        _byKey = byKey.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The table that the program carries.</summary>
    public static IssuerDirectory BuiltIn { get; } = new(
        from row in IssuerTable.All
        from name in row.Organizations
        select KeyValuePair.Create(name, row.Facts with { Basis = IssuerBasis.Name }),
        from key in IssuerTable.Keys
        select KeyValuePair.Create(key.Key, key.Value.Facts with { Basis = IssuerBasis.Key }));

    /// <summary>
    /// The built-in table under what the user had from the CCADB: key by key, and fact by fact, the user's word counts. What
    /// his reports are silent about stays as it was, and so does everything that is found by name only.
    /// </summary>
    public static IssuerDirectory Over(IssuerBook book)
    {
        var owners = book.Owners.ToDictionary(owner => owner.Name, StringComparer.Ordinal);
        var byKey = new Dictionary<string, IssuerFacts>(BuiltIn._byKey, StringComparer.Ordinal);
        foreach (IssuerKey key in book.Keys) byKey[key.Sha256] = FactsOf(key, owners.GetValueOrDefault(key.Owner));
        return new IssuerDirectory(BuiltIn._byOrganization, byKey);
    }

    /// <summary>Never null: a CA that nobody knows is called what it calls itself.</summary>
    public IssuerFacts Find(CertificateFacts certificate) =>
        Find(certificate.IssuerPubkeySha256, certificate.IssuerOrganization, certificate.IssuerCommonName);

    /// <param name="pubkeySha256">Lower-case hexadecimal, of the issuer's SubjectPublicKeyInfo; null if unknown.</param>
    public IssuerFacts Find(string? pubkeySha256, string? organization, string? commonName)
    {
        if (pubkeySha256 is not null && _byKey.TryGetValue(pubkeySha256, out IssuerFacts? facts)) return facts;
        if (organization is not null && _byOrganization.TryGetValue(organization, out facts)) return facts;
        return new IssuerFacts { FriendlyName = FirstOf(organization, commonName) ?? "Unknown" };
    }

    /// <summary>Whether it is known by its key.</summary>
    public bool Knows(string pubkeySha256) => _byKey.ContainsKey(pubkeySha256);

    /// <summary>Whether a CA that is known by a key answers to this name in CAA records.</summary>
    public bool Answers(string caaDomain) => _byKey.Values.Any(facts => facts.CaaDomains?.Contains(caaDomain, StringComparer.OrdinalIgnoreCase) == true);

    private static IssuerFacts FactsOf(IssuerKey key, IssuerOwner? owner)
    {
        IssuerFacts known = IssuerTable.RowOf(key.Sha256, key.Owner, key.Organization)?.Facts ?? new IssuerFacts { FriendlyName = key.Owner };
        return known with
        {
            Basis = IssuerBasis.Key,
            // A name under which others sell keeps its own site: the report has the owner's.
            Website = owner is { Website.Length: > 0 } && (known.Operator is null || known.Website.Length == 0) ? owner.Website : known.Website,
            CaaDomains = key.CaaDomains ?? owner?.CaaDomains ?? known.CaaDomains,
            ProblemReporting = owner is { ProblemReporting.Length: > 0 }
                ? $"How to report a certificate, as {owner.Name} tells the Common CA Database:\n{owner.ProblemReporting}"
                : known.ProblemReporting,
        };
    }

    private static string? FirstOf(string? organization, string? commonName) =>
        !string.IsNullOrEmpty(organization) ? organization : !string.IsNullOrEmpty(commonName) ? commonName : null;
}
