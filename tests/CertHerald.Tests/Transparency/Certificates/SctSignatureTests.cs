using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Logs;
using LogKey = CertHerald.Transparency.Logs.LogKey;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Against embedded SCTs whose results are known: ../shared/data/sct, computed twice with independent code.</summary>
public sealed class SctSignatureTests
{
    [Fact]
    public void K5_every_embedded_SCT_verifies_exactly_as_listed()
    {
        Dictionary<string, byte[]> certificates = Ders("certificates.jsonl.gz"), issuers = Ders("issuers.jsonl.gz");
        Dictionary<string, LogKey> logs = Keys();
        var wrong = new List<string>();
        int rows = 0;
        foreach (string[] row in SharedData.Lines("sct", "sct_verification.tsv").Skip(1).Select(line => line.Split('\t')))
        {
            rows++;
            string result = Judge(certificates[row[0]], row[1].Length == 0 ? null : issuers[row[1]], int.Parse(row[2], CultureInfo.InvariantCulture), logs);
            if (result != row[7]) wrong.Add($"{row[0]} {row[2]}: {result}, listed {row[7]}");
        }

        Assert.Empty(wrong);
        Assert.True(rows > 500, $"only {rows} rows");
    }

    [Fact]
    public void Rule_1_6_A_valid_SCT_is_refused_once_a_bit_of_what_it_covers_changes()
    {
        Dictionary<string, byte[]> certificates = Ders("certificates.jsonl.gz"), issuers = Ders("issuers.jsonl.gz");
        Dictionary<string, LogKey> logs = Keys();
        string[] row = SharedData.Lines("sct", "sct_verification.tsv").Skip(1).Select(line => line.Split('\t')).First(one => one[7] == "valid");
        Assert.True(CertificateView.TryRead(certificates[row[0]], out CertificateView certificate));
        byte[] tbs = TbsFingerprint.Splice(certificate.Tbs), issuerKeyHash = KeyHashOf(issuers[row[1]]);
        byte[] sct = SctAt(certificate, int.Parse(row[2], CultureInfo.InvariantCulture));
        LogKey log = logs[row[3]];
        Assert.True(SctSignature.VerifyPrecertificate(new SerializedSct(sct), log, tbs, issuerKeyHash));

        foreach (byte[] covered in (byte[][])[tbs, issuerKeyHash, sct])
            for (int at = 0; at < covered.Length; at += Math.Max(1, covered.Length / 50))
            {
                covered[at] ^= 1;
                Assert.False(SctSignature.VerifyPrecertificate(new SerializedSct(sct), log, tbs, issuerKeyHash), $"byte {at} of {covered.Length}");
                covered[at] ^= 1;
            }
    }

    [Theory]
    [InlineData(LogKeyKind.EcdsaP256)]
    [InlineData(LogKeyKind.Rsa2048)]
    public void Rule_1_6_What_an_SCT_is_signed_over_is_byte_for_byte_the_leaf_of_its_entry(LogKeyKind kind)
    {
        using var ca = new TestCa();
        using var log = new Log(new LogOptions { KeyKind = kind });
        TestPrecertificate precertificate = ca.IssuePrecertificate("a.example.com");
        TestCertificate certificate = ca.Issue("b.example.com");
        AddedEntry first = log.AddPreChain(precertificate.Chain), second = log.AddChain(certificate.Chain);
        Assert.True(LogKey.TryCreate(log.Rfc6962Key.Spki.Span, out LogKey? key, out _));
        Assert.True(CertificateView.TryRead(precertificate.Final(first.Sct.Serialize()).Der, out CertificateView final));
        byte[] tbs = TbsFingerprint.Splice(final.Tbs), issuerKeyHash = KeyHashOf(ca.Intermediate.RawData);

        // With an extension, as these logs have it: it is signed too.
        Assert.Equal([0, 0, 5, 0, 0, 0, 0, 0], first.Sct.Extensions.ToArray());
        Assert.True(SctSignature.VerifyPrecertificate(new SerializedSct(first.Sct.Serialize()), key, tbs, issuerKeyHash));
        Assert.True(key.VerifyDigitallySigned(first.Sct.Signature.Span, log.ReadEntry(first.Index).LeafInput));
        Assert.True(SctSignature.VerifyCertificate(new SerializedSct(second.Sct.Serialize()), key, certificate.Der));
        Assert.True(key.VerifyDigitallySigned(second.Sct.Signature.Span, log.ReadEntry(second.Index).LeafInput));

        Assert.False(SctSignature.VerifyCertificate(new SerializedSct(first.Sct.Serialize()), key, tbs));
        Assert.False(SctSignature.VerifyCertificate(new SerializedSct((second.Sct with { Timestamp = second.Sct.Timestamp + 1 }).Serialize()), key, certificate.Der));
        Assert.False(SctSignature.VerifyCertificate(new SerializedSct((second.Sct with { Extensions = first.Sct.Extensions }).Serialize()), key, certificate.Der));
    }

    private static string Judge(byte[] der, byte[]? issuer, int index, Dictionary<string, LogKey> logs)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView certificate));
        var sct = new SerializedSct(SctAt(certificate, index));
        if (!logs.TryGetValue(sct.LogId.ToString(), out LogKey? log)) return "unknown-log";
        if (issuer is null) return "no-issuer";
        return SctSignature.VerifyPrecertificate(sct, log, TbsFingerprint.Splice(certificate.Tbs), KeyHashOf(issuer)) ? "valid" : "invalid";
    }

    private static byte[] SctAt(CertificateView certificate, int index)
    {
        int at = 0;
        foreach (SerializedSct sct in certificate.Scts)
            if (at++ == index)
                return sct.Encoded.ToArray();
        throw new InvalidOperationException($"there is no SCT {index}");
    }

    private static byte[] KeyHashOf(byte[] issuer)
    {
        Assert.True(CertificateView.TryRead(issuer, out CertificateView certificate));
        return SHA256.HashData(certificate.Spki);
    }

    private static Dictionary<string, byte[]> Ders(string file)
    {
        var ders = new Dictionary<string, byte[]>();
        foreach (JsonElement line in SharedData.JsonLines("sct", file)) ders[line.GetProperty("sha256").GetString()!] = line.GetProperty("der").GetBytesFromBase64();
        return ders;
    }

    private static Dictionary<string, LogKey> Keys()
    {
        var keys = new Dictionary<string, LogKey>();
        foreach (string[] row in SharedData.Lines("sct", "logs.tsv").Skip(1).Select(line => line.Split('\t')))
        {
            Assert.True(LogKey.TryCreate(Convert.FromBase64String(row[1]), out LogKey? key, out string? problem), problem);
            keys[row[0]] = key;
        }
        return keys;
    }
}
