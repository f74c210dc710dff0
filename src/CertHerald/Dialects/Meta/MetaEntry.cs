using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.Delivering;
using CertHerald.Inspecting;

namespace CertHerald.Dialects.Meta;

/// <summary>One certificate in a body.</summary>
/// <param name="Id">The issuance's: receivers ask for it by this.</param>
/// <param name="Time">When it is sent for the first time.</param>
/// <param name="IsShort">Says which field changed, and no more.</param>
internal sealed record MetaEntry(long Id, DateTimeOffset Time, MetaChange Change, bool IsShort = false);

/// <summary>What there is to tell of a certificate.</summary>
/// <param name="Field">What receivers subscribe to.</param>
internal abstract record MetaChange(string Field)
{
    /// <param name="id">The entry's.</param>
    public abstract void WriteValue(Utf8JsonWriter json, string id);

    /// <summary>Lines of 64 characters, each with its end.</summary>
    public static string PemOf(byte[] der) => PemEncoding.WriteString("CERTIFICATE", der) + "\n";

    protected static void WriteCertificate(Utf8JsonWriter json, string pem, string sha256)
    {
        json.WriteString("certificate_pem"u8, pem);
        json.WriteString("cert_hash_sha256"u8, sha256);
    }
}

/// <summary>A certificate for what is watched.</summary>
/// <param name="Evidence">Null: the webhook did not ask for it.</param>
internal sealed record CertificateChange(string Pem, string Sha256, DeliveryEvidence? Evidence = null) : MetaChange("certificate")
{
    public override void WriteValue(Utf8JsonWriter json, string id)
    {
        WriteCertificate(json, Pem, Sha256);
        Evidence?.WriteTo(json);                               // only for those who asked: the original has no such member
    }
}

/// <summary>A certificate for names that imitate a protected domain.</summary>
/// <param name="Names">Those that imitate, in any order.</param>
/// <param name="Imitated">The protected domain.</param>
internal sealed record PhishingChange(string Pem, string Sha256, IReadOnlyList<string> Names, string Imitated) : MetaChange("phishing")
{
    /// <summary>Null: the webhook did not ask for it.</summary>
    public DeliveryEvidence? Evidence { get; init; }

    /// <summary>The strongest of the names, of which class and score are told with the evidence.</summary>
    public LookalikeName? Strongest { get; init; }

    public override void WriteValue(Utf8JsonWriter json, string id)
    {
        json.WriteStartObject("ct_cert"u8);
        json.WriteString("id"u8, id);
        WriteCertificate(json, Pem, Sha256);
        json.WriteEndObject();
        json.WriteStartArray("phishing_domains"u8);
        foreach (string name in Names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteString("phished_domain"u8, Imitated);
        Evidence?.WriteTo(json, Strongest);
    }
}
