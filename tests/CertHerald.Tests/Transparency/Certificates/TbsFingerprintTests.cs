using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Certificates;
using static CertHerald.Tests.Transparency.Certificates.OddCertificate;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>A precertificate and its certificate have one fingerprint, whatever is odd in them.</summary>
public sealed class TbsFingerprintTests
{
    private static readonly byte[] SomeExtension = Extension(KeyUsage, [3, 2, 5, 0xA0]);
    private static readonly byte[] PoisonExtension = Sequence(Value(0x06, Poison), Value(0x01, [0xFF]), Value(0x04, [5, 0]));
    private static readonly byte[] SctExtension = Extension(SctListOid, Value(0x04, new byte[200]));

    [Theory]
    [InlineData("test-embedded")]
    [InlineData("test-embedded-with-intermediate")]
    public void A_precertificate_and_its_certificate_are_cut_to_the_same_bytes(string name)
    {
        byte[] precertificate = TbsOf(GooglePem($"{name}-pre-cert.pem")), certificate = TbsOf(GooglePem($"{name}-cert.pem"));

        Assert.NotEqual(precertificate, certificate);
        Assert.Equal(TbsFingerprint.Splice(precertificate), TbsFingerprint.Splice(certificate));
    }

    [Theory]
    [InlineData("test-embedded-with-preca", "ca-pre-cert.pem")]
    [InlineData("test-embedded-with-intermediate-preca", "intermediate-pre-cert.pem")]
    public void A_precertificate_of_a_signing_certificate_gets_the_issuer_of_the_certificate(string name, string signerFile)
    {
        byte[] precertificate = TbsOf(GooglePem($"{name}-pre-cert.pem")), certificate = TbsOf(GooglePem($"{name}-cert.pem"));
        CertificateView.TryRead(GooglePem(signerFile), out CertificateView signer);

        Assert.True(signer.IsPrecertificateSigner);
        Assert.NotEqual(TbsFingerprint.Splice(precertificate), TbsFingerprint.Splice(certificate));
        Assert.Equal(TbsFingerprint.Splice(certificate), TbsFingerprint.SpliceReissued(precertificate, signer));
    }

    [Fact]
    public void The_TBS_in_a_real_log_is_that_of_its_precertificate()
    {
        int rows = 0;
        byte[] ofLeaf = new byte[32], ofPrecertificate = new byte[32];
        foreach (JsonElement row in SharedData.JsonLines("get-entries", "navigli2025h2-0-1023.entries.jsonl.gz"))
        {
            byte[] leaf = row.GetProperty("leaf_input").GetBytesFromBase64(), extra = row.GetProperty("extra_data").GetBytesFromBase64();
            byte[] leafTbs = leaf[47..(47 + Uint24(leaf, 44))];
            byte[] precertificate = extra[3..(3 + Uint24(extra, 0))];
            Assert.True(CertificateView.TryRead(precertificate, out CertificateView view) && view.IsPrecertificate);

            TbsFingerprint.Hash(leafTbs, ofLeaf);
            TbsFingerprint.Hash(view.Tbs, ofPrecertificate);

            Assert.Equal(SHA256.HashData(leafTbs), ofLeaf);
            Assert.Equal(ofLeaf, ofPrecertificate);
            Assert.Equal(leafTbs, TbsFingerprint.Splice(view.Tbs));
            rows++;
        }
        Assert.Equal(1024, rows);
    }

    [Fact]
    public void Only_the_two_extensions_go_and_only_three_lengths_change()
    {
        byte[] explicitFalse = Sequence(Value(0x06, BasicConstraints), Value(0x01, [0]), Value(0x04, Sequence()));
        byte[] oddLength = ValueWithLengthOctets(5, 0x30, Concat(Value(0x06, AuthorityKey), Value(0x04, [])));
        OddCertificate with = new() { Extensions = [explicitFalse, SctExtension, oddLength, PoisonExtension], Serial = ValueWithLengthOctets(3, 0x02, [1]) };
        OddCertificate without = with with { Extensions = [explicitFalse, oddLength] };

        Assert.Equal(without.Tbs, TbsFingerprint.Splice(with.Tbs));
    }

