using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Ten thousand real, constructed and broken certificates, judged by two independent parsers.</summary>
public sealed class CertificateCorpusTests
{
    [Fact]
    public void What_an_independent_parser_found_is_found()
    {
        Dictionary<string, Corpus.Row> index = Corpus.Index().Where(r => r.Parse == "ok").ToDictionary(r => r.Sha256);
        var different = new List<string>();
        int compared = 0;

        foreach ((string sha256, byte[] der) in Corpus.ReadAll())
        {
            Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(der)));
            if (!index.TryGetValue(sha256, out Corpus.Row? row)) continue;
            Assert.True(CertificateView.TryRead(der, out CertificateView view), sha256);
            compared++;

            Compare("ca", row.Ca == "1", view.IsCa);
            Compare("poison", row.Poison == "1", view.IsPrecertificate);
            Compare("scts", NumberIn(row.Scts), view.Scts.Count());
            Compare("dns", NumberIn(row.Dns), NamesRead.From(der).DnsNames.Count);
            Compare("notbefore", row.NotBefore, Date(view.NotBefore));
            Compare("notafter", row.NotAfter, Date(view.NotAfter));

            void Compare<T>(string what, T expected, T actual)
            {
                if (!EqualityComparer<T>.Default.Equals(expected, actual)) different.Add($"{sha256} {what}: {expected}, not {actual}");
            }
        }

        Assert.Equal(index.Count, compared);
        Assert.Empty(different);
    }

    [Fact]
    public void What_the_platform_reads_is_read_alike()
    {
        var different = new List<string>();
        int compared = 0;
        foreach ((string sha256, byte[] der) in Corpus.ReadAll())
        {
            X509Certificate2? certificate = Load(der);
            if (certificate is null) continue;
            using (certificate)
            {
                compared++;
                different.AddRange(Differences(certificate, der).Select(d => $"{sha256} {d}"));
            }
        }

        Assert.InRange(compared, 10_000, int.MaxValue);
        Assert.Empty(different);
    }

    [Fact]
    public void What_a_strict_parser_refuses_shows_its_names_or_is_reported()
    {
        int read = 0, refused = 0;
        foreach ((string _, byte[] der) in Corpus.Read("malformed.jsonl.gz"))
        {
            NamesRead names = NamesRead.From(der);
            if (names.IsRead) read++;
            else refused++;
            if (!names.IsRead) Assert.NotEqual(CertificateFlaws.None, names.Flaws & CertificateFlaws.TbsUnreadable);
        }

        Assert.Equal(489, read + refused);
        Assert.InRange(refused, 0, 60);
    }

    private static X509Certificate2? Load(byte[] der)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static List<string> Differences(X509Certificate2 certificate, byte[] der)
    {
        if (!CertificateView.TryRead(der, out CertificateView view)) return ["is not read"];
        var different = new List<string>();
        Compare("key", certificate.PublicKey.ExportSubjectPublicKeyInfo(), view.Spki);
        Compare("serial", certificate.SerialNumberBytes.Span, view.Serial);
        Compare("issuer", certificate.IssuerName.RawData, view.Issuer);
        Compare("subject", certificate.SubjectName.RawData, view.Subject);
        if (view.NotBefore != certificate.NotBefore.ToUniversalTime()) different.Add($"notbefore {certificate.NotBefore:O}, not {view.NotBefore:O}");
        if (view.NotAfter != certificate.NotAfter.ToUniversalTime()) different.Add($"notafter {certificate.NotAfter:O}, not {view.NotAfter:O}");

        NamesRead names = NamesRead.From(der);
        List<string> dnsNames = [], addresses = [];
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != "2.5.29.17") continue;
            try
            {
                var san = new X509SubjectAlternativeNameExtension(extension.RawData);
                dnsNames.AddRange(san.EnumerateDnsNames());
                addresses.AddRange(san.EnumerateIPAddresses().Select(a => a.ToString()));
            }
            catch (CryptographicException)
            {
                return different;
            }
        }
        if (!dnsNames.SequenceEqual(names.DnsNames)) different.Add($"dns {string.Join(' ', dnsNames)}, not {string.Join(' ', names.DnsNames)}");
        if (!addresses.SequenceEqual(names.IpAddresses)) different.Add($"ip {string.Join(' ', addresses)}, not {string.Join(' ', names.IpAddresses)}");
        return different;

        void Compare(string what, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
        {
            if (!expected.SequenceEqual(actual)) different.Add($"{what} {Convert.ToHexString(expected)}, not {Convert.ToHexString(actual)}");
        }
    }

    private static int NumberIn(string cell) => cell.Length == 0 ? 0 : int.Parse(cell, CultureInfo.InvariantCulture);

    private static string Date(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "";
}
