using System.Collections;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Configuring;

/// <summary>Folders as certbot, lego and cert-manager leave them.</summary>
public sealed class KnownFolderTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestCa _ca = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly List<string> _odd = [];

    public void Dispose()
    {
        _scratch.Dispose();
        _ca.Dispose();
        _key.Dispose();
    }

    [Fact]
    public void Certbots_folder_gives_the_keys_of_its_requests_and_its_certificates_and_no_private_key_is_read()
    {
        TestCertificate first = _ca.Issue("www.example.com"), second = _ca.Issue("www.example.com");
        Write("csr/0000_csr-certbot.pem", Request("www.example.com").CreateSigningRequestPem());
        Write("keys/0000_key-certbot.pem", _key.ExportPkcs8PrivateKeyPem());
        Write("archive/www.example.com/cert1.pem", first.Pem);
        Write("archive/www.example.com/cert2.pem", second.Pem);
        Write("archive/www.example.com/chain2.pem", PemEncoding.WriteString("CERTIFICATE", second.Chain[1]));
        Write("archive/www.example.com/fullchain2.pem", second.Pem + "\n" + PemEncoding.WriteString("CERTIFICATE", second.Chain[1]));
        Write("archive/www.example.com/privkey2.pem", _key.ExportPkcs8PrivateKeyPem());
        Link("live/www.example.com/cert.pem", "../../archive/www.example.com/cert2.pem");
        Write("renewal/www.example.com.conf", "cert = /etc/letsencrypt/live/www.example.com/cert.pem");
        Write("accounts/acme/regr.json", "{}");

        KnownCertificates known = KnownFolder.Read(_scratch.Folder, _odd);

        Assert.Empty(_odd);
        Assert.Equal(KeyHash, Assert.Single(known.Keys).Key);
        Assert.Equal(["www.example.com"], known.Keys[KeyHash]);
        Assert.Equal(KnownCertificates.ByCertificate, known.WhyKnown(FactsOf(first.Der)));
        Assert.Equal(KnownCertificates.ByCertificate, known.WhyKnown(FactsOf(second.Der)));
        Assert.Equal(3, known.Issuances.Count);
        Assert.DoesNotContain(KnownFolder.FilesOf(_scratch.Folder), file => file.Contains("key", StringComparison.Ordinal));
    }

    [Fact]
    public void Legos_folder_gives_its_certificates()
    {
        TestCertificate certificate = _ca.Issue("www.example.com");
        Write("certificates/www.example.com.crt", certificate.Pem + "\n" + PemEncoding.WriteString("CERTIFICATE", certificate.Chain[1]));
        Write("certificates/www.example.com.issuer.crt", PemEncoding.WriteString("CERTIFICATE", certificate.Chain[1]));
        Write("certificates/www.example.com.key", _key.ExportECPrivateKeyPem());
        Write("certificates/www.example.com.json", "{}");

        Assert.Equal(KnownCertificates.ByCertificate, KnownFolder.Read(_scratch.Folder, _odd).WhyKnown(FactsOf(certificate.Der)));
    }

    [Fact]
    public void A_mounted_secret_of_cert_manager_is_read_through_its_links()
    {
        TestCertificate certificate = _ca.Issue("www.example.com");
        Write("..2026_11_22/tls.crt", certificate.Pem);
        Write("..2026_11_22/tls.key", _key.ExportPkcs8PrivateKeyPem());
        Link("..data", "..2026_11_22");
        Link("tls.crt", "..data/tls.crt");

        Assert.NotNull(KnownFolder.Read(_scratch.Folder, _odd).WhyKnown(FactsOf(certificate.Der)));
    }

    [Fact]
    public void What_is_neither_is_passed_over_and_what_cannot_be_meant_is_said()
    {
        Write("combined.pem", _key.ExportPkcs8PrivateKeyPem() + _ca.Issue("secret.example.com").Pem);
        Write("noise.crt", "noise");
        Write("large.pem", new string(' ', SigningRequest.MostBytes + 1));
        Write("empty.der", "");
        Write("good.CSR", Request("www.example.com").CreateSigningRequestPem());
        Link("dangling.pem", "nowhere.pem");
        Link("circle", ".");

        KnownCertificates known = KnownFolder.Read(_scratch.Folder, _odd);

        Assert.Empty(_odd);
        Assert.Single(known.Keys);
        Assert.Empty(known.Issuances);
        Assert.Same(known.Keys.GetType(), KnownFolder.Read(_scratch.PathOf("missing"), _odd).Keys.GetType());
        Assert.Contains("does not exist", Assert.Single(_odd), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_comes_changes_or_goes_shows()
    {
        FileStamps empty = FileStamps.None.With(KnownFolder.PatternOf(_scratch.Folder));
        Write("csr/0000_csr-certbot.pem", "one");
        FileStamps one = empty.Again();
        Write("csr/0000_csr-certbot.pem", "another");
        FileStamps changed = empty.Again();
        File.Delete(_scratch.PathOf("csr/0000_csr-certbot.pem"));

        Assert.NotEqual(empty, one);
        Assert.NotEqual(one, changed);
        Assert.Equal(empty, empty.Again());
    }

    [Fact]
    public void The_section_reads_folders_and_lists_of_authorities()
    {
        Write("csr/0000_csr-certbot.pem", Request("www.example.com").CreateSigningRequestPem());

        CertHeraldOptions options = Read(new
        {
            known = new
            {
                folders = new[] { _scratch.Folder + "/" },
                certificate_authorities = "LetsEncrypt.org, pki.goog",
                authorized_cas = new Dictionary<string, object> { [".Example.com"] = new[] { "letsencrypt.org" }, ["192.0.2.1"] = KeyHash },
            },
        });

        Assert.Single(options.Known.Keys);
        Assert.Equal(["letsencrypt.org", "pki.goog"], options.Known.Authorities.General);
        Assert.Equal([".example.com: letsencrypt.org", $"192.0.2.1: {KeyHash}"], options.Known.Authorities.Lists.Select(list => $"{list.Key}: {string.Join(' ', list.Value)}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{ "certificate_authorities": [ "Let's Encrypt" ] }""", "certificate_authorities", "is no CA")]
    [InlineData("""{ "authorized_cas": { "*.example.com": [ "letsencrypt.org" ] } }""", "authorized_cas", "*.example.com")]
    [InlineData("""{ "authorized_cas": { "a.example": [ "letsencrypt.org" ], "A.example.": [ "pki.goog" ] } }""", "authorized_cas", "two lists")]
    [InlineData("""{ "authorized_cas": { "a.example": [] } }""", "authorized_cas", "1 to 100")]
    [InlineData("""{ "authorized_cas": { "a.example": [ 7 ] } }""", "authorized_cas", "lists of texts")]
    [InlineData("""{ "authorized_cas": [ "letsencrypt.org" ] }""", "authorized_cas", "lists of texts")]
    public void What_is_no_list_of_authorities_is_a_mistake(string known, string key, string says)
    {
        ConfigurationMistake mistake = Assert.Single(Assert.Throws<ConfigurationException>(() => Read(new { known = JsonSerializer.Deserialize<JsonElement>(known) })).Mistakes);
        Assert.EndsWith($"known.{key}", mistake.Place, StringComparison.Ordinal);
        Assert.Contains(says, mistake.ToString(), StringComparison.Ordinal);
    }

    private string KeyHash => Convert.ToHexStringLower(SHA256.HashData(_key.ExportSubjectPublicKeyInfo()));

    private CertificateRequest Request(string name) => new($"CN={name}", _key, HashAlgorithmName.SHA256);

    private static CertHeraldOptions Read(object configuration)
    {
        using var folder = new Scratch();
        return Configuration.Read(folder.Write("certherald.json", JsonSerializer.Serialize(configuration)), new CommandLineOverrides(), new Hashtable());
    }

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_scratch.PathOf(name))!);
        File.WriteAllText(_scratch.PathOf(name), text, Encoding.ASCII);
    }

    private void Link(string name, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_scratch.PathOf(name))!);
        File.CreateSymbolicLink(_scratch.PathOf(name), target);
    }

    private static CertificateFacts FactsOf(byte[] der)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView certificate));
        return CertificateReading.Read(der, certificate, CertificateReading.IdentifiersOf(certificate), certificate.IsPrecertificate, null);
    }
}