    [Fact]
    public void Every_occurrence_goes()
    {
        OddCertificate with = new() { Extensions = [SctExtension, SctExtension, SomeExtension, PoisonExtension, SctExtension, PoisonExtension] };

        Assert.Equal((with with { Extensions = [SomeExtension] }).Tbs, TbsFingerprint.Splice(with.Tbs));
    }

    [Fact]
    public void An_emptied_list_stays()
    {
        byte[] tbs = new OddCertificate { Extensions = [PoisonExtension] }.Tbs;

        byte[] spliced = TbsFingerprint.Splice(tbs);

        Assert.Equal([0xA3, 0x02, 0x30, 0x00], spliced[^4..]);
        Assert.Equal(new OddCertificate { Wrapper = Value(0xA3, Sequence()) }.Tbs, spliced);
    }

    [Fact]
    public void Where_nothing_is_cut_not_even_an_odd_length_changes()
    {
        byte[] tbs = new OddCertificate { Extensions = [SomeExtension], Frame = (tag, content) => ValueWithLengthOctets(6, tag, content) }.Tbs;
        byte[] hash = new byte[32];

        TbsFingerprint.Hash(tbs, hash);

        Assert.Equal(tbs, TbsFingerprint.Splice(tbs));
        Assert.Equal(SHA256.HashData(tbs), hash);
    }

    [Fact]
    public void Odd_lengths_around_a_cut_become_minimal()
    {
        OddCertificate odd = new() { Extensions = [SomeExtension, PoisonExtension], Frame = (tag, content) => ValueWithLengthOctets(6, tag, content) };

        Assert.Equal(new OddCertificate { Extensions = [SomeExtension] }.Tbs, TbsFingerprint.Splice(odd.Tbs));
    }

    [Fact]
    public void Indefinite_lengths_around_a_cut_stay()
    {
        OddCertificate odd = new() { Extensions = [SomeExtension, PoisonExtension], Frame = IndefiniteValue };

        Assert.Equal((odd with { Extensions = [SomeExtension] }).Tbs, TbsFingerprint.Splice(odd.Tbs));
    }

    [Fact]
    public void Bytes_behind_the_extensions_and_the_TBS_stay()
    {
        OddCertificate odd = new() { Extensions = [SomeExtension, PoisonExtension], BehindExtensions = [5, 0, 1] };

        Assert.Equal((byte[])[.. (odd with { Extensions = [SomeExtension] }).Tbs, 9, 9], TbsFingerprint.Splice([.. odd.Tbs, 9, 9]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("3000")]
    [InlineData("3003A30130")]
    [InlineData("30820500A3")]
    [InlineData("0401AA")]
    public void What_is_no_TBS_is_hashed_as_found(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);

        Assert.Equal(bytes, TbsFingerprint.Splice(bytes));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_reissued_TBS_has_the_authority_key_of_the_signer_or_none(bool precertificateHasOne, bool signerHasOne)
    {
        byte[] old = Extension(AuthorityKey, Sequence(Value(0x80, [1]))), its = Extension(AuthorityKey, Sequence(Value(0x80, new byte[20])));
        byte[] issuer = Name(Rdn(CommonName, 0x0C, "The CA that issues in the end, with a name that is much longer than the other"));
        CertificateView.TryRead(new OddCertificate { Issuer = issuer, Extensions = signerHasOne ? [its] : [] }.Der, out CertificateView signer);
        OddCertificate precertificate = new() { Extensions = precertificateHasOne ? [old, PoisonExtension, SomeExtension] : [PoisonExtension, SomeExtension] };

        byte[][] extensions = (precertificateHasOne, signerHasOne) switch
        {
            (true, true) => [its, SomeExtension],
            (false, true) => [SomeExtension, its],
            _ => [SomeExtension],
        };
        Assert.Equal(new OddCertificate { Issuer = issuer, Extensions = extensions }.Tbs, TbsFingerprint.SpliceReissued(precertificate.Tbs, signer));
    }

    private static byte[] TbsOf(byte[] der) => CertificateView.TryRead(der, out CertificateView view) ? view.Tbs.ToArray() : [];

    private static byte[] GooglePem(string name) => Corpus.Pem("rfc6962", "google-ct-testdata", name);

    private static int Uint24(byte[] bytes, int at) => BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at)) >> 8;
}
