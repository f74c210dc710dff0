using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Certificates;
using CertHerald.Tests.Transparency.Entries;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Inspecting;

/// <summary>
/// Every certificate of the shared data, judged by OpenSSL and put before the inspector as an entry of a log. The output is
/// the table in docs/reading.md.
/// </summary>
public sealed class ReadingReportTests(ITestOutputHelper output)
{
    private static readonly WatchList Everything = Names.WatchLists.Of(".");

    [Fact]
    public void What_OpenSSL_reads_is_read_alike_and_what_it_refuses_ends_as_names_or_as_a_malformed_finding()
    {
        var classes = new SortedDictionary<string, Tally>(StringComparer.Ordinal);
        var wrong = new List<string>();
        var inspector = new Inspector(() => Everything);

        foreach ((string origin, byte[] der) in Everywhere())
        {
            if (!classes.TryGetValue(origin, out Tally? tally)) classes.Add(origin, tally = new Tally());
            tally.All++;
            using X509Certificate2? certificate = PlatformReading.Load(der);
            if (certificate is not null)
            {
                tally.Accepted++;
                wrong.AddRange(PlatformReading.Differences(certificate, der).Select(difference => $"{origin} {Convert.ToHexStringLower(SHA256.HashData(der))}: {difference}"));
                continue;
            }

            using RawBatch entry = RecordedEntries.One(EntryBytes.Leaf(der), EntryBytes.Chain());
            IReadOnlyList<Finding> findings = inspector.Inspect(entry);
            bool hasNames = findings.Any(finding => finding is MatchFinding), isReported = findings.Any(finding => finding is MalformedFinding);
            if (hasNames) tally.Named++;
            if (hasNames && isReported) tally.NamedAndReported++;
            if (!hasNames && isReported) tally.Reported++;
            if (hasNames || isReported) continue;

            // Neither: then everything was understood, and there is no DNS name in it.
            tally.Nameless++;
            NamesRead read = NamesRead.From(der);
            if (!read.IsRead || (read.Flaws & CertificateFlaws.MayHideName) != 0) wrong.Add($"{origin} {Convert.ToHexStringLower(SHA256.HashData(der))}: lost");
        }

        output.WriteLine(Table(classes));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.InRange(classes.Values.Sum(tally => tally.Accepted), 13_000, int.MaxValue);
        Assert.InRange(classes.Values.Sum(tally => tally.Refused), 500, int.MaxValue);
    }

    [Theory]
    [InlineData("16 MiB of zeros")]
    [InlineData("16 MiB of nested sequences")]
    [InlineData("16 MiB of letters")]
    [InlineData("16 MiB of a certificate cut in its names")]
    public void The_largest_possible_entry_that_cannot_be_read_is_reported_with_its_bytes(string what)
    {
        byte[] der = new byte[(1 << 24) - 1];
        if (what == "16 MiB of nested sequences")
            for (int i = 0; i + 1 < der.Length; i += 2) (der[i], der[i + 1]) = (0x30, 0x80);
        if (what == "16 MiB of letters") der.AsSpan().Fill((byte)'a');
        if (what == "16 MiB of a certificate cut in its names") der = Large(name: null).AsSpan(0, der.Length).ToArray();
        using RawBatch batch = RecordedEntries.One(EntryBytes.Leaf(der), EntryBytes.Chain());

        Finding finding = Assert.Single(new Inspector(() => Names.WatchLists.Of(".example.com")).Inspect(batch));

        Assert.Equal(EntryBytes.Leaf(der), Assert.IsType<MalformedFinding>(finding).Entry);
    }

    [Fact]
    public void A_name_at_the_end_of_an_entry_of_16_MiB_is_found()
    {
        byte[] der = Large("a.example.com");
        Assert.InRange(der.Length, (1 << 24) - 1_000, (1 << 24) - 1);
        using RawBatch batch = RecordedEntries.One(EntryBytes.Leaf(der), EntryBytes.Chain());

        Finding finding = Assert.Single(new Inspector(() => Names.WatchLists.Of(".example.com")).Inspect(batch));

        Assert.Equal(["a.example.com"], Assert.IsType<MatchFinding>(finding).Matches.Select(match => match.Identifier.Text));
    }

