using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.Delivering;

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

    protected static void WriteCertificate(Utf8JsonWriter json, byte[] der, string sha256)
    {
        json.WriteString("certificate_pem"u8, PemEncoding.WriteString("CERTIFICATE", der) + "\n");
        json.WriteString("cert_hash_sha256"u8, sha256);
    }
}

/// <summary>A certificate for what is watched.</summary>
/// <param name="Evidence">Null: the webhook did not ask for it.</param>
internal sealed record CertificateChange(byte[] Der, string Sha256, DeliveryEvidence? Evidence = null) : MetaChange("certificate")
{
    public override void WriteValue(Utf8JsonWriter json, string id)
    {
        WriteCertificate(json, Der, Sha256);
        Evidence?.WriteTo(json);                               // only for those who asked: the original has no such member
    }
}
