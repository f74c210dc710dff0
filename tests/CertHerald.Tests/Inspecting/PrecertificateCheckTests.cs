using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Certificates;
using CertHerald.Tests.Transparency.Entries;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Inspecting;

/// <summary>What stands beside a leaf must agree with it, and what does not is said aloud. RFC 6962 §3.2.</summary>
public sealed class PrecertificateCheckTests
{
    private static readonly WatchList Everything = Names.WatchLists.Of(".");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rule_2_3_A_precertificate_of_either_kind_of_signer_agrees_with_its_leaf_in_both_protocols(bool throughSigner)
    {
        using var ca = new TestCa();
        await using var log = new Log();
        TestPrecertificate precertificate = ca.IssuePrecertificate(new IssueRequest("a.example.com") { ThroughSigningCertificate = throughSigner });
        log.AddPreChain(precertificate.Chain);
        (byte[] leaf, byte[] extra) = log.ReadEntry(new EntryIndex(0));

        MatchFinding chained = Find(leaf, extra);
        Assert.Null(chained.ChainMismatch);
        Assert.Null(chained.IssuerFingerprint);

        MatchFinding tiled = Find(leaf, EntryBytes.TiledExtra(precertificate.Der, [.. precertificate.Chain.Skip(1)]), ExtraDataForm.StaticCt);
        Assert.Null(tiled.ChainMismatch);
        Assert.Equal(new MerkleHash(SHA256.HashData(precertificate.Chain[1])), tiled.IssuerFingerprint);
        Assert.Equal(new MerkleHash(SHA256.HashData(precertificate.Chain[2])), tiled.FingerprintsAbove[0]);
        MatchFinding complete = tiled.WithIssuer(precertificate.Chain[1], precertificate.Chain[2]);
        Assert.Null(complete.ChainMismatch);
        Assert.Equal(JsonSerializer.Serialize(chained.Certificate), JsonSerializer.Serialize(complete.Certificate));
        // A key that is not there to be judged contradicts nothing.
        Assert.Null(tiled.WithIssuer(null).ChainMismatch);
    }

    [Theory]
    [InlineData("foreign precertificate")]
    [InlineData("one byte of the precertificate")]
    [InlineData("no chain")]
    [InlineData("disordered chain")]
    [InlineData("foreign chain")]
    [InlineData("no precertificate")]
    [InlineData("cut")]
    [InlineData("not a certificate in the chain")]
    [InlineData("nothing")]
    public void Rule_2_3_Whatever_contradicts_the_leaf_is_a_problem_and_the_leaf_is_trusted(string what)
    {
        using TestCa ca = new(), otherCa = new("Another CA");
        TestPrecertificate precertificate = ca.IssuePrecertificate("a.example.com");
        (byte[] pre, byte[] issuer, byte[] root) = (precertificate.Der, precertificate.Chain[1], precertificate.Chain[2]);
        byte[] leaf = EntryBytes.LeafOf(pre, issuer), changed = [.. pre];
        changed[pre.AsSpan().IndexOf("a.example.com"u8)] = (byte)'b';
        byte[] extra = what switch
        {
            "foreign precertificate" => EntryBytes.Extra(ca.IssuePrecertificate("harmless.example.org").Der, issuer, root),
            "one byte of the precertificate" => EntryBytes.Extra(changed, issuer, root),
            "no chain" => EntryBytes.Extra(pre),
            "disordered chain" => EntryBytes.Extra(pre, root, issuer),
            "foreign chain" => EntryBytes.Extra(pre, otherCa.Intermediate.RawData, otherCa.Root.RawData),
            "no precertificate" => EntryBytes.Extra([], issuer, root),
            "cut" => EntryBytes.Extra(pre, issuer, root)[..^1],
            "not a certificate in the chain" => EntryBytes.Extra(pre, [1, 2, 3]),
            _ => [],
        };

        MatchFinding finding = Find(leaf, extra);

        Assert.NotNull(finding.ChainMismatch);
        Assert.Equal([finding.ChainMismatch], finding.Certificate.Problems);
        Assert.Equal(["a.example.com"], finding.Certificate.DnsNames);
        Assert.Equal(Find(leaf, EntryBytes.Extra(pre, issuer, root)).Certificate.TbsSha256, finding.Certificate.TbsSha256);
        Assert.Equal(Convert.ToHexStringLower(leaf[12..44]), finding.Certificate.IssuerPubkeySha256);
        // A precertificate that is not the logged one is not shown: what the log signed is.
        bool isShown = what is not ("foreign precertificate" or "one byte of the precertificate" or "no precertificate" or "nothing");
        Assert.Equal(isShown ? pre : TbsFingerprint.Splice(TbsOf(pre)), finding.Certificate.CertDer);
    }

