using System.Security.Cryptography;
using CertHerald.Names;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;

namespace CertHerald.Inspecting;

/// <summary>From a certificate's spans to facts, for the few that matter.</summary>
internal static class CertificateReading
{
    public static NameSource SourceOf(Transparency.Certificates.RawName name) => name.Source switch
    {
        RawNameSource.CommonName => NameSource.CommonName,
        RawNameSource.IpAddress => NameSource.IpAddress,
        _ => NameSource.DnsName,
    };

    /// <summary>Every identifier, sorted ordinally, distinct.</summary>
    public static IReadOnlyCollection<Identifier> IdentifiersOf(CertificateView certificate)
    {
        var identifiers = new SortedSet<Identifier>(
            Comparer<Identifier>.Create((left, right) =>
                left.Kind != right.Kind ? left.Kind.CompareTo(right.Kind) : string.CompareOrdinal(left.Text, right.Text)));
        foreach (Transparency.Certificates.RawName name in certificate.Names) Identifiers.Read(SourceOf(name), name.Value, identifiers);
        return identifiers;
    }

    /// <summary>Every identifier and every item that it falls under.</summary>
    public static IReadOnlyList<Match> Matches(CertificateView certificate, WatchList watch) =>
        [.. from identifier in IdentifiersOf(certificate)
            from item in watch.Matches(identifier)
            select new Match(identifier, item.Text)];

    /// <summary>The facts of a logged certificate or precertificate.</summary>
    /// <param name="certificate">The entry's certificate, or its leaf TBS, which alone the tree covers.</param>
    public static CertificateFacts Read(LogEntry entry, CertificateView certificate)
    {
        bool isPrecertificate = entry.Type == EntryType.Precert;
        // The precertificate stands beside the leaf. Where it is missing, the TBS that the log signed is all there is to show.
        ReadOnlySpan<byte> der = !isPrecertificate ? entry.Certificate : entry.PreCertificate.IsEmpty ? entry.Tbs : entry.PreCertificate;
        return Read(der, certificate, isPrecertificate, isPrecertificate ? Convert.ToHexStringLower(entry.IssuerKeyHash) : IssuerKeyOf(entry.Chain));
    }

    /// <summary>The facts of a certificate from anywhere.</summary>
    public static CertificateFacts Read(ReadOnlySpan<byte> der, CertificateView certificate, bool isPrecertificate, string? issuerPubkeySha256)
    {
        Span<byte> tbsHash = stackalloc byte[SHA256.HashSizeInBytes];
        TbsFingerprint.Hash(certificate.Tbs, tbsHash);
        IReadOnlyCollection<Identifier> identifiers = IdentifiersOf(certificate);
        return new CertificateFacts
        {
            TbsSha256 = Convert.ToHexStringLower(tbsHash),
            CertSha256 = Sha256(der),
            CertDer = der.ToArray(),
            IsPrecertificate = isPrecertificate,
            DnsNames = [.. from identifier in identifiers where identifier.Kind == IdentifierKind.Dns select identifier.Text],
            IpAddresses = [.. from identifier in identifiers where identifier.Kind == IdentifierKind.Ip select identifier.Text],
            PubkeySha256 = Sha256(certificate.Spki),
            IssuerPubkeySha256 = issuerPubkeySha256,
            IssuerName = DistinguishedName.Format(certificate.Issuer),
            IssuerOrganization = DistinguishedName.Organization(certificate.Issuer),
            IssuerCommonName = DistinguishedName.CommonName(certificate.Issuer),
            SubjectName = DistinguishedName.Format(certificate.Subject),
            Serial = Convert.ToHexStringLower(certificate.Serial),
            NotBefore = certificate.NotBefore,
            NotAfter = certificate.NotAfter,
            Problems = [.. certificate.Problems().Select(problem => problem.ToString())],
        };
    }

    /// <summary>SHA-256 of a certificate's SPKI, in hexadecimal; null if it has none that can be read.</summary>
    public static string? PubkeySha256Of(ReadOnlySpan<byte> der) =>
        CertificateView.TryRead(der, out CertificateView certificate) && !certificate.Spki.IsEmpty ? Sha256(certificate.Spki) : null;

    private static string? IssuerKeyOf(CertificateChain chain) => chain.MoveNext() ? PubkeySha256Of(chain.Current) : null;

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
