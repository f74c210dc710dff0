using System.Collections.Frozen;
using CertHerald.Inspecting;

namespace CertHerald.Deciding;

/// <summary>Looks up who issued a certificate: by the issuer's key if it is a known one, else by the organisation in its name.</summary>
internal static class IssuerDirectory
{
    private static readonly FrozenDictionary<string, IssuerFacts> ByOrganization = IssuerTable.All
        .SelectMany(row => row.Organizations.Select(name => KeyValuePair.Create(name, row.Facts)))
        .ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, IssuerFacts> ByKey = ReadKeys().ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Never null: a CA that nobody knows is called what it calls itself.</summary>
    public static IssuerFacts Find(CertificateFacts certificate) =>
        Find(certificate.IssuerPubkeySha256, certificate.IssuerOrganization, certificate.IssuerCommonName);

    /// <param name="pubkeySha256">Lower-case hexadecimal, of the issuer's SubjectPublicKeyInfo; null if unknown.</param>
    public static IssuerFacts Find(string? pubkeySha256, string? organization, string? commonName)
    {
        if (pubkeySha256 is not null && ByKey.TryGetValue(pubkeySha256, out IssuerFacts? facts)) return facts;
        if (organization is not null && ByOrganization.TryGetValue(organization, out facts)) return facts;
        return new IssuerFacts { FriendlyName = FirstOf(organization, commonName) ?? "Unknown" };
    }

    private static string? FirstOf(string? organization, string? commonName) =>
        !string.IsNullOrEmpty(organization) ? organization : !string.IsNullOrEmpty(commonName) ? commonName : null;

    private static IEnumerable<KeyValuePair<string, IssuerFacts>> ReadKeys()
    {
        Dictionary<string, IssuerFacts> byId =
            IssuerTable.All.ToDictionary(row => row.Id, row => row.Facts with { IsByKey = true }, StringComparer.Ordinal);
        IssuerFacts facts = null!;

        using var reader = new StreamReader(typeof(IssuerDirectory).Assembly.GetManifestResourceStream("IssuerKeys.txt")!);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('[')) facts = byId[line[1..^1]];
            else if (line.Length > 0 && line[0] != '#') yield return KeyValuePair.Create(line, facts);
        }
    }
}
