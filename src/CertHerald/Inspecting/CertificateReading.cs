using System.Globalization;
using System.Security.Cryptography;
using CertHerald.Names;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;

namespace CertHerald.Inspecting;

/// <summary>From a certificate's spans to facts, for the few that matter.</summary>
internal static class CertificateReading
{
    private const string Unreadable = "chain or precertificate cannot be read";

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

    /// <summary>
    /// Most matches of one certificate that are kept. <c>*.com</c> falls under every name below it that is watched: to list a
    /// hundred thousand of them would tell nobody more.
    /// </summary>
    public const int MostMatches = 1_000;

    /// <summary>
    /// Most comparisons that the names with <c>*</c> of one certificate may cost: one such name against a million watched ones,
    /// some 50 ms. Certificates for the wildcard of a domain cost next to none.
    /// </summary>
    public const int MostComparisons = 1_000_000;

    /// <summary>What is said of a certificate whose names cost more.</summary>
    public static string TooManyGlobs { get; } =
        string.Create(CultureInfo.InvariantCulture, $"its names with '*' cost more than {MostComparisons:#,0} comparisons: those beyond were not compared, and may stand for a watched name");

    /// <summary>Every identifier and every item that it falls under, literal names first; at most <see cref="MostMatches"/>.</summary>
    /// <param name="identifiers">From <see cref="IdentifiersOf"/>.</param>
    /// <param name="isCut">There are more.</param>
    /// <param name="isSpent">There may be more: <see cref="TooManyGlobs"/>.</param>
    public static IReadOnlyList<Match> Matches(IReadOnlyCollection<Identifier> identifiers, WatchList watch, out bool isCut, out bool isSpent)
    {
        var matches = new List<Match>();
        var budget = new GlobBudget(MostComparisons);
        isCut = false;
        // Literal names first: what is left off is then what a glob stands for.
        foreach (Identifier identifier in identifiers.OrderBy(one => one.IsGlob))
        {
            foreach (WatchItem item in watch.Matches(identifier, MostMatches - matches.Count, ref budget, out isCut)) matches.Add(new Match(identifier, item.Text));
            if (isCut) break;
        }
        isSpent = budget.IsSpent;
        return matches;
    }

    /// <summary>Whether what was read of a certificate falls under a list.</summary>
    public static bool IsWatched(CertificateFacts certificate, WatchList watch) => Matches(certificate, watch, out _, out bool isSpent).Count > 0 || isSpent;

    /// <summary>The same of what was read of a certificate.</summary>
    public static IReadOnlyList<Match> Matches(CertificateFacts certificate, WatchList watch, out bool isCut, out bool isSpent) => Matches(
        [.. certificate.DnsNames.Select(name => new Identifier(IdentifierKind.Dns, name)), .. certificate.IpAddresses.Select(address => new Identifier(IdentifierKind.Ip, address))],
        watch, out isCut, out isSpent);

    /// <summary>The facts of a logged certificate or precertificate.</summary>
    /// <param name="certificate">The entry's certificate, or its leaf TBS, which alone the tree covers.</param>
    /// <param name="identifiers">From <see cref="IdentifiersOf"/>.</param>
    /// <param name="chainMismatch">How what stands beside the leaf contradicts it, as far as it can be told; else null.</param>
    public static CertificateFacts Read(
        LogEntry entry, CertificateView certificate, IReadOnlyCollection<Identifier> identifiers, out string? chainMismatch)
    {
        CertificateFacts facts = Read(entry, certificate, identifiers, out bool isForeign);
        chainMismatch = entry.ExtraFailure != ExtraFailure.None ? Unreadable
            : isForeign ? "the precertificate is not the logged one"
            : facts.IsPrecertificate ? ChainContradiction(entry, facts)
            : null;
        return facts;
    }

    /// <summary>The same, without a look at what the chain contradicts.</summary>
    public static CertificateFacts Read(LogEntry entry, CertificateView certificate, IReadOnlyCollection<Identifier> identifiers) =>
        Read(entry, certificate, identifiers, out bool _);

