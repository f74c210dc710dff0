using System.Security.Cryptography;
using CertHerald.Transparency.Certificates;
using static CertHerald.Tests.Transparency.Certificates.OddCertificate;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>What the search API says of keys.</summary>
public sealed class PublicKeyFactsTests
{
    [Theory]
    [InlineData(1024)]
    [InlineData(2048)]
    public void An_RSA_key_has_the_bits_of_its_modulus(int bits)
    {
        using var key = RSA.Create(bits);

        Assert.Equal(new PublicKeyFacts("rsa", bits, null), PublicKeyFacts.Describe(key.ExportSubjectPublicKeyInfo()));
    }

    [Theory]
    [InlineData("1.2.840.10045.3.1.7", "P-256")]
    [InlineData("1.3.132.0.34", "P-384")]
    [InlineData("1.3.132.0.35", "P-521")]
    public void An_elliptic_key_has_the_name_of_its_curve(string oid, string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(oid));

        Assert.Equal(new PublicKeyFacts("ecdsa", null, curve), PublicKeyFacts.Describe(key.ExportSubjectPublicKeyInfo()));
    }

    [Theory]
    [InlineData("300706052B81040006", "1.3.132.0.6")]
    [InlineData("2B6570", "ed25519")]
    public void Other_curves_and_keys_have_a_name_or_an_identifier(string hex, string expected)
    {
        byte[] given = Convert.FromHexString(hex);
        byte[] algorithm = given[0] == 0x30
            ? Sequence(Value(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]), given[2..])
            : Sequence(Value(0x06, given));
        PublicKeyFacts facts = PublicKeyFacts.Describe(Sequence(algorithm, Value(0x03, [0])));

        Assert.Equal(expected, facts.Curve ?? facts.Type);
    }

    [Theory]
    [InlineData("")]
    [InlineData("3000")]
    [InlineData("30023000")]
    [InlineData("300430020600")]
    public void What_is_no_key_has_no_type(string hex) => Assert.Equal(new PublicKeyFacts("", null, null), PublicKeyFacts.Describe(Convert.FromHexString(hex)));

    [Fact]
    public void An_RSA_key_that_cannot_be_read_has_no_length()
    {
        byte[] algorithm = Sequence(Value(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]));

        Assert.Equal(new PublicKeyFacts("rsa", null, null), PublicKeyFacts.Describe(Sequence(algorithm, Value(0x03, [0, 1, 2]))));
    }
}
