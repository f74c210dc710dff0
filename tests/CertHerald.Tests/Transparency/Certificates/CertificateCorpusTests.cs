using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Ten thousand real, constructed and broken certificates, judged by two independent parsers.</summary>
public sealed class CertificateCorpusTests
{
    // The platform exports keys encoded anew, so where one is oddly encoded its bytes are not those of the certificate.
    private static readonly Dictionary<string, string> KeysThatThePlatformEncodesAnew = new()
    {
        ["820779914836992447879811cc0868be9cd5e0b0a56a8a6b47ece74513f150e0"] = "a primitive parameter has the constructed bit",
        ["9411160694758a792681fe75883f54edb997aa86ad1363fd3d394608c652fdd6"] = "a primitive parameter has the constructed bit",
        ["65cc8e943eb338c99156cf341b6710561e4215c4e65544c027c2ed09e21bed17"] = "the bit string has two unused bits, set, which the platform clears",
        ["3fdd244a6db8316aa04243767cb78da3b59bf93f7118d83b347eaa387f9ceb4b"] = "a primitive parameter has the constructed bit",
        ["8ed71b300e8b1d7703d8eba7bed7cdfea5a1149c9a3dbbb7c3c8d36408509e69"] = "a primitive parameter has the constructed bit",
        ["361b12e21faed6342b12a005e31e4399eaa27480cef0ab9909104a22182d9f12"] = "a primitive parameter has the constructed bit",
        ["b5129339014392c5ca349ad6843df026904d82cc11388d2d44ac96114f68a080"] = "indefinite length",
    };

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
        Assert.True(different.Count == 0, string.Join('\n', different));
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
                different.AddRange(Differences(certificate, der, KeysThatThePlatformEncodesAnew.ContainsKey(sha256)).Select(d => $"{sha256} {d}"));
            }
        }

        Assert.InRange(compared, 10_000, int.MaxValue);
        Assert.True(different.Count == 0, string.Join('\n', different));
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

    private static List<string> Differences(X509Certificate2 certificate, byte[] der, bool keyIsEncodedAnew)
    {
        if (!CertificateView.TryRead(der, out CertificateView view)) return ["is not read"];
        var different = new List<string>();
        byte[] key = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        if (keyIsEncodedAnew == view.Spki.SequenceEqual(key)) different.Add($"key {Convert.ToHexString(key)}, {Convert.ToHexString(view.Spki)}");
        // Without the last byte, for the one with unused bits.
        if (view.Spki.IndexOf(certificate.GetPublicKey().AsSpan()[..^1]) < 0) different.Add("key bits");
        Compare("serial", certificate.SerialNumberBytes.Span, view.Serial);
        Compare("issuer", certificate.IssuerName.RawData, view.Issuer);
        Compare("subject", certificate.SubjectName.RawData, view.Subject);
        CompareTime("notbefore", () => certificate.NotBefore, view.NotBefore);
        CompareTime("notafter", () => certificate.NotAfter, view.NotAfter);

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

        void CompareTime(string what, Func<DateTime> expected, DateTimeOffset? actual)
        {
            try
            {
                if (actual != expected().ToUniversalTime()) different.Add($"{what} {expected():O}, not {actual:O}");
            }
            catch (CryptographicException)
            {
                // The platform loads certificates whose dates it cannot read.
            }
        }

        void Compare(string what, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
        {
            if (!expected.SequenceEqual(actual)) different.Add($"{what} {Convert.ToHexString(expected)}, not {Convert.ToHexString(actual)}");
        }
    }

    private static int NumberIn(string cell) => cell.Length == 0 ? 0 : int.Parse(cell, CultureInfo.InvariantCulture);

    private static string Date(DateTimeOffset? time) => time is { } t ? string.Create(CultureInfo.InvariantCulture, $"{t.Year}-{t:MM-dd}") : "";
}
