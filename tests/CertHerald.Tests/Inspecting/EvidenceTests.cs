using System.Text;
using CertHerald.Inspecting;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Inspecting;

/// <summary>ct.md 9.6: what an evidence document proves, and that no byte of it can be another.</summary>
public sealed class EvidenceTests
{
    public static TheoryData<LogProtocol, bool> Kinds => new()
    {
        { LogProtocol.Rfc6962, false }, { LogProtocol.Rfc6962, true }, { LogProtocol.StaticCt, false }, { LogProtocol.StaticCt, true },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Rule_9_6_a_finding_has_evidence_that_holds_and_every_other_byte_in_it_is_refused(LogProtocol protocol, bool isPrecertificate)
    {
        Evidence evidence = await Exhibit.OfAsync(protocol, isPrecertificate);
        byte[] document = EvidenceJson.Write(evidence);
        Assert.Null(Refusal(document));
        Assert.Equal(isPrecertificate ? EvidenceKind.Precertificate : EvidenceKind.Certificate, evidence.Certificate!.Kind);
        Assert.Equal((21UL, 27UL), (evidence.Entry.Index.Value, evidence.Inclusion.TreeSize.Value));

        byte[] changed = [.. document];
        for (int i = 0; i < document.Length; i++)
        {
            foreach (byte other in (byte[])[(byte)(document[i] ^ 1), (byte)(document[i] ^ 0x20), (byte)' ', 0xFF])
            {
                if (other == document[i]) continue;
                changed[i] = other;
                Assert.True(Refusal(changed) is { Length: > 10 }, $"byte {i} may be {other} instead of {document[i]}");
            }
            changed[i] = document[i];
        }
    }

    [Fact]
    public async Task A_document_cut_anywhere_is_refused()
    {
        byte[] document = EvidenceJson.Write(await Exhibit.OfAsync(LogProtocol.StaticCt, true));
        for (int i = 0; i < document.Length; i++) Assert.NotNull(Refusal(document[..i]));
        Assert.Null(Refusal([.. document, (byte)'\n']));
        Assert.NotNull(Refusal([.. document, (byte)' ']));
        Assert.NotNull(Refusal([.. document, .. document]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whoever_writes_the_checksum_anew_still_has_the_log_s_signature_against_him(LogProtocol protocol, bool isPrecertificate)
    {
        Evidence true_ = await Exhibit.OfAsync(protocol, isPrecertificate), other = await Exhibit.OfAsync(protocol, isPrecertificate);
        EvidenceLog log = true_.Log;
        EvidenceEntry entry = true_.Entry;
        EvidenceCertificate certificate = true_.Certificate!;
        EvidenceInclusion inclusion = true_.Inclusion;
        MerkleHash[] path = [.. inclusion.AuditPath];

        (string What, Evidence Forged)[] forgeries =
        [
            ("another log's id", true_ with { Log = log with { Id = other.Log.Id } }),
            ("another log's key", true_ with { Log = log with { Key = other.Log.Key } }),
            ("another log", true_ with { Log = other.Log }),
            ("the other protocol", true_ with { Log = log with { Protocol = protocol == LogProtocol.Rfc6962 ? LogProtocol.StaticCt : LogProtocol.Rfc6962 } }),
            ("another origin", true_ with { Log = log with { Origin = "other.example/log" } }),
            ("no origin, or one too many", true_ with { Log = log with { Origin = log.Origin is null ? "" : null } }),
            ("another index", true_ with { Entry = entry with { Index = new EntryIndex(20) } }),
            ("an index behind the tree", true_ with { Entry = entry with { Index = new EntryIndex(27) } }),
            ("another leaf", true_ with { Entry = entry with { LeafInput = other.Entry.LeafInput } }),
            ("another leaf hash", true_ with { Entry = entry with { LeafHash = other.Entry.LeafHash } }),
            ("another entry", true_ with { Entry = other.Entry, Certificate = other.Certificate }),
            ("another time", true_ with { Entry = entry with { Timestamp = entry.Timestamp + 1 } }),
            ("no time", true_ with { Entry = entry with { Timestamp = null } }),
            ("another certificate", true_ with { Certificate = other.Certificate }),
            ("the right hash of another certificate", true_ with { Certificate = certificate with { Der = other.Certificate!.Der } }),
            ("another TBS hash", true_ with { Certificate = certificate with { TbsSha256 = other.Certificate.TbsSha256 } }),
            ("what is no certificate", true_ with { Certificate = certificate with { Der = new byte[] { 1, 2, 3 } } }),
            ("another kind", true_ with { Certificate = certificate with { Kind = isPrecertificate ? EvidenceKind.Certificate : EvidenceKind.Precertificate } }),
            ("another size", true_ with { Inclusion = inclusion with { TreeSize = new TreeSize(28) } }),
            ("another root", true_ with { Inclusion = inclusion with { Root = other.Inclusion.Root } }),
            ("a shorter path", true_ with { Inclusion = inclusion with { AuditPath = path[..^1] } }),
            ("a longer path", true_ with { Inclusion = inclusion with { AuditPath = [.. path, path[0]] } }),
            ("a path of another tree", true_ with { Inclusion = inclusion with { AuditPath = [path[1], path[0], .. path[2..]] } }),
            ("another head", true_ with { Head = other.Head }),
            ("another time of signing", true_ with { Head = true_.Head with { Timestamp = true_.Head.Timestamp - 1 } }),
        ];

        foreach ((string what, Evidence forged) in forgeries) Assert.True(Refusal(EvidenceJson.Write(forged)) is not null, what);
    }

    [Fact]
    public async Task The_certificate_takes_its_precertificate_s_place_and_the_leaf_proves_both()
    {
        Evidence evidence = await Exhibit.OfAsync(LogProtocol.Rfc6962, true);
        using var ca = new CertHerald.TestLog.TestCa();
        CertHerald.TestLog.TestPrecertificate precertificate = ca.IssuePrecertificate("www.example.com");
        using var log = new CertHerald.TestLog.Log();
        byte[] final = precertificate.Final(log.AddPreChain(precertificate.Chain).Sct.Serialize()).Der;

        byte[] leaf = LeafOf(precertificate);
        using CertHerald.Transparency.Entries.RawBatch batch = Evidence.BatchOf(leaf);
        Assert.Equal(CertHerald.Transparency.Entries.EntryFailure.None, CertHerald.Transparency.Entries.LogEntry.Read(batch[0], out CertHerald.Transparency.Entries.LogEntry entry));
        Assert.Equal(EvidenceKind.Certificate, EvidenceCertificate.Of(entry, final).Kind);
        Assert.Equal(EvidenceKind.Certificate, EvidenceCertificate.Judge(entry, final));
        Assert.Equal(EvidenceKind.Precertificate, EvidenceCertificate.Judge(entry, precertificate.Der));
        Assert.Equal(EvidenceKind.Tbs, EvidenceCertificate.Of(entry, evidence.Certificate!.Der).Kind);
        Assert.Equal(EvidenceKind.Tbs, EvidenceCertificate.Judge(entry, entry.Tbs));
        Assert.Null(EvidenceCertificate.Judge(entry, evidence.Certificate.Der.Span));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"version\":2}")]
    [InlineData("{\"version\":1,\"version\":1}")]
    [InlineData("{\"version\":1,\"log\":7}")]
    [InlineData("{\"certherald\":1}")]
    [InlineData("{\"certherald\":{\"proven\":true}}")]
    [InlineData("{\"certherald\":{\"proven\":true,\"evidence\":null}}")]
    [InlineData("{\"version\":1,\"log\":{\"id\":\"\\ud800\"}}")]
    [InlineData("\u0000\u0001")]
    public void What_is_no_evidence_is_said_to_be_none(string text) => Assert.NotEmpty(Refusal(Encoding.UTF8.GetBytes(text))!);

    [Fact]
    public void Nesting_without_end_and_length_beyond_reason_are_refused()
    {
        Assert.NotNull(Refusal(Encoding.UTF8.GetBytes(new string('[', 100_000))));
        Assert.Contains("longer than", Refusal(new byte[EvidenceJson.MostBytes + 1])!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alert_that_carries_evidence_can_be_handed_in_whole_and_one_that_left_before_its_proof_says_so()
    {
        string document = Encoding.UTF8.GetString(EvidenceJson.Write(await Exhibit.OfAsync(LogProtocol.Rfc6962, false)));

        Assert.Null(Refusal(Encoding.UTF8.GetBytes("{ \"id\": \"4\",\n \"certherald\": {\"proven\":true,\"evidence\":" + document + " } }\n")));
        Assert.Contains("not yet proven", Refusal("""{"id":"4","certherald":{"proven":false}}"""u8.ToArray())!, StringComparison.Ordinal);
    }

    private static string? Refusal(byte[] document) =>
        EvidenceJson.TryRead(document, out Evidence? evidence, out string? problem) ? EvidenceCheck.Refusal(evidence) : problem;

    private static byte[] LeafOf(CertHerald.TestLog.TestPrecertificate precertificate)
    {
        Assert.True(CertHerald.Transparency.Certificates.CertificateView.TryRead(precertificate.Der, out CertHerald.Transparency.Certificates.CertificateView view));
        byte[] tbs = CertHerald.Transparency.Certificates.TbsFingerprint.Splice(view.Tbs);
        return [0, 0, .. new byte[8], 0, 1, .. new byte[32], (byte)(tbs.Length >> 16), (byte)(tbs.Length >> 8), (byte)tbs.Length, .. tbs, 0, 0];
    }
}
