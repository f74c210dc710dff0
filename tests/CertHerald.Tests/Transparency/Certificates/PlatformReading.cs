using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>The platform's parser, OpenSSL on Linux, as a judge of ours.</summary>
internal static class PlatformReading
{
    // The platform exports keys encoded anew, so where one is oddly encoded its bytes are not those of the certificate.
    private static readonly Dictionary<string, string> KeysEncodedAnew = new()
    {
        ["820779914836992447879811cc0868be9cd5e0b0a56a8a6b47ece74513f150e0"] = "a primitive parameter has the constructed bit",
        ["9411160694758a792681fe75883f54edb997aa86ad1363fd3d394608c652fdd6"] = "a primitive parameter has the constructed bit",
        ["65cc8e943eb338c99156cf341b6710561e4215c4e65544c027c2ed09e21bed17"] = "the bit string has two unused bits, set, which the platform clears",
        ["3fdd244a6db8316aa04243767cb78da3b59bf93f7118d83b347eaa387f9ceb4b"] = "a primitive parameter has the constructed bit",
        ["8ed71b300e8b1d7703d8eba7bed7cdfea5a1149c9a3dbbb7c3c8d36408509e69"] = "a primitive parameter has the constructed bit",
        ["361b12e21faed6342b12a005e31e4399eaa27480cef0ab9909104a22182d9f12"] = "a primitive parameter has the constructed bit",
        ["b5129339014392c5ca349ad6843df026904d82cc11388d2d44ac96114f68a080"] = "indefinite length",
    };

    /// <summary>Null if it refuses the bytes.</summary>
    public static X509Certificate2? Load(byte[] der)
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

    /// <summary>What we read otherwise: names, key, serial number, issuer, subject, validity.</summary>
    public static List<string> Differences(X509Certificate2 certificate, byte[] der)
    {
        bool keyIsEncodedAnew = KeysEncodedAnew.ContainsKey(Convert.ToHexStringLower(SHA256.HashData(der)));
        if (!CertificateView.TryRead(der, out CertificateView view)) return ["is not read"];
        var different = new List<string>();
        byte[] key = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        if (keyIsEncodedAnew == view.Spki.SequenceEqual(key)) different.Add($"key {Convert.ToHexString(key)}, {Convert.ToHexString(view.Spki)}");
        // Without the last byte, for the one with unused bits.
        if (certificate.GetPublicKey() is [.. var bits, _] && view.Spki.IndexOf(bits) < 0) different.Add("key bits");
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
}
