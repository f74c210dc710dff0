using System.Collections;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Configuring;
using CertHerald.Delivering;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Configuring;

/// <summary>Client certificates and private CAs in the configuration.</summary>
public sealed class TlsKeysTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly X509Certificate2 _client = MadeCertificate.For("certherald"), _ca = MadeCertificate.For("hooks.example");

    public void Dispose()
    {
        _scratch.Dispose();
        _client.Dispose();
        _ca.Dispose();
    }

    [Fact]
    public void A_webhook_gets_them_from_files_that_are_read_again_when_they_change()
    {
        string certificate = _scratch.Write("client.pem", _client.ExportCertificatePem()), key = _scratch.Write("client.key", WebhookTlsTests.KeyOf(_client)), ca = _scratch.Write("ca.pem", _ca.ExportCertificatePem());

        CertHeraldOptions options = Read(
            $$"""
            { "webhooks": [
                { "name": "a", "url": "https://h/", "client_certificate": "file:{{certificate}}", "client_key": "file:{{key}}", "ca": "file:{{ca}}" },
                { "name": "b", "url": "https://h/", "dialect": "meta", "app_secret": "0123456789abcdef", "max_batch": 10, "max_batch_bytes": 1000000 } ],
              "outbound": { "ca": "file:{{ca}}" } }
            """);

        WebhookTls tls = options.Webhooks[0].Tls!;
        Assert.Equal(WebhookTlsTests.Sha256Of(_client), tls.Certificate!.Sha256);
        Assert.Equal(_ca.Thumbprint, Assert.Single(tls.Trust!.CustomTrustStore).Thumbprint);
        Assert.Equal((null, 1_000_000), (options.Webhooks[1].Tls, options.Webhooks[1].MaxBatchBytes));
        Assert.Equal(_ca.Thumbprint, Assert.Single(options.Outbound.Trust!.Roots).Thumbprint);
        FileStamps before = options.Files;
        File.AppendAllText(key, "\n\n");
        Assert.NotEqual(before, before.Again());
        // Read again, the same CAs are the same, and leave connections as they are.
        Assert.True(Read($$"""{ "outbound": { "ca": "file:{{ca}}" } }""").Outbound.AllowsTheSameAs(new OutboundOptions { Trust = options.Outbound.Trust }));
        Assert.False(new OutboundOptions().AllowsTheSameAs(new OutboundOptions { Trust = options.Outbound.Trust }));
    }

    [Theory]
    [InlineData(""" "webhooks": [ { "name": "a", "url": "https://h/", "client_key": "canary" } ] """, "webhooks[0].client_certificate")]
    [InlineData(""" "webhooks": [ { "name": "a", "url": "https://h/", "client_certificate": "canary" } ] """, "webhooks[0].client_certificate")]
    [InlineData(""" "webhooks": [ { "name": "a", "url": "https://h/", "client_certificate": "file:/no/such/file", "client_key": "canary" } ] """, "webhooks[0].client_certificate")]
    [InlineData(""" "webhooks": [ { "name": "a", "url": "https://h/", "ca": "canary" } ] """, "webhooks[0].ca")]
    [InlineData(""" "webhooks": [ { "name": "a", "url": "https://h/", "max_batch_bytes": 200000 } ] """, "webhooks[0].max_batch_bytes")]
    [InlineData(""" "webhooks": [ { "name": "a", "url": "https://h/", "dialect": "meta", "app_secret": "0123456789abcdef", "max_batch_bytes": 9999 } ] """, "webhooks[0].max_batch_bytes")]
    [InlineData(""" "outbound": { "ca": "canary" } """, "outbound.ca")]
    public void What_cannot_be_used_is_one_mistake_and_not_repeated(string text, string place)
    {
        ConfigurationMistake mistake = Assert.Single(Assert.Throws<ConfigurationException>(() => Read($"{{{text}}}")).Mistakes);

        Assert.EndsWith(place, mistake.Place, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", mistake.ToString(), StringComparison.Ordinal);
    }

    private CertHeraldOptions Read(string text) => Configuration.Read(_scratch.Write("certherald.json", text), new CommandLineOverrides(), new Hashtable());
}
