using System.Security.Cryptography;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>The golden facts about G1, line by line, from the page that shows it.</summary>
public sealed class GoldenCertificateTests
{
    private static readonly byte[] Der = GoldenCertificate.Der;
    private static readonly byte[] Tbs = TbsOf(Der);

    [Fact]
    public void Its_DER_has_1634_bytes_and_the_published_hash()
    {
        Assert.Equal(1634, Der.Length);
        Assert.Equal("69fb7252f3cd5c052db8325cf82dc40bd72ed01525f2301f804765be8d62ae43", HexHash(Der));
    }

    [Fact]
    public void Its_TBS_has_1354_bytes_and_968_without_the_SCT_list_of_386()
    {
        byte[] spliced = TbsFingerprint.Splice(Tbs);

        Assert.Equal(1354, Tbs.Length);
        Assert.Equal(968, spliced.Length);
        Assert.Equal(386, Tbs.Length - spliced.Length);
        CertificateView.TryRead(Der, out CertificateView view);
        int length = 0;
        foreach (CertificateExtension extension in view.Extensions)
            if (extension.Oid.SequenceEqual(ExtensionOids.SctList)) length += extension.Encoded.Length;
        Assert.Equal(386, length);
    }

    [Fact]
    public void Its_TBS_hash_is_the_published_one()
    {
        byte[] hash = new byte[32];
        TbsFingerprint.Hash(Tbs, hash);

        Assert.Equal("4dc65f49ec2b0f1b7120207000d8ed3dd94465e89dfe9210715ddc82a8ff4f18", Convert.ToHexStringLower(hash));
        Assert.Equal(hash, SHA256.HashData(TbsFingerprint.Splice(Tbs)));
    }

    [Fact]
    public void Its_key_has_294_bytes_and_the_published_hash()
    {
        CertificateView.TryRead(Der, out CertificateView view);

        Assert.Equal(294, view.Spki.Length);
        Assert.Equal("36487345ef0c9a7aa10047ab32d64c1617f85163120e7d07187aa443729eebb4", HexHash(view.Spki));
        Assert.Equal(new PublicKeyFacts("rsa", 2048, null), PublicKeyFacts.Describe(view.Spki));
    }

    [Fact]
    public void Its_names_are_the_published_ones_and_two_are_under_sslmate_com()
    {
        NamesRead read = NamesRead.From(Der);
        string[] names = [.. read.All.Distinct().Order(StringComparer.Ordinal)];

        Assert.Equal(["packages.opsmate.com", "packages.sslmate.com", "software.sslmate.com"], names);
        Assert.Equal(["packages.sslmate.com", "software.sslmate.com"], names.Where(n => n.EndsWith(".sslmate.com", StringComparison.Ordinal)));
        Assert.Equal(CertificateFlaws.None, read.Flaws);
    }

    [Fact]
    public void Its_issuer_is_written_as_published()
    {
        CertificateView.TryRead(Der, out CertificateView view);

        Assert.Equal("C=GB, ST=Greater Manchester, L=Salford, O=Sectigo Limited, CN=Sectigo RSA Domain Validation Secure Server CA",
            DistinguishedName.Format(view.Issuer));
        Assert.Equal("Sectigo Limited", DistinguishedName.Organization(view.Issuer));
        Assert.Equal("Sectigo RSA Domain Validation Secure Server CA", DistinguishedName.CommonName(view.Issuer));
    }

    [Fact]
    public void Its_validity_is_the_published_one()
    {
        CertificateView.TryRead(Der, out CertificateView view);

        Assert.Equal(new DateTimeOffset(2021, 7, 13, 0, 0, 0, TimeSpan.Zero), view.NotBefore);
        Assert.Equal(new DateTimeOffset(2022, 8, 12, 23, 59, 59, TimeSpan.Zero), view.NotAfter);
        Assert.False(view.IsCa);
        Assert.False(view.IsPrecertificate);
        Assert.Equal(3, view.Scts.Count());
        Assert.Empty(view.Problems());
    }

    [Fact]
    public void Its_issuers_key_hash_is_that_of_the_CA_certificate_with_the_issuers_name()
    {
        CertificateView.TryRead(Der, out CertificateView view);
        var hashes = new HashSet<string>();
        foreach (byte[] der in Corpus.Read("ccadb-ca.jsonl.gz").Select(c => c.Der))
            if (CertificateView.TryRead(der, out CertificateView ca) && ca.Subject.SequenceEqual(view.Issuer))
                hashes.Add(HexHash(ca.Spki));

        Assert.Equal(["e1ae9c3de848ece1ba72e0d991ae4d0d9ec547c6bad1dddab9d6beb0a7e0e0d8"], hashes);
    }

    private static byte[] TbsOf(byte[] der) => CertificateView.TryRead(der, out CertificateView view) ? view.Tbs.ToArray() : [];

    private static string HexHash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
