using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CertHerald.TestLog;

/// <summary>
/// What a log looks at in a submitted certificate, and the TBSCertificate that it logs for a precertificate (RFC 6962 §3.2).
/// Fields are kept as their encoded bytes; nothing is encoded anew but the lengths around them.
/// </summary>
internal sealed class CertificateParts
{
    public const string Poison = "1.3.6.1.4.1.11129.2.4.3", SctList = "1.3.6.1.4.1.11129.2.4.2";
    private const string SigningUsage = "1.3.6.1.4.1.11129.2.4.4";
    private const string ExtendedKeyUsage = "2.5.29.37", AuthorityKeyIdentifier = "2.5.29.35";

    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0), ExtensionsTag = new(TagClass.ContextSpecific, 3);

    // In order: [version] serial signature issuer validity subject spki [unique ids]; the extensions apart.
    private readonly List<byte[]> _fields = [];
    private readonly List<(string Oid, byte[] Encoded)> _extensions = [];
    private readonly int _issuerAt;
    private readonly bool _hasExtensions;

    private CertificateParts(byte[] der)
    {
        Der = der;
        AsnReader certificate = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        AsnReader tbs = certificate.ReadSequence();
        _issuerAt = tbs.PeekTag().HasSameClassAndValue(VersionTag) ? 3 : 2;
        while (tbs.HasData)
        {
            if (tbs.PeekTag().HasSameClassAndValue(ExtensionsTag))
            {
                _hasExtensions = true;
                AsnReader list = tbs.ReadSequence(ExtensionsTag).ReadSequence();
                while (list.HasData)
                {
                    byte[] extension = list.ReadEncodedValue().ToArray();
                    _extensions.Add((new AsnReader(extension, AsnEncodingRules.BER).ReadSequence().ReadObjectIdentifier(), extension));
                }
                continue;
            }
            _fields.Add(tbs.ReadEncodedValue().ToArray());
        }
        if (_fields.Count < _issuerAt + 4) throw new AsnContentException("A TBSCertificate lacks fields.");
        SignsPrecertificates = Find(ExtendedKeyUsage) is { } usage && HasSigningUsage(usage);
    }

    public byte[] Der { get; }

    /// <summary>The encoded Name.</summary>
    public ReadOnlySpan<byte> Issuer => _fields[_issuerAt];

    /// <summary>The encoded Name.</summary>
    public ReadOnlySpan<byte> Subject => _fields[_issuerAt + 2];

    public byte[] KeyHash => SHA256.HashData(_fields[_issuerAt + 3]);

    public bool IsPrecertificate => Find(Poison) is not null;

    /// <summary>Whether it is a Precertificate Signing Certificate: the final certificate comes from its own issuer.</summary>
    public bool SignsPrecertificates { get; }

    public static CertificateParts? Read(byte[] der)
    {
        try
        {
            return new CertificateParts(der);
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>The TBSCertificate without an extension.</summary>
    /// <param name="signer">The Precertificate Signing Certificate: its issuer and its authority key replace ours. Null: none.</param>
    public byte[] TbsWithout(string oid, CertificateParts? signer = null)
    {
        AsnWriter writer = new(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            for (int i = 0; i < _fields.Count; i++)
                writer.WriteEncodedValue(i == _issuerAt && signer is not null ? signer.Issuer : _fields[i]);
            if (_hasExtensions)
                using (writer.PushSequence(ExtensionsTag))
                using (writer.PushSequence())
                    foreach ((string found, byte[] encoded) in _extensions)
                        if (found != oid) writer.WriteEncodedValue(AuthorityOf(found, signer) ?? encoded);
        }
        return writer.Encode();
    }

    /// <summary>Null if it has none of this kind.</summary>
    public X509Extension? Extension(string oid)
    {
        if (Find(oid) is not { } encoded) return null;
        AsnReader extension = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
        extension.ReadObjectIdentifier();
        bool isCritical = extension.PeekTag() == Asn1Tag.Boolean && extension.ReadBoolean();
        return new X509Extension(oid, extension.ReadOctetString(), isCritical);
    }

    private static bool HasSigningUsage(byte[] encoded)
    {
        AsnReader extension = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
        extension.ReadObjectIdentifier();
        if (extension.PeekTag() == Asn1Tag.Boolean) extension.ReadBoolean();
        AsnReader usages = new AsnReader(extension.ReadOctetString(), AsnEncodingRules.BER).ReadSequence();
        while (usages.HasData)
            if (usages.ReadObjectIdentifier() == SigningUsage) return true;
        return false;
    }

    private static byte[]? AuthorityOf(string oid, CertificateParts? signer) =>
        oid == AuthorityKeyIdentifier ? signer?.Find(AuthorityKeyIdentifier) : null;

    private byte[]? Find(string oid) => _extensions.Find(e => e.Oid == oid).Encoded;
}
