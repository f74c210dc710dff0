using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Api.Feeds;

/// <summary>A certificate in CertStream's words: the members of <c>leaf_cert</c>, and of each of its chain.</summary>
internal static class LeafCertJson
{
    private const int MostDomains = 10_000;

    /// <summary>In bytes. Nobody's are longer, but for alternative names.</summary>
    private const int LongestExtension = 16 << 10;

    // Tags. X.690 §8.
    private const byte BitString = 0x03, OctetString = 0x04, Oid = 0x06, Sequence = 0x30;

    private static ReadOnlySpan<byte> KeyUsage => [0x55, 0x1D, 0x0F];

    private static ReadOnlySpan<byte> SubjectKeyIdentifier => [0x55, 0x1D, 0x0E];

    private static ReadOnlySpan<byte> CertificatePolicies => [0x55, 0x1D, 0x20];

    private static ReadOnlySpan<byte> AuthorityInfoAccess => [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];

    // In the order of the bits. RFC 5280 §4.2.1.3.
    private static readonly string[] Usages =
        ["Digital Signature", "Non Repudiation", "Key Encipherment", "Data Encipherment", "Key Agreement", "Key Cert Sign", "C R L Sign", "Encipher Only", "Decipher Only"];

    /// <summary>Writes the members into an object that is open.</summary>
    /// <param name="der">The certificate's bytes; empty if only what the log signed of it is there.</param>
    /// <param name="withBytes">Whether <c>as_der</c> is wanted.</param>
    public static void Write(Utf8JsonWriter json, CertificateView certificate, ReadOnlySpan<byte> der, bool withBytes)
    {
        json.WriteStartArray("all_domains"u8);
        foreach (string domain in DomainsOf(certificate)) json.WriteStringValue(domain);
        json.WriteEndArray();
        if (withBytes && !der.IsEmpty) json.WriteBase64String("as_der"u8, der);
        json.WriteStartObject("extensions"u8);
        foreach (CertificateExtension extension in certificate.Extensions) WriteExtension(json, extension, certificate);
        json.WriteEndObject();
        string? sha1 = der.IsEmpty ? null : Sha1Of(der);
        json.WriteString("fingerprint"u8, sha1);
        json.WriteString("sha1"u8, sha1);
        json.WriteString("sha256"u8, der.IsEmpty ? null : WithColons(SHA256.HashData(der)));
        WriteTime(json, "not_after"u8, certificate.NotAfter);
        WriteTime(json, "not_before"u8, certificate.NotBefore);
        ReadOnlySpan<byte> serial = certificate.Serial;
        // As a number: without leading zeros.
        json.WriteString("serial_number"u8, Convert.ToHexString(serial).TrimStart('0') is { Length: > 0 } number ? number : "0");
        json.WriteString("signature_algorithm"u8, AlgorithmOf(certificate.SignatureAlgorithm));
        WriteName(json, "subject"u8, certificate.Subject);
        WriteName(json, "issuer"u8, certificate.Issuer);
        json.WriteBoolean("is_ca"u8, certificate.IsCa);
    }

    /// <summary>Its DNS names in the order of its bytes, distinct; a CA's common name is none.</summary>
    public static IReadOnlyCollection<string> DomainsOf(CertificateView certificate)
    {
        var domains = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        bool isCa = certificate.IsCa;
        foreach (RawName name in certificate.Names)
            if ((name.Source == RawNameSource.DnsName || (name.Source == RawNameSource.CommonName && !isCa)) && domains.Count < MostDomains)
            {
                string domain = Encoding.UTF8.GetString(name.Value);
                if (domain.Length > 0 && seen.Add(domain)) domains.Add(domain);
            }
        return domains;
    }

