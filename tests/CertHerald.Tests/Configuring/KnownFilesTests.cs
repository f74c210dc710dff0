using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Certificates;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Configuring;

public sealed class KnownFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-known-").FullName;
    private readonly List<string> _mistakes = [];

    [Theory]
    [InlineData("rsa", true)]
    [InlineData("rsa", false)]
    [InlineData("ecdsa", true)]
    [InlineData("ecdsa", false)]
    public void A_request_makes_its_key_known_for_its_names_and_nothing_else(string kind, bool isPem)
    {
        using AsymmetricAlgorithm key = kind == "rsa" ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP384);
        CertificateRequest request = Request(key, "CN=WWW.Example.com", "shop.example.com", "*.example.com", "bücher.example");
        Write("my.csr", isPem ? System.Text.Encoding.ASCII.GetBytes(request.CreateSigningRequestPem()) : request.CreateSigningRequest());

        KnownCertificates known = Read([Path("my.csr")], []);

        Assert.Empty(_mistakes);
        CertificateFacts mine = Some.Facts("x") with { PubkeySha256 = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo())) };
        Assert.NotNull(known.WhyKnown(mine with { DnsNames = ["*.example.com", "shop.example.com", "www.example.com", "xn--bcher-kva.example"] }));
        Assert.Null(known.WhyKnown(mine with { DnsNames = ["mail.example.com"] }));
        Assert.Null(known.WhyKnown(Some.Facts("x") with { DnsNames = ["www.example.com"] }));
    }

    [Fact]
    public void Several_requests_for_one_key_join_their_names()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write("a.csr", Request(key, "CN=a.example").CreateSigningRequest());
        Write("b.csr", Request(key, "O=Some company", "b.example").CreateSigningRequest());
        Write("c.txt", [1, 2, 3]);

        KnownCertificates known = Read([Path("*.csr")], []);

        Assert.Empty(_mistakes);
        Assert.NotNull(known.WhyKnown(Some.Facts("x") with { PubkeySha256 = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo())), DnsNames = ["a.example", "b.example"] }));
    }

    [Fact]
    public void A_certificate_of_that_key_is_known_from_the_log_entry_on()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ca = new TestCa();
        Write("my.csr", Request(key, "CN=a.example", "a.example").CreateSigningRequest());
        byte[] own = ca.Issue(new IssueRequest("a.example") { SubjectKey = key }).Der, foreign = ca.Issue("a.example").Der;

        KnownCertificates known = Read([Path("my.csr")], []);

        Assert.NotNull(known.WhyKnown(FactsOf(own)));
        Assert.Null(known.WhyKnown(FactsOf(foreign)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_certificate_file_makes_its_issuance_known_in_both_forms(bool fromPrecertificate)
    {
        using var ca = new TestCa();
        using var log = new Log();
        TestPrecertificate precertificate = ca.IssuePrecertificate("a.example");
        TestCertificate final = precertificate.Final(log.AddPreChain(precertificate.Chain).Sct.Serialize());
        Write("known.pem", System.Text.Encoding.ASCII.GetBytes(fromPrecertificate ? precertificate.Pem : final.Pem));

        KnownCertificates known = Read([], [Path("known.pem")]);

        Assert.Empty(_mistakes);
        Assert.NotNull(known.WhyKnown(FactsOf(final.Der)));
        Assert.NotNull(known.WhyKnown(FactsOf(precertificate.Der)));
        Assert.Null(known.WhyKnown(FactsOf(ca.Issue("a.example").Der)));
    }

    [Fact]
    public void The_golden_certificate_is_known_by_its_file()
    {
        Write("golden.der", GoldenCertificate.Der);
        Assert.NotNull(Read([], [Path("*.der")]).WhyKnown(FactsOf(GoldenCertificate.Der)));
    }

    [Fact]
    public void Files_that_are_missing_unreadable_or_something_else_are_mistakes_and_the_rest_counts()
    {
        Write("noise.csr", RandomNumberGenerator.GetBytes(200));
        Write("noise.der", [0x30, 0x03, 1, 2, 3]);
        Write("empty.csr", []);
        File.CreateSymbolicLink(Path("dangling.csr"), Path("nowhere"));
        Write("good.der", GoldenCertificate.Der);

        KnownCertificates known = Read([Path("*.csr"), Path("missing.csr"), Path("*.none"), "", "\0"], [Path("noise.der"), Path("good.der"), Path("no-folder/*.der"), Path("no-folder/a.der")]);

        Assert.NotNull(known.WhyKnown(FactsOf(GoldenCertificate.Der)));
        Assert.Equal(4, _mistakes.Count(one => one.StartsWith("key_files: ", StringComparison.Ordinal) && one.Contains(_folder, StringComparison.Ordinal)));
        Assert.Equal(6, _mistakes.Count(one => one.StartsWith("key_files: ", StringComparison.Ordinal)));
        Assert.Equal(2, _mistakes.Count(one => one.StartsWith("certificate_files: ", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_request_whose_signature_does_not_hold_authorises_no_key()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] forged = Request(key, "CN=a.example").CreateSigningRequest();
        forged[^1] ^= 1;
        Write("forged.csr", forged);

        Read([Path("forged.csr")], []);

        Assert.Contains("no certificate signing request", Assert.Single(_mistakes), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Path(string name) => System.IO.Path.Combine(_folder, name);

    private void Write(string name, byte[] bytes) => File.WriteAllBytes(Path(name), bytes);

    private KnownCertificates Read(string[] keyFiles, string[] certificateFiles) =>
        KnownFiles.Read(keyFiles, certificateFiles, (key, problem, remedy) => _mistakes.Add($"{key}: {problem}; {remedy}"));

    private static CertificateFacts FactsOf(byte[] der)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView certificate));
        return CertificateReading.Read(der, certificate, CertificateReading.IdentifiersOf(certificate), certificate.IsPrecertificate, null);
    }

    private static CertificateRequest Request(AsymmetricAlgorithm key, string subject, params string[] names)
    {
        CertificateRequest request = key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names) alternatives.AddDnsName(name);
        alternatives.AddIpAddress(IPAddress.Parse("192.0.2.1"));
        request.CertificateExtensions.Add(alternatives.Build());
        return request;
    }
}