    [Theory]
    [InlineData("the signer's issuer is missing")]
    [InlineData("another issuer behind the signer")]
    [InlineData("the leaf was not made in the issuer's name")]
    public async Task Rule_2_3_A_signing_certificate_that_does_not_lead_to_the_leafs_issuer_is_a_mismatch(string what)
    {
        using TestCa ca = new(), otherCa = new("Another CA");
        await using var log = new Log();
        TestPrecertificate precertificate = ca.IssuePrecertificate(new IssueRequest("a.example.com") { ThroughSigningCertificate = true });
        log.AddPreChain(precertificate.Chain);
        (byte[] leaf, _) = log.ReadEntry(new EntryIndex(0));
        (byte[] pre, byte[] signer, byte[] issuer) = (precertificate.Der, precertificate.Chain[1], precertificate.Chain[2]);

        MatchFinding finding = what switch
        {
            "the signer's issuer is missing" => Find(leaf, EntryBytes.Extra(pre, signer)),
            "another issuer behind the signer" => Find(leaf, EntryBytes.Extra(pre, signer, otherCa.Intermediate.RawData)),
            _ => Find(EntryBytes.LeafOf(pre, signer), EntryBytes.Extra(pre, signer, issuer)),
        };

        Assert.NotNull(finding.ChainMismatch);
        Assert.Equal(["a.example.com"], finding.Certificate.DnsNames);
    }

    [Fact]
    public void Rule_2_2_What_stands_beside_a_leaf_is_in_no_hash_and_gives_no_name()
    {
        using var ca = new TestCa();
        TestPrecertificate plain = ca.IssuePrecertificate("plain.example.org"), watched = ca.IssuePrecertificate("watched.example.com");
        byte[] issuer = plain.Chain[1], leafOfPlain = EntryBytes.LeafOf(plain.Der, issuer), leafOfWatched = EntryBytes.LeafOf(watched.Der, issuer);
        var inspector = new Inspector(() => Names.WatchLists.Of(".example.com"));

        foreach (byte[] extra in (byte[][])[EntryBytes.Extra(plain.Der, issuer), EntryBytes.Extra(watched.Der, issuer), []])
        {
            using RawBatch unwatched = RecordedEntries.One(leafOfPlain, extra), shown = RecordedEntries.One(leafOfWatched, extra);
            Assert.Empty(inspector.Inspect(unwatched));
            Assert.Equal(["watched.example.com"], Assert.IsType<MatchFinding>(Assert.Single(inspector.Inspect(shown))).Certificate.DnsNames);
            Assert.Equal(MerkleHash.OfLeaf(leafOfPlain), unwatched.LeafHashes()[0]);
            Assert.Equal(MerkleHash.OfLeaf(leafOfWatched), shown.LeafHashes()[0]);
        }
    }

    [Fact]
    public void A_static_log_is_caught_by_the_issuer_that_it_serves()
    {
        using TestCa ca = new(), otherCa = new("Another CA");
        TestPrecertificate precertificate = ca.IssuePrecertificate("a.example.com");
        byte[] leaf = EntryBytes.LeafOf(precertificate.Der, precertificate.Chain[1]);
        MatchFinding unjudged = Find(leaf, EntryBytes.TiledExtra(precertificate.Der, otherCa.Intermediate.RawData), ExtraDataForm.StaticCt);
        Assert.Null(unjudged.ChainMismatch);

        MatchFinding judged = unjudged.WithIssuer(otherCa.Intermediate.RawData);

        Assert.Equal([judged.ChainMismatch!], judged.Certificate.Problems);
        Assert.Equal(unjudged.Certificate.IssuerPubkeySha256, judged.Certificate.IssuerPubkeySha256);
        Assert.NotNull(unjudged.WithIssuer([1, 2, 3]).ChainMismatch);
        // A foreign precertificate and a list without fingerprints need no issuer to be seen.
        Assert.NotNull(Find(leaf, EntryBytes.TiledExtra(ca.IssuePrecertificate("b.example.com").Der, precertificate.Chain[1]), ExtraDataForm.StaticCt).ChainMismatch);
        Assert.NotNull(Find(leaf, EntryBytes.TiledExtra(precertificate.Der), ExtraDataForm.StaticCt).ChainMismatch);
    }