    private static void WriteExtension(Utf8JsonWriter json, CertificateExtension extension, CertificateView certificate)
    {
        ReadOnlySpan<byte> oid = extension.Oid, value = extension.Value;
        if (value.Length > LongestExtension && !oid.SequenceEqual(ExtensionOids.SubjectAltName)) return;
        if (oid.SequenceEqual(ExtensionOids.SubjectAltName)) json.WriteString("subjectAltName"u8, AlternativeNamesOf(certificate));
        else if (oid.SequenceEqual(ExtensionOids.BasicConstraints)) json.WriteString("basicConstraints"u8, certificate.IsCa ? "CA:TRUE"u8 : "CA:FALSE"u8);
        else if (oid.SequenceEqual(ExtensionOids.ExtendedKeyUsage)) json.WriteString("extendedKeyUsage"u8, PurposesOf(value));
        else if (oid.SequenceEqual(KeyUsage)) json.WriteString("keyUsage"u8, UsagesOf(value));
        else if (oid.SequenceEqual(ExtensionOids.AuthorityKeyIdentifier)) json.WriteString("authorityKeyIdentifier"u8, AuthorityOf(value));
        else if (oid.SequenceEqual(SubjectKeyIdentifier))
            json.WriteString("subjectKeyIdentifier"u8, new DerReader(value).TryRead(OctetString, out ReadOnlySpan<byte> key) ? WithColons(key) : "");
        else if (oid.SequenceEqual(AuthorityInfoAccess)) json.WriteString("authorityInfoAccess"u8, AccessOf(value));
        else if (oid.SequenceEqual(CertificatePolicies)) json.WriteString("certificatePolicies"u8, PoliciesOf(value));
        else if (oid.SequenceEqual(ExtensionOids.SctList)) json.WriteString("ctlSignedCertificateTimestamp"u8, System.Buffers.Text.Base64Url.EncodeToString(value));
        else if (oid.SequenceEqual(ExtensionOids.Poison)) json.WriteBoolean("ctlPoisonByte"u8, true);
    }

    private static string AlternativeNamesOf(CertificateView certificate)
    {
        var text = new List<string>();
        foreach (RawName name in certificate.Names)
            if (text.Count < MostDomains)
            {
                if (name.Source == RawNameSource.DnsName) text.Add("DNS:" + Encoding.UTF8.GetString(name.Value));
                else if (name.Source == RawNameSource.IpAddress && name.Value.Length is 4 or 16) text.Add("IP Address:" + new IPAddress(name.Value));
            }
        return string.Join(", ", text);
    }

    private static string UsagesOf(ReadOnlySpan<byte> value)
    {
        if (!new DerReader(value).TryRead(BitString, out ReadOnlySpan<byte> bits) || bits.Length < 2) return "";
        var usages = new List<string>();
        for (int bit = 0; bit < Usages.Length && 1 + bit / 8 < bits.Length; bit++)
            if ((bits[1 + bit / 8] & (0x80 >> bit % 8)) != 0) usages.Add(Usages[bit]);
        return string.Join(", ", usages);
    }

    private static string PurposesOf(ReadOnlySpan<byte> value)
    {
        var purposes = new List<string>();
        if (new DerReader(value).TryRead(Sequence, out DerValue list))
        {
            DerReader reader = list.Contents;
            while (reader.TryRead(Oid, out ReadOnlySpan<byte> oid))
                purposes.Add(ObjectIdentifier.Format(oid) switch
                {
                    "1.3.6.1.5.5.7.3.1" => "TLS Web server authentication",
                    "1.3.6.1.5.5.7.3.2" => "TLS Web client authentication",
                    "1.3.6.1.5.5.7.3.3" => "Code signing",
                    "1.3.6.1.5.5.7.3.4" => "E-mail protection",
                    "1.3.6.1.5.5.7.3.8" => "Time stamping",
                    "1.3.6.1.5.5.7.3.9" => "OCSP signing",
                    var other => other ?? "",
                });
        }
        return string.Join(", ", purposes);
    }

    private static string AuthorityOf(ReadOnlySpan<byte> value) =>
        new DerReader(value).TryRead(Sequence, out DerValue parts) && parts.Contents.TryRead(0x80, out ReadOnlySpan<byte> key)
            ? $"keyid:{WithColons(key)}\n"
            : "";

