using System.Formats.Asn1;
using System.Security.Cryptography;

namespace CertHerald.TestLog.Corpora;

/// <summary>
/// What certificates of one invented CA have in common, encoded once. The signatures are random bytes of the right shape;
/// the keys of the CAs sign nothing.
/// </summary>
internal sealed class SyntheticCa
{
    private static readonly byte[] Sha256WithRsa = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0];
    private static readonly byte[] EcdsaWithSha384 = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];

    public SyntheticCa(int number, ref SplitMix random)
    {
        SignsWithRsa = number % 2 == 0;
        byte[] rootName = Name("Synthetic Trust", $"Synthetic Root X{number / 2 + 1}");
        NameDer = Name("Synthetic Trust", $"{(SignsWithRsa ? "R" : "E")}{number + 1}");
        byte[] rootSpki = RsaSpki(512, ref random), spki = SignsWithRsa ? RsaSpki(256, ref random) : EcSpki(ref random);
        byte[] rootKeyId = KeyIdOf(rootSpki), keyId = KeyIdOf(spki);
        byte[] root = CaCertificate(rootName, rootName, rootSpki, rootKeyId, rootKeyId, ref random);
        byte[] intermediate = CaCertificate(rootName, NameDer, spki, rootKeyId, keyId, ref random);

        KeyHash = SHA256.HashData(spki);
        SharedExtensions = LeafExtensions(keyId, NameOf(number));
        Chain = LeafFormat.ExtraData(null, [intermediate, root]);
        Algorithm = SignsWithRsa ? Sha256WithRsa : EcdsaWithSha384;
    }

    public bool SignsWithRsa { get; }

    public byte[] NameDer { get; }

    public byte[] KeyHash { get; }

    /// <summary>The encoded signature algorithm.</summary>
    public byte[] Algorithm { get; }

    /// <summary>All extensions but names, key identifier and those of RFC 6962, one after the other.</summary>
    public byte[] SharedExtensions { get; }

    /// <summary>The u24-length list of intermediate and root.</summary>
    public byte[] Chain { get; }

    public static byte[] RsaSpki(int modulusBytes, ref SplitMix random)
    {
        byte[] modulus = new byte[modulusBytes];
        random.Fill(modulus);
        modulus[0] |= 0x80;
        modulus[^1] |= 1;
        using RSA key = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = [1, 0, 1] });
        return key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>A point that is on the curve: parsers may look.</summary>
    public static byte[] EcSpki(ref SplitMix random)
    {
        byte[] d = new byte[32];
        random.Fill(d);
        d[0] = 1;
        using ECDsa key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d });
        return key.ExportSubjectPublicKeyInfo();
    }

    private static byte[] CaCertificate(
        byte[] issuer, byte[] subject, byte[] spki, byte[] issuerKeyId, byte[] keyId, ref SplitMix random)
    {
        byte[] serial = new byte[16];
        random.Fill(serial);
        serial[0] = 0x3a;
        byte[] signature = new byte[512];
        random.Fill(signature);

        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0))) writer.WriteInteger(2);
                writer.WriteIntegerUnsigned(serial);
                writer.WriteEncodedValue(Sha256WithRsa);
                writer.WriteEncodedValue(issuer);
                using (writer.PushSequence())
                {
                    writer.WriteUtcTime(new DateTimeOffset(2024, 3, 13, 0, 0, 0, TimeSpan.Zero));
                    writer.WriteUtcTime(new DateTimeOffset(2035, 3, 12, 23, 59, 59, TimeSpan.Zero));
                }
                writer.WriteEncodedValue(subject);
                writer.WriteEncodedValue(spki);
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3)))
                using (writer.PushSequence())
                {
                    Extension(writer, "2.5.29.15", true, [3, 2, 1, 6]);
                    Extension(writer, "2.5.29.19", true, [0x30, 3, 1, 1, 0xff]);
                    Extension(writer, "2.5.29.14", false, [4, 20, .. keyId]);
                    Extension(writer, "2.5.29.35", false, [0x30, 22, 0x80, 20, .. issuerKeyId]);
                }
            }
            writer.WriteEncodedValue(Sha256WithRsa);
            writer.WriteBitString(signature);
        }
        return writer.Encode();
    }

    private static byte[] LeafExtensions(byte[] issuerKeyId, string host)
    {
        AsnWriter all = new(AsnEncodingRules.DER);
        using (all.PushSequence())
        {
            Extension(all, "2.5.29.15", true, [3, 2, 5, 0xa0]);
            Extension(all, "2.5.29.37", false, Encoded(w =>
            {
                w.WriteObjectIdentifier("1.3.6.1.5.5.7.3.1");
                w.WriteObjectIdentifier("1.3.6.1.5.5.7.3.2");
            }));
            Extension(all, "2.5.29.19", true, [0x30, 0]);
            Extension(all, "2.5.29.35", false, [0x30, 22, 0x80, 20, .. issuerKeyId]);
            Extension(all, "1.3.6.1.5.5.7.1.1", false, Encoded(w =>
            {
                Access(w, "1.3.6.1.5.5.7.48.1", $"http://ocsp.{host}");
                Access(w, "1.3.6.1.5.5.7.48.2", $"http://issuers.{host}/ca.der");
            }));
            Extension(all, "2.5.29.32", false, Encoded(w =>
            {
                using (w.PushSequence()) w.WriteObjectIdentifier("2.23.140.1.2.1");
            }));
            Extension(all, "2.5.29.31", false, Encoded(w =>
            {
                using (w.PushSequence())
                using (w.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                using (w.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    Url(w, $"http://crl.{host}/7.crl");
            }));
        }
        AsnDecoder.ReadSequence(all.Encode(), AsnEncodingRules.DER, out int at, out int length, out _);
        return all.Encode().AsSpan(at, length).ToArray();
    }

    private static void Extension(AsnWriter writer, string oid, bool critical, byte[] value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            if (critical) writer.WriteBoolean(true);
            writer.WriteOctetString(value);
        }
    }

    private static void Access(AsnWriter writer, string method, string url)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(method);
            Url(writer, url);
        }
    }

    private static void Url(AsnWriter writer, string url) =>
        writer.WriteCharacterString(UniversalTagNumber.IA5String, url, new Asn1Tag(TagClass.ContextSpecific, 6));

    private static byte[] Encoded(Action<AsnWriter> write)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence()) write(writer);
        return writer.Encode();
    }

    private static byte[] Name(string organization, string commonName) => Encoded(w =>
    {
        foreach ((string oid, string value) in new[] { ("2.5.4.6", "IT"), ("2.5.4.10", organization), ("2.5.4.3", commonName) })
            using (w.PushSetOf())
            using (w.PushSequence())
            {
                w.WriteObjectIdentifier(oid);
                w.WriteCharacterString(UniversalTagNumber.PrintableString, value);
            }
    });

    private static string NameOf(int number) => $"ca{number + 1}.synthetic-trust.test";

    // A key identifier need not be SHA-1; 20 bytes are what most have.
    private static byte[] KeyIdOf(byte[] spki) => SHA256.HashData(spki)[..20];
}
