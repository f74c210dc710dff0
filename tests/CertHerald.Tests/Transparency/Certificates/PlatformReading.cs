using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>The platform's parser, OpenSSL on Linux, as a judge of ours.</summary>
internal static class PlatformReading
{
    // The platform exports keys encoded anew. Where that changes more than lengths, its bytes are not those of the certificate.
    private static readonly Dictionary<string, string> KeysEncodedAnew = new()
    {
        ["820779914836992447879811cc0868be9cd5e0b0a56a8a6b47ece74513f150e0"] = "a primitive parameter has the constructed bit",
        ["9411160694758a792681fe75883f54edb997aa86ad1363fd3d394608c652fdd6"] = "a primitive parameter has the constructed bit",
        ["3fdd244a6db8316aa04243767cb78da3b59bf93f7118d83b347eaa387f9ceb4b"] = "a primitive parameter has the constructed bit",
        ["8ed71b300e8b1d7703d8eba7bed7cdfea5a1149c9a3dbbb7c3c8d36408509e69"] = "a primitive parameter has the constructed bit",
        ["361b12e21faed6342b12a005e31e4399eaa27480cef0ab9909104a22182d9f12"] = "a primitive parameter has the constructed bit",
        ["1f1ac238d7bfc5abd59b67da6bb2fe8fcd3aab76e471861afc10dc8fc89b7fd5"] = "the bit string is in pieces, which the platform joins",
        ["50f8ca90fd506f433f48b8376031a530c30674f7b92d746348d841130e2f0c8d"] = "the bit string is in pieces, which the platform joins",
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
        if (ExportKey(certificate) is { } key && keyIsEncodedAnew == IsSameInDer(view.Spki, key))
            different.Add($"key {Convert.ToHexString(key)}, {Convert.ToHexString(view.Spki)}");
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

    /// <summary>The platform writes keys in DER; fuzzers and some CAs do not. Judged by the platform's BER reader.</summary>
    private static bool IsSameInDer(ReadOnlySpan<byte> spki, ReadOnlySpan<byte> der)
    {
        if (spki.SequenceEqual(der)) return true;
        ReadOnlySpan<byte> ours = Content(ref spki), theirs = Content(ref der);
        ReadOnlySpan<byte> algorithm = Content(ref ours), theirAlgorithm = Content(ref theirs);
        if (!Content(ref algorithm).SequenceEqual(Content(ref theirAlgorithm)) || !algorithm.SequenceEqual(theirAlgorithm)) return false;

        ReadOnlySpan<byte> bits = Content(ref ours), theirBits = Content(ref theirs);
        if (bits.Length != theirBits.Length) return false;
        // Unused bits: the platform clears them.
        return bits.Length < 2 || (bits[1..^1].SequenceEqual(theirBits[1..^1]) && bits[^1] >> (bits[0] & 7) == theirBits[^1] >> (bits[0] & 7));
    }

    private static ReadOnlySpan<byte> Content(ref ReadOnlySpan<byte> rest)
    {
        AsnDecoder.ReadEncodedValue(rest, AsnEncodingRules.BER, out int offset, out int length, out int consumed);
        ReadOnlySpan<byte> content = rest.Slice(offset, length);
        rest = rest[consumed..];
        return content;
    }

    /// <summary>Null if the platform cannot encode the key that it has loaded: then only its bits are compared.</summary>
    private static byte[]? ExportKey(X509Certificate2 certificate)
    {
        try
        {
            return certificate.PublicKey.ExportSubjectPublicKeyInfo();
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