    /// <summary>About the largest certificate that an entry holds, with other names before this one; null: without an end.</summary>
    private static byte[] Large(string? name)
    {
        const int Each = 2 + 253;
        byte[] other = OddCertificate.Dns(string.Join('.', Enumerable.Repeat(new string('x', 49), 5)) + ".xy");
        Assert.Equal(Each, other.Length);
        int others = ((1 << 24) - 900) / Each + (name is null ? 100 : 0);
        return OddCertificate.WithSan([.. Enumerable.Repeat(other, others), .. name is null ? (byte[][])[] : [OddCertificate.Dns(name)]]).Der;
    }

    /// <summary>Certificates of the corpus, blobs of the fuzzing corpora, and what logs have served with the chains beside it.</summary>
    private static IEnumerable<(string Origin, byte[] Der)> Everywhere()
    {
        foreach (string file in Transparency.Certificates.Corpus.Files)
            foreach ((string _, byte[] der) in Transparency.Certificates.Corpus.Read(file))
                yield return ("certs/" + NameOf(file), der);
        foreach (string file in Directory.GetFiles(SharedData.PathOf("fuzz"), "*.jsonl.gz").Select(path => Path.GetFileName(path)))
            foreach (JsonElement blob in SharedData.JsonLines("fuzz", file))
                yield return ("fuzz/" + NameOf(file), blob.GetProperty("data").GetBytesFromBase64());
        foreach (string file in (string[])["navigli2025h2-0-1023.entries.jsonl.gz", "x509-selection.entries.jsonl.gz"])
            foreach (JsonElement row in SharedData.JsonLines("get-entries", file))
                foreach (byte[] der in CertificatesOf(row))
                    yield return ("entries/" + NameOf(file), der);
        foreach (string file in (string[])["get-entries.256-511.json", "get-entries.512-767.json"])
            foreach (JsonElement row in SharedData.Json("google-ct-server", file).RootElement.GetProperty("entries").EnumerateArray())
                foreach (byte[] der in CertificatesOf(row))
                    yield return ("entries/google-ct-server", der);
        using RawBatch tiles = RecordedEntries.NavigliFromTiles(0, 1_000);
        for (int place = 0; place < tiles.Count; place++)
            foreach (byte[] der in CertificatesOf(tiles[place]))
                yield return ("tiles/navigli2025h2", der);

        static string NameOf(string file) => file[..file.IndexOf('.', StringComparison.Ordinal)];
    }

    private static List<byte[]> CertificatesOf(JsonElement row)
    {
        using RawBatch batch = RecordedEntries.One(row.GetProperty("leaf_input").GetBytesFromBase64(), row.GetProperty("extra_data").GetBytesFromBase64());
        return CertificatesOf(batch[0]);
    }

    private static List<byte[]> CertificatesOf(RawEntry raw)
    {
        Assert.Equal(EntryFailure.None, LogEntry.Read(raw, out LogEntry entry));
        List<byte[]> certificates = [entry.Type == EntryType.X509 ? entry.Certificate.ToArray() : entry.PreCertificate.ToArray()];
        foreach (ReadOnlySpan<byte> issuer in entry.Chain) certificates.Add(issuer.ToArray());
        return certificates;
    }

    private static string Table(SortedDictionary<string, Tally> classes)
    {
        var table = new StringBuilder("| class | inputs | OpenSSL accepts, read alike | refuses | with names | of them also reported | reported only | read whole, no DNS name |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach ((string name, Tally tally) in classes) table.Append(tally.Row(name)).Append('\n');
        return table.Append(Tally.Sum(classes.Values).Row("all")).ToString();
    }

    private sealed class Tally
    {
        public int All, Accepted, Named, NamedAndReported, Reported, Nameless;

        public int Refused => All - Accepted;

        public static Tally Sum(IEnumerable<Tally> tallies)
        {
            var sum = new Tally();
            foreach (Tally one in tallies)
            {
                sum.All += one.All;
                sum.Accepted += one.Accepted;
                sum.Named += one.Named;
                sum.NamedAndReported += one.NamedAndReported;
                sum.Reported += one.Reported;
                sum.Nameless += one.Nameless;
            }
            return sum;
        }

        public string Row(string name)
        {
            string share = Refused == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({100.0 * Named / Refused:0.#} %)");
            return string.Create(CultureInfo.InvariantCulture, $"| `{name}` | {All:#,0} | {Accepted:#,0} | {Refused:#,0} | {Named:#,0}{share} | {NamedAndReported:#,0} | {Reported:#,0} | {Nameless:#,0} |");
        }
    }
}