    [Theory]
    [InlineData("test-embedded", "ca-cert.pem")]
    [InlineData("test-embedded-with-intermediate", "intermediate-cert.pem", "ca-cert.pem")]
    [InlineData("test-embedded-with-preca", "ca-pre-cert.pem", "ca-cert.pem")]
    [InlineData("test-embedded-with-intermediate-preca", "intermediate-pre-cert.pem", "intermediate-cert.pem", "ca-cert.pem")]
    public void K6_the_classic_pairs_are_one_issuance_each_without_a_mismatch(string name, params string[] chainFiles)
    {
        byte[] precertificate = Google($"{name}-pre-cert.pem"), certificate = Google($"{name}-cert.pem");
        byte[][] chain = [.. chainFiles.Select(Google)];
        bool isReissued = CertificateReading.SignsPrecertificates(chain[0]);
        byte[] issuer = isReissued ? chain[1] : chain[0];
        // The certificate that was issued in the end says, cut, what the log must have signed.
        byte[] leaf = EntryBytes.Leaf(Convert.FromHexString(CertificateReading.PubkeySha256Of(issuer)!), TbsFingerprint.Splice(TbsOf(certificate)));

        Assert.Equal(name.Contains("preca", StringComparison.Ordinal), isReissued);
        CertificateFacts before = Facts(leaf, EntryBytes.Extra(precertificate, chain), out string? mismatch);
        Assert.Null(mismatch);
        CertificateFacts after = Facts(EntryBytes.Leaf(certificate), EntryBytes.Chain(issuer), out mismatch);
        Assert.Null(mismatch);
        Assert.Equal(precertificate, before.CertDer);
        Assert.Equal(
            (after.TbsSha256, after.IssuerPubkeySha256, after.IssuerName, after.Serial, after.PubkeySha256),
            (before.TbsSha256, before.IssuerPubkeySha256, before.IssuerName, before.Serial, before.PubkeySha256));

        Facts(leaf, EntryBytes.Extra(precertificate, [.. chain.Reverse()]), out mismatch);
        Assert.Equal(chain.Length > 1, mismatch is not null);
    }

    [Fact]
    public void K6_no_real_log_is_accused()
    {
        int precertificates = 0, judged = 0;
        foreach (JsonElement row in Rows())
        {
            foreach (Finding finding in Inspect(row.GetProperty("leaf_input").GetBytesFromBase64(), row.GetProperty("extra_data").GetBytesFromBase64(), ExtraDataForm.Rfc6962))
            {
                if (finding is not MatchFinding match) continue;
                Assert.Null(match.ChainMismatch);
                if (match.Certificate.IsPrecertificate) precertificates++;
            }
        }
        using RawBatch tiles = RecordedEntries.NavigliFromTiles(0, 1_000);
        foreach (MatchFinding match in new Inspector(() => Everything).Inspect(tiles).OfType<MatchFinding>())
        {
            MatchFinding complete = match.WithIssuer(Issuer(match.IssuerFingerprint), match.FingerprintsAbove is [var above, ..] ? Issuer(above) : null);
            Assert.Null(complete.ChainMismatch);
            judged++;
        }

        Assert.InRange(precertificates, 1_500, int.MaxValue);
        Assert.InRange(judged, 990, 1_000);

        static byte[]? Issuer(MerkleHash? fingerprint) =>
            SharedData.PathOf("static-ct", "navigli2025h2", "issuer", fingerprint!.Value.ToHex()) is var path && File.Exists(path) ? File.ReadAllBytes(path) : null;
    }

    /// <summary>Rows of logs in use, and of Google's own test log.</summary>
    private static IEnumerable<JsonElement> Rows() =>
        SharedData.JsonLines("get-entries", "navigli2025h2-0-1023.entries.jsonl.gz")
            .Concat(SharedData.JsonLines("get-entries", "x509-selection.entries.jsonl.gz"))
            .Concat(((string[])["get-entries.256-511.json", "get-entries.512-767.json"])
                .SelectMany(file => SharedData.Json("google-ct-server", file).RootElement.GetProperty("entries").EnumerateArray()));

    private static MatchFinding Find(byte[] leaf, byte[] extra, ExtraDataForm form = ExtraDataForm.Rfc6962) =>
        Assert.IsType<MatchFinding>(Assert.Single(Inspect(leaf, extra, form)));

    private static IReadOnlyList<Finding> Inspect(byte[] leaf, byte[] extra, ExtraDataForm form)
    {
        using RawBatch batch = RecordedEntries.One(leaf, extra, form);
        return new Inspector(() => Everything).Inspect(batch);
    }

    /// <summary>Without a match: the classic certificates have no names.</summary>
    private static CertificateFacts Facts(byte[] leafInput, byte[] extraData, out string? mismatch)
    {
        using RawBatch batch = RecordedEntries.One(leafInput, extraData);
        Assert.Equal(EntryFailure.None, LogEntry.Read(batch[0], out LogEntry entry));
        CertificateView view;
        Assert.True(entry.Type == EntryType.X509 ? CertificateView.TryRead(entry.Certificate, out view) : CertificateView.TryReadTbs(entry.Tbs, out view));
        return CertificateReading.Read(entry, view, CertificateReading.IdentifiersOf(view), out mismatch);
    }

    private static byte[] TbsOf(byte[] der)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView view));
        return view.Tbs.ToArray();
    }

    private static byte[] Google(string file) => Transparency.Certificates.Corpus.Pem("rfc6962", "google-ct-testdata", file);
}
