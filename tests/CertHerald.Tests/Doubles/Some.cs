using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Transparency.Entries;

namespace CertHerald.Tests.Doubles;

/// <summary>Things that nobody cares about, beyond what a test says of them.</summary>
internal static class Some
{
    /// <summary>An issuance; the same name gives the same one.</summary>
    public static CertificateFacts Facts(string name, bool isPrecertificate = false) => new()
    {
        TbsSha256 = Hash("tbs of " + name),
        CertSha256 = Hash((isPrecertificate ? "precertificate of " : "certificate of ") + name),
        CertDer = Encoding.UTF8.GetBytes((isPrecertificate ? "precertificate of " : "certificate of ") + name),
        IsPrecertificate = isPrecertificate,
        DnsNames = [name],
        IpAddresses = [],
        PubkeySha256 = Hash("key of " + name),
        IssuerPubkeySha256 = Hash("key of some CA"),
        IssuerName = "O=Some CA, CN=Some CA 1",
        IssuerOrganization = "Some CA",
        IssuerCommonName = "Some CA 1",
        SubjectName = "CN=" + name,
        Serial = "0123",
        NotBefore = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        NotAfter = new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero),
        Problems = [],
    };

    /// <summary>The entry at a place of a batch, as if it showed this.</summary>
    public static MatchFinding Match(RawBatch batch, int place, CertificateFacts facts) =>
        new(batch[place].Index, batch.LeafHashes()[place], Logged, facts, [], null);

    /// <summary>The same entry, as if it could not be read.</summary>
    public static MalformedFinding Malformed(RawBatch batch, int place) =>
        new(batch[place].Index, batch.LeafHashes()[place], Logged, "the TBS has no end", batch[place].LeafInput.ToArray(), ShowsWatchedName: true);

    /// <summary>Unknown, and owed to these webhooks.</summary>
    public static Decision Unknown(Finding finding, params string[] owed) => new(
        finding,
        finding is MatchFinding match ? [.. match.Certificate.DnsNames.Select(name => new WatchedEndpoint(name, ".example", Wildcard: false))] : [],
        Known: false, "nobody knows it", owed);

    public static DateTimeOffset Logged { get; } = new(2026, 3, 1, 11, 59, 58, 123, TimeSpan.Zero);

    /// <summary>64 digits that only this text has.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public static string Numbered(string text, int number) => text + number.ToString(CultureInfo.InvariantCulture);
}
