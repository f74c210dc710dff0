using System.Security.Cryptography;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Logs;

namespace CertHerald.Tests.Transparency.Logs;

public class LogKeyTests
{
    private static readonly byte[] Message = "a head"u8.ToArray();

    [Fact]
    public void Rule_1_1_A_log_id_is_the_hash_of_the_whole_key_structure()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] spki = ecdsa.ExportSubjectPublicKeyInfo();

        Assert.True(LogKey.TryCreate(spki, out LogKey? key, out _));

        Assert.Equal(SHA256.HashData(spki), key.Id.Value.ToArray());
        Assert.Equal(Convert.ToBase64String(SHA256.HashData(spki)), key.Id.ToString());
    }

    [Fact]
    public void Rule_1_2_P256_and_rsa_of_2048_bits_are_keys_of_logs()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        foreach (byte[] spki in new[] { ecdsa.ExportSubjectPublicKeyInfo(), rsa.ExportSubjectPublicKeyInfo() })
        {
            Assert.True(LogKey.TryCreate(spki, out LogKey? key, out _));
            Assert.Equal(LogId.Of(spki), key.Id);
            Assert.Equal(spki, key.Spki.ToArray());
        }
    }

    [Fact]
    public void Rule_1_2_Other_keys_are_refused_with_a_reason()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var weak = RSA.Create(1024);
        using var good = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Refused(p384.ExportSubjectPublicKeyInfo(), "another curve");
        Refused(weak.ExportSubjectPublicKeyInfo(), "1024 bits");
        Refused([.. good.ExportSubjectPublicKeyInfo(), 0], "");
        Refused(good.ExportSubjectPublicKeyInfo()[..^1], "not a readable");
        Refused([], "not a readable");
        Refused(new byte[5_000], "longer than");

        static void Refused(byte[] spki, string reason)
        {
            Assert.False(LogKey.TryCreate(spki, out LogKey? key, out string? problem));
            Assert.Null(key);
            Assert.Contains(reason, problem, StringComparison.Ordinal);
        }
    }

    // RFC 5246 §4.7, RFC 6962 §2.1.4; ct.md 1.4.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rule_1_4_Only_the_exact_structure_of_a_signature_is_valid(bool rsaSigned)
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        byte[] signature = rsaSigned
            ? rsa.SignData(Message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : ecdsa.SignData(Message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        byte[] signed = [4, (byte)(rsaSigned ? 1 : 3), (byte)(signature.Length >> 8), (byte)signature.Length, .. signature];
        Assert.True(LogKey.TryCreate(
            rsaSigned ? rsa.ExportSubjectPublicKeyInfo() : ecdsa.ExportSubjectPublicKeyInfo(), out LogKey? key, out _));

        Assert.True(key.VerifyDigitallySigned(signed, Message));
        Assert.False(key.VerifyDigitallySigned(signed, "a heae"u8));
        Assert.False(key.VerifyDigitallySigned([.. signed, 0], Message));
        for (int length = 0; length < signed.Length; length++) Assert.False(key.VerifyDigitallySigned(signed.AsSpan(0, length), Message));
        for (int i = 0; i < 5; i++)
        {
            byte[] changed = [.. signed];
            changed[i] ^= 2;                                   // among them: the code of the other kind of key
            Assert.False(key.VerifyDigitallySigned(changed, Message));
        }
    }

    [Fact]
    public void Rule_1_1_The_key_of_argon_has_the_id_that_log_lists_state()
    {
        byte[] spki = Convert.FromBase64String(SharedData.Text("rfc6962", "argon2027h1", "key.b64"));
        Assert.True(LogKey.TryCreate(spki, out LogKey? key, out _));
        Assert.Equal("1tWNqdAXU/NqSqDHV0kCr+vH3CzTjNn3ZMgMiRkenwI=", key.Id.ToString());
    }
}
