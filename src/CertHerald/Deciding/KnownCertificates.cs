using System.Collections.Frozen;
using CertHerald.Inspecting;
using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>What the user has authorised: keys, certificates, CAs. Immutable: swapped whole on change.</summary>
/// <param name="issuances">TBS hashes.</param>
/// <param name="keys">By the SHA-256 of a SubjectPublicKeyInfo, the names that it is for.</param>
internal sealed class KnownCertificates(
    IReadOnlySet<string> issuances, IReadOnlyDictionary<string, IReadOnlySet<string>> keys)
{
    public const string ByCertificate = "this certificate is authorised", ByKey = "its key is authorised for all its names", ByHand = "marked as yours by hand";

    public static KnownCertificates None { get; } = new(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>>());

    public IReadOnlySet<string> Issuances => issuances;

    public IReadOnlyDictionary<string, IReadOnlySet<string>> Keys => keys;

    /// <summary>Which CAs may issue for which names.</summary>
    public AuthorityLists Authorities { get; init; } = AuthorityLists.None;

    /// <summary>That CAA records may authorise at all; null if they may not.</summary>
    public CaaUse? CaaUse { get; init; }

    /// <summary>What CAA records allow, as far as the user was told of it.</summary>
    public CaaTrust Caa { get; private init; } = CaaTrust.None;

    /// <summary>Both together. A key that both have is for the names of both.</summary>
    public KnownCertificates With(KnownCertificates other)
    {
        if (ReferenceEquals(other, None)) return this;
        if (ReferenceEquals(this, None)) return other;
        var joined = keys.ToDictionary(StringComparer.Ordinal);
        foreach ((string key, IReadOnlySet<string> names) in other.Keys)
            joined[key] = joined.TryGetValue(key, out IReadOnlySet<string>? own) ? own.Concat(names).ToFrozenSet(StringComparer.Ordinal) : names;
        return new KnownCertificates(issuances.Concat(other.Issuances).ToHashSet(StringComparer.Ordinal), joined)
        {
            Authorities = Authorities.With(other.Authorities),
            CaaUse = CaaUse ?? other.CaaUse,
        };
    }

    /// <summary>The same, and what CAA records allow.</summary>
    public KnownCertificates With(CaaTrust caa) => caa.IsEmpty ? this : new(issuances, keys) { Authorities = Authorities, CaaUse = CaaUse, Caa = caa };

    /// <summary>
    /// Why a match is known, in words for people; null if it is not. Every name of the user's that the certificate is valid for
    /// must be authorised by some rule: by the certificate or its key for all of them, or by its CA for each.
    /// </summary>
    /// <param name="isWhole">Its matches are all there are: of others nobody can say who may issue for them.</param>
    public string? WhyKnown(MatchFinding match, bool isWhole, IssuerDirectory issuers)
    {
        if (WhyKnown(match.Certificate) is { } reason) return reason;
        if (!isWhole || match.Matches.Count == 0 || (Authorities.IsEmpty && Caa.IsEmpty) || match.Certificate.IssuerPubkeySha256 is not { } key) return null;

        // By the key alone: what a certificate says of its issuer can be copied.
        IssuerFacts issuer = issuers.Find(key, organization: null, commonName: null);
        bool byList = false, byCaa = false;
        foreach (Identifier name in match.Matches.Select(one => one.Identifier).Distinct())
            if (Authorities.Allow(name, key, issuer)) byList = true;
            else if (Caa.Allows(name, issuer)) byCaa = true;
            else return null;
        // Last, since it costs most. A key that is only said to have issued it authorises nothing.
        if (!match.IsSignedByIssuer()) return null;

        string who = issuer.IsByKey ? issuer.FriendlyName : "its CA";
        return (byList, byCaa) switch
        {
            (true, false) => $"{who} is authorised to issue for all your names in it",
            (false, true) => $"{who} is allowed by the CAA records, as you were told of them, of all your names in it",
            _ => $"{who} is authorised to issue for some of your names in it, and allowed by the CAA records, as you were told of them, of the others",
        };
    }

    /// <summary>Why a certificate is known by itself or by its key; null if it is not.</summary>
    public string? WhyKnown(CertificateFacts certificate) =>
        WhyKnown(certificate.TbsSha256, certificate.PubkeySha256, certificate.DnsNames, hasIpAddresses: certificate.IpAddresses.Count > 0);

    /// <inheritdoc cref="WhyKnown(CertificateFacts)"/>
    public string? WhyKnown(string tbsSha256, string pubkeySha256, IReadOnlyList<string> dnsNames, bool hasIpAddresses)
    {
        // R4: this very issuance, by the hash of its TBS. Never by serial, fingerprint, key id or name: those can be copied.
        if (issuances.Contains(tbsSha256)) return ByCertificate;

        // R3: a key of the user's, and no name that the key was not authorised for. A wildcard counts only if it is listed as such.
        if (!hasIpAddresses && keys.TryGetValue(pubkeySha256, out IReadOnlySet<string>? names) && dnsNames.All(names.Contains)) return ByKey;

        return null;
    }
}