    /// <param name="isForeign">The precertificate cannot be this one, and is not shown: the TBS that the log signed is all there is.</param>
    private static CertificateFacts Read(LogEntry entry, CertificateView certificate, IReadOnlyCollection<Identifier> identifiers, out bool isForeign)
    {
        isForeign = entry.Type != EntryType.X509 && !PrecertificateCheck.MayBecome(entry.PreCertificate, certificate);
        return entry.Type == EntryType.X509
            ? Read(entry.Certificate, certificate, identifiers, isPrecertificate: false, IssuerKeyOf(entry.Chain))
            : Read(isForeign ? entry.Tbs : entry.PreCertificate, certificate, identifiers, isPrecertificate: true, Convert.ToHexStringLower(entry.IssuerKeyHash));
    }

    /// <summary>The facts of a certificate from anywhere.</summary>
    /// <param name="identifiers">From <see cref="IdentifiersOf"/>.</param>
    public static CertificateFacts Read(
        ReadOnlySpan<byte> der, CertificateView certificate, IReadOnlyCollection<Identifier> identifiers, bool isPrecertificate, string? issuerPubkeySha256)
    {
        return new CertificateFacts
        {
            TbsSha256 = TbsSha256Of(certificate),
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

    /// <summary>What a certificate and its precertificate have in common, in every log, in hexadecimal.</summary>
    public static string TbsSha256Of(CertificateView certificate)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        TbsFingerprint.Hash(certificate.Tbs, hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>SHA-256 of a certificate's SPKI, in hexadecimal; null if it has none that can be read.</summary>
    public static string? PubkeySha256Of(ReadOnlySpan<byte> der) =>
        CertificateView.TryRead(der, out CertificateView certificate) && !certificate.Spki.IsEmpty ? Sha256(certificate.Spki) : null;

    /// <summary>Largest key that is kept whole: some kinds take a megabyte, and none of these signs certificates.</summary>
    private const int LargestSpki = 1 << 16;

    /// <summary>A certificate's SPKI if it has this hash; else null, as for one that is too large to be kept.</summary>
    public static byte[]? SpkiOf(ReadOnlySpan<byte> der, string sha256) =>
        CertificateView.TryRead(der, out CertificateView certificate) && certificate.Spki is { IsEmpty: false, Length: <= LargestSpki } spki && Sha256(spki) == sha256
            ? spki.ToArray()
            : null;

    /// <summary>The same from the first of a chain that has it: the issuer, or the one above who signs precertificates for it. RFC 6962 §3.1.</summary>
    public static byte[]? SpkiIn(CertificateChain chain, string sha256)
    {
        for (int place = 0; place < 2 && chain.MoveNext(); place++)
            if (SpkiOf(chain.Current, sha256) is { } spki)
                return spki;
        return null;
    }

    /// <summary>Whether a certificate's key signs precertificates in the name of its issuer. RFC 6962 §3.1.</summary>
    public static bool SignsPrecertificates(ReadOnlySpan<byte> der) =>
        CertificateView.TryRead(der, out CertificateView certificate) && certificate.IsPrecertificateSigner;

    /// <summary>The first certificate of a chain; null if it has none.</summary>
    /// <param name="next">The second one, if the first signs precertificates in its name; else null.</param>
    public static byte[]? FirstOf(CertificateChain chain, out byte[]? next)
    {
        next = null;
        if (!chain.MoveNext()) return null;
        byte[] first = chain.Current.ToArray();
        if (SignsPrecertificates(first) && chain.MoveNext()) next = chain.Current.ToArray();
        return first;
    }

    private static string? ChainContradiction(LogEntry entry, CertificateFacts facts)
    {
        CertificateChain chain = entry.Chain;
        if (!chain.MoveNext()) return entry.Fingerprints.IsEmpty ? "there is no chain" : null;   // static-ct: not before the issuer is fetched

        ReadOnlySpan<byte> issuer = chain.Current;
        return PrecertificateCheck.Contradiction(
            entry.PreCertificate, facts.TbsSha256, facts.IssuerPubkeySha256!, issuer, chain.MoveNext() ? chain.Current : default);
    }

    private static string? IssuerKeyOf(CertificateChain chain) => chain.MoveNext() ? PubkeySha256Of(chain.Current) : null;

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
