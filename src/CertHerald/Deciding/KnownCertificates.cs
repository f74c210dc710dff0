using CertHerald.Inspecting;

namespace CertHerald.Deciding;

/// <summary>What the user has authorised, by hand. Immutable: swapped whole on change.</summary>
internal sealed class KnownCertificates(
    IReadOnlySet<string> issuances, IReadOnlyDictionary<string, IReadOnlySet<string>> keys)
{
    public static KnownCertificates None { get; } = new(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>>());

    /// <summary>Why a certificate is known, in words for people; null if it is not.</summary>
    public string? WhyKnown(CertificateFacts certificate)
    {
        // R4: this very issuance, by the hash of its TBS. Never by serial, fingerprint, key id or name: those can be copied.
        if (issuances.Contains(certificate.TbsSha256)) return "this certificate is authorised";

        // R3: a key of the user's, and no name that the key was not authorised for. A wildcard counts only if it is listed as such.
        if (certificate.IpAddresses.Count == 0 && keys.TryGetValue(certificate.PubkeySha256, out IReadOnlySet<string>? names)
            && certificate.DnsNames.All(names.Contains))
            return "its key is authorised for all its names";

        return null;
    }
}
