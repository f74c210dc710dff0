using System.Globalization;
using System.Text.Json;
using CertHerald.Inspecting;

namespace CertHerald.Storage;

/// <summary>
/// A certificate of the index of all certificates, as its row holds it: there may be a hundred million. Hashes are bytes, one after
/// the other; the issuer is a row of its own; names and subject say nothing twice. Stored: what is read must stay readable. Made
/// before the transaction, which others wait for: every name costs some hashes.
/// </summary>
internal sealed class IndexedRow
{
    private const int HashLength = 32;

    // None of them is in a name, where only what can be printed is.
    private const char Separator = '\n', Shortest = '\u0001', Address = '\u0002', Json = '\u0003', SubjectIsName = '\u0001';

    private IndexedRow(IndexedCertificate certificate)
    {
        CertificateFacts facts = certificate.Certificate;
        (Index, Logged, Facts) = (checked((long)certificate.Index.Value), certificate.Logged, facts);
        (Hashes, Issuer, Names, Subject, Problems) = (HashesOf(facts), IssuerOf(facts), NamesOf(facts), SubjectOf(facts), ProblemsOf(facts));
        (Serial, Keys, TbsKey) = (Convert.FromHexString(facts.Serial), CertificateKeys.Of(facts), CertificateKeys.OfTbs(facts.TbsSha256));
    }

    public static IndexedRow[] Of(IReadOnlyList<IndexedCertificate> certificates) => [.. certificates.Select(one => new IndexedRow(one))];

    /// <summary>In its log.</summary>
    public long Index { get; }

    public DateTimeOffset Logged { get; }

    public CertificateFacts Facts { get; }

    /// <summary>TBS, certificate, public key.</summary>
    public byte[] Hashes { get; }

    /// <summary>What all certificates of one issuer share.</summary>
    public string Issuer { get; }

    /// <summary>Names and addresses: the shortest name first, which is left out where another ends with it.</summary>
    public string Names { get; }

    /// <summary>The subject; where it is <c>CN=</c> and a name of the certificate, as nearly always, that name's place.</summary>
    public string Subject { get; }

    /// <summary>Null if there are none, as nearly always.</summary>
    public string? Problems { get; }

    public byte[] Serial { get; }

    /// <summary>By which it is found.</summary>
    public IReadOnlyCollection<long> Keys { get; }

    /// <summary>By which its precertificate is.</summary>
    public long TbsKey { get; }

    private static byte[] HashesOf(CertificateFacts facts) =>
        [.. Convert.FromHexString(facts.TbsSha256), .. Convert.FromHexString(facts.CertSha256), .. Convert.FromHexString(facts.PubkeySha256)];

    private static string IssuerOf(CertificateFacts facts) =>
        JsonSerializer.Serialize<string?[]>([facts.IssuerName, facts.IssuerOrganization, facts.IssuerCommonName, facts.IssuerPubkeySha256]);

    private static string NamesOf(CertificateFacts facts)
    {
        if (facts.DnsNames.Concat(facts.IpAddresses).Any(name => name.AsSpan().IndexOfAnyInRange('\0', '\u0003') >= 0 || name.Contains(Separator, StringComparison.Ordinal) || name.Length == 0))
            return Json + JsonSerializer.Serialize<IReadOnlyList<string>[]>([facts.DnsNames, facts.IpAddresses]);

        string? shortest = facts.DnsNames.MinBy(name => name.Length);
        IEnumerable<string> longer = facts.DnsNames.Where(name => !ReferenceEquals(name, shortest))
            .Select(name => name.EndsWith(shortest!, StringComparison.Ordinal) ? string.Concat(name.AsSpan(0, name.Length - shortest!.Length), [Shortest]) : name);
        return string.Join(Separator, [.. shortest is null ? Array.Empty<string>() : [shortest], .. longer, .. facts.IpAddresses.Select(address => Address + address)]);
    }

    private static string SubjectOf(CertificateFacts facts) =>
        facts.SubjectName.StartsWith("CN=", StringComparison.Ordinal) && facts.DnsNames.TakeWhile(name => !facts.SubjectName.AsSpan(3).SequenceEqual(name)).Count() is var place && place < facts.DnsNames.Count
            ? SubjectIsName + (place == 0 ? "" : place.ToString(CultureInfo.InvariantCulture))
            : facts.SubjectName;

    private static string? ProblemsOf(CertificateFacts facts) => facts.Problems.Count == 0 ? null : JsonSerializer.Serialize(facts.Problems);

    /// <summary>The certificate again.</summary>
    /// <param name="serial">Null if there is none.</param>
    /// <param name="notBefore">Seconds since 1970.</param>
    public static CertificateFacts Read(
        byte[] hashes, bool isPrecertificate, string issuer, string names, string subject, byte[] serial, long? notBefore, long? notAfter, string? problems, byte[]? der)
    {
        (string[] dns, string[] addresses) = ReadNames(names);
        string?[] of = JsonSerializer.Deserialize<string?[]>(issuer)!;
        return new CertificateFacts
        {
            TbsSha256 = Convert.ToHexStringLower(hashes, 0, HashLength),
            CertSha256 = Convert.ToHexStringLower(hashes, HashLength, HashLength),
            CertDer = der ?? [],
            IsPrecertificate = isPrecertificate,
            DnsNames = dns,
            IpAddresses = addresses,
            PubkeySha256 = Convert.ToHexStringLower(hashes, 2 * HashLength, HashLength),
            IssuerPubkeySha256 = of[3],
            IssuerName = of[0]!,
            IssuerOrganization = of[1],
            IssuerCommonName = of[2],
            SubjectName = ReadSubject(subject, dns),
            Serial = Convert.ToHexStringLower(serial),
            NotBefore = notBefore is { } begin ? DateTimeOffset.FromUnixTimeSeconds(begin) : null,
            NotAfter = notAfter is { } end ? DateTimeOffset.FromUnixTimeSeconds(end) : null,
            Problems = problems is null ? [] : JsonSerializer.Deserialize<string[]>(problems)!,
        };
    }

    private static (string[] Dns, string[] Addresses) ReadNames(string text)
    {
        if (text.StartsWith(Json))
        {
            string[][] both = JsonSerializer.Deserialize<string[][]>(text.AsSpan(1))!;
            return (both[0], both[1]);
        }
        string[] all = text.Length == 0 ? [] : text.Split(Separator);
        string[] dns = [.. all.Where(name => !name.StartsWith(Address)).Select(name => name.EndsWith(Shortest) ? string.Concat(name.AsSpan(0, name.Length - 1), all[0]) : name)];
        Array.Sort(dns, StringComparer.Ordinal);
        return (dns, [.. all.Where(name => name.StartsWith(Address)).Select(name => name[1..])]);
    }

    private static string ReadSubject(string text, string[] names) =>
        text.StartsWith(SubjectIsName) ? "CN=" + names[text.Length == 1 ? 0 : int.Parse(text.AsSpan(1), CultureInfo.InvariantCulture)] : text;
}