    private static string AccessOf(ReadOnlySpan<byte> value)
    {
        var text = new StringBuilder();
        if (!new DerReader(value).TryRead(Sequence, out DerValue list)) return "";
        DerReader reader = list.Contents;
        while (reader.TryRead(Sequence, out DerValue description))
        {
            DerReader parts = description.Contents;
            // A uniformResourceIdentifier is [6].
            if (!parts.TryRead(Oid, out ReadOnlySpan<byte> method) || !parts.TryRead(0x86, out ReadOnlySpan<byte> uri)) continue;
            string? name = method is [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01] ? "OCSP" : method is [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02] ? "CA Issuers" : ObjectIdentifier.Format(method);
            text.Append(name).Append(" - URI:").Append(Encoding.UTF8.GetString(uri)).Append('\n');
        }
        return text.ToString();
    }

    private static string PoliciesOf(ReadOnlySpan<byte> value)
    {
        var policies = new List<string>();
        if (new DerReader(value).TryRead(Sequence, out DerValue list))
        {
            DerReader reader = list.Contents;
            while (reader.TryRead(Sequence, out DerValue policy))
                if (policy.Contents.TryRead(Oid, out ReadOnlySpan<byte> oid)) policies.Add("Policy: " + ObjectIdentifier.Format(oid));
        }
        return string.Join('\n', policies);
    }

    private static void WriteName(Utf8JsonWriter json, ReadOnlySpan<byte> member, ReadOnlySpan<byte> name)
    {
        string? country = DistinguishedName.First(name, [0x55, 0x04, 0x06]), common = DistinguishedName.CommonName(name), place = DistinguishedName.First(name, [0x55, 0x04, 0x07]),
            organization = DistinguishedName.Organization(name), unit = DistinguishedName.First(name, [0x55, 0x04, 0x0B]), state = DistinguishedName.First(name, [0x55, 0x04, 0x08]);
        var aggregated = new StringBuilder();
        json.WriteStartObject(member);
        foreach ((string type, string? value) in (ReadOnlySpan<(string, string?)>)[("C", country), ("CN", common), ("L", place), ("O", organization), ("OU", unit), ("ST", state)])
        {
            json.WriteString(type, value);
            if (value is not null) aggregated.Append('/').Append(type).Append('=').Append(value);
        }
        json.WriteString("aggregated"u8, aggregated.ToString());
        // 1.2.840.113549.1.9.1
        json.WriteString("email_address"u8, DistinguishedName.First(name, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01]));
        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> member, DateTimeOffset? time)
    {
        if (time is { } known) json.WriteNumber(member, known.ToUnixTimeSeconds());
        else json.WriteNull(member);
    }

    private static string? AlgorithmOf(ReadOnlySpan<byte> identifier)
    {
        if (!new DerReader(identifier).TryRead(Sequence, out DerValue algorithm)
            || !algorithm.Contents.TryRead(Oid, out ReadOnlySpan<byte> oid)) return null;
        return ObjectIdentifier.Format(oid) switch
        {
            "1.2.840.113549.1.1.5" => "sha1, rsa",
            "1.2.840.113549.1.1.10" => "rsa-pss",
            "1.2.840.113549.1.1.11" => "sha256, rsa",
            "1.2.840.113549.1.1.12" => "sha384, rsa",
            "1.2.840.113549.1.1.13" => "sha512, rsa",
            "1.2.840.10045.4.1" => "ecdsa, sha1",
            "1.2.840.10045.4.3.2" => "ecdsa, sha256",
            "1.2.840.10045.4.3.3" => "ecdsa, sha384",
            "1.2.840.10045.4.3.4" => "ecdsa, sha512",
            "1.3.101.112" => "ed25519",
            var other => other,
        };
    }

#pragma warning disable CA5350 // The format names certificates by it; nothing is trusted for it.
    private static string Sha1Of(ReadOnlySpan<byte> der) => WithColons(SHA1.HashData(der));
#pragma warning restore CA5350

    private static string WithColons(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(3 * bytes.Length);
        foreach (byte one in bytes) text.Append(text.Length > 0 ? ":" : "").Append(one.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        return text.ToString();
    }
}
