using System.Numerics;

namespace CertHerald.Transparency.Certificates;

/// <summary>What kind of key a certificate holds.</summary>
/// <param name="Type">"rsa", "ecdsa", "dsa", "ed25519", "ed448"; else the algorithm's dotted identifier; "" if unreadable.</param>
/// <param name="BitLength">Bits of an RSA modulus; null otherwise.</param>
/// <param name="Curve">Of an ECDSA key: "P-256", "P-384", "P-521", "P-224", "secp256k1", or the dotted identifier; null otherwise.</param>
public readonly record struct PublicKeyFacts(string Type, int? BitLength, string? Curve)
{
    /// <summary>Describes a key without checking that it is a good one. Never throws.</summary>
    /// <param name="spki">The SubjectPublicKeyInfo with its header.</param>
    public static PublicKeyFacts Describe(ReadOnlySpan<byte> spki)
    {
        if (!new DerReader(spki).TryRead(DerTag.ConstructedSequence, out DerValue info)) return new("", null, null);
        DerReader parts = info.Contents;
        if (!parts.TryRead(DerTag.ConstructedSequence, out DerValue algorithm)) return new("", null, null);
        DerReader identifier = algorithm.Contents;
        if (!identifier.TryRead(DerTag.ObjectIdentifier, out ReadOnlySpan<byte> oid)) return new("", null, null);

        return oid switch
        {
            // rsaEncryption, id-RSAES-OAEP, id-RSASSA-PSS. RFC 4055 §1.2.
            [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01 or 0x07 or 0x0A] => new("rsa", ModulusBits(parts), null),
            [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01] => new("ecdsa", null, CurveOf(identifier)),
            [0x2A, 0x86, 0x48, 0xCE, 0x38, 0x04, 0x01] => new("dsa", null, null),
            [0x2B, 0x65, 0x70] => new("ed25519", null, null),
            [0x2B, 0x65, 0x71] => new("ed448", null, null),
            _ => new(ObjectIdentifier.Format(oid) ?? "", null, null),
        };
    }

    private static int? ModulusBits(DerReader parts)
    {
        if (!parts.TryRead(DerTag.BitString, out ReadOnlySpan<byte> bits) || bits.IsEmpty
            || !new DerReader(bits[1..]).TryRead(DerTag.ConstructedSequence, out DerValue key)
            || !key.Contents.TryRead(DerTag.Integer, out ReadOnlySpan<byte> modulus)) return null;

        modulus = modulus.TrimStart((byte)0);
        return modulus.IsEmpty ? 0 : modulus.Length * 8 - (BitOperations.LeadingZeroCount(modulus[0]) - 24);
    }

    private static string? CurveOf(DerReader identifier)
    {
        if (!identifier.TryRead(DerTag.ObjectIdentifier, out ReadOnlySpan<byte> oid)) return null;
        return oid switch
        {
            [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07] => "P-256",
            [0x2B, 0x81, 0x04, 0x00, 0x22] => "P-384",
            [0x2B, 0x81, 0x04, 0x00, 0x23] => "P-521",
            [0x2B, 0x81, 0x04, 0x00, 0x21] => "P-224",
            [0x2B, 0x81, 0x04, 0x00, 0x0A] => "secp256k1",
            _ => ObjectIdentifier.Format(oid),
        };
    }
}
