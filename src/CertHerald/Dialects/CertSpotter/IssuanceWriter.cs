using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Dialects.CertSpotter;

/// <summary>Writes an issuance as Cert Spotter does, member for member and in its order: for webhooks and for those who search.</summary>
internal sealed class IssuanceWriter(IssuerDirectory issuers)
{
    /// <summary>Not meant for HTML: base64 keeps its plus signs.</summary>
    public static JsonWriterOptions Style { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const IssuanceMembers FromDer = IssuanceMembers.Pubkey | IssuanceMembers.PubkeyDer | IssuanceMembers.IssuerNameDer;

    /// <param name="revocation">What is known of it now.</param>
    /// <param name="issuerSpki">The issuer's key; null if no chain has shown it, or it is not wanted.</param>
    public void Write(Utf8JsonWriter json, long id, CertificateFacts facts, Revocation revocation, IssuanceMembers wanted, byte[]? issuerSpki)
    {
        IssuerFacts issuer = issuers.Find(facts);
        CertificateView certificate = (wanted & FromDer) != 0 ? ViewOf(facts.CertDer) : default;

        json.WriteStartObject();
        json.WriteString("id"u8, id.ToString(CultureInfo.InvariantCulture));
        json.WriteString("tbs_sha256"u8, facts.TbsSha256);
        json.WriteString("cert_sha256"u8, facts.CertSha256);
        if (Wants(IssuanceMembers.DnsNames)) WriteStrings(json, "dns_names"u8, facts.DnsNames);
        json.WriteString("pubkey_sha256"u8, facts.PubkeySha256);
        if (Wants(IssuanceMembers.PubkeyDer)) WriteBytes(json, "pubkey_der"u8, certificate.Spki);
        if (Wants(IssuanceMembers.Pubkey)) WriteKey(json, PublicKeyFacts.Describe(certificate.Spki));
        if (Wants(IssuanceMembers.Issuer)) WriteIssuer(json, facts, issuer, certificate, wanted, issuerSpki);
        WriteTime(json, "not_before"u8, facts.NotBefore);
        WriteTime(json, "not_after"u8, facts.NotAfter);
        json.WriteBoolean("revoked"u8, revocation.IsRevoked);
        if (Wants(IssuanceMembers.Revocation)) WriteRevocation(json, revocation);
        if (Wants(IssuanceMembers.ProblemReporting)) json.WriteString("problem_reporting"u8, issuer.ProblemReporting);
        if (Wants(IssuanceMembers.CertDer)) WriteBytes(json, "cert_der"u8, facts.CertDer);
        if (Wants(IssuanceMembers.Cert)) WriteCert(json, facts);
        json.WriteEndObject();

        bool Wants(IssuanceMembers member) => (wanted & member) != 0;
    }

    private static void WriteIssuer(
        Utf8JsonWriter json, CertificateFacts facts, IssuerFacts issuer, CertificateView certificate, IssuanceMembers wanted, byte[]? spki)
    {
        json.WriteStartObject("issuer"u8);
        json.WriteString("friendly_name"u8, issuer.FriendlyName);
        if ((wanted & IssuanceMembers.IssuerWebsite) != 0) json.WriteString("website"u8, issuer.Website);
        if ((wanted & IssuanceMembers.IssuerCaaDomains) != 0)
        {
            if (issuer.CaaDomains is { } domains) WriteStrings(json, "caa_domains"u8, domains);
            else json.WriteNull("caa_domains"u8);
        }
        if ((wanted & IssuanceMembers.IssuerOperator) != 0) WriteOperator(json, issuer);
        json.WriteString("pubkey_sha256"u8, facts.IssuerPubkeySha256);
        if ((wanted & IssuanceMembers.IssuerPubkeyDer) != 0) WriteBytes(json, "pubkey_der"u8, spki);
        json.WriteString("name"u8, facts.IssuerName);
        // A precertificate may be signed by another than the certificate's issuer (RFC 6962 §3.1), whose name it then bears.
        if ((wanted & IssuanceMembers.IssuerNameDer) != 0)
            WriteBytes(json, "name_der"u8, DistinguishedName.Format(certificate.Issuer) == facts.IssuerName ? certificate.Issuer : default);
        json.WriteEndObject();
    }

    private static void WriteOperator(Utf8JsonWriter json, IssuerFacts issuer)
    {
        if (issuer.Operator is not { } runs)
        {
            json.WriteNull("operator"u8);
            return;
        }
        json.WriteStartObject("operator"u8);
        json.WriteString("name"u8, runs.Name);
        json.WriteString("website"u8, runs.Website);
        json.WriteEndObject();
    }

    private static void WriteKey(Utf8JsonWriter json, PublicKeyFacts key)
    {
        if (key.Type.Length == 0)
        {
            json.WriteNull("pubkey"u8);
            return;
        }
        json.WriteStartObject("pubkey"u8);
        json.WriteString("type"u8, key.Type);
        if (key.BitLength is { } bits) json.WriteNumber("bit_length"u8, bits);
        if (key.Curve is { } curve) json.WriteString("curve"u8, curve);
        json.WriteEndObject();
    }

    /// <summary>Null if it was never looked for.</summary>
    private static void WriteRevocation(Utf8JsonWriter json, Revocation revocation)
    {
        if (revocation.CheckedAt is null)
        {
            json.WriteNull("revocation"u8);
            return;
        }
        json.WriteStartObject("revocation"u8);
        WriteTime(json, "time"u8, revocation.RevokedAt);
        if (revocation.Reason is { } reason) json.WriteNumber("reason"u8, reason);
        else json.WriteNull("reason"u8);
        WriteTime(json, "checked_at"u8, revocation.CheckedAt);
        json.WriteEndObject();
    }

    private static void WriteCert(Utf8JsonWriter json, CertificateFacts facts)
    {
        json.WriteStartObject("cert"u8);
        json.WriteString("type"u8, facts.IsPrecertificate ? "precert" : "cert");
        json.WriteString("sha256"u8, facts.CertSha256);
        WriteBytes(json, "data"u8, facts.CertDer);
        json.WriteEndObject();
    }

    /// <summary>What is kept of a precertificate that was not the logged one is the TBSCertificate that the log signed.</summary>
    private static CertificateView ViewOf(byte[] der)
    {
        if (!CertificateView.TryRead(der, out CertificateView certificate)) CertificateView.TryReadTbs(der, out certificate);
        return certificate;
    }

    private static void WriteStrings(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static void WriteBytes(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) json.WriteNull(name);
        else json.WriteBase64String(name, bytes);
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known) json.WriteString(name, known.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        else json.WriteNull(name);
    }
}
