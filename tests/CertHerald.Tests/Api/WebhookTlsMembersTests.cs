using System.Net;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Api;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;
using WebAnswer = CertHerald.Tests.WebConsole.Answer;

namespace CertHerald.Tests.Api;

/// <summary>How TLS is spoken with a webhook that is added while the service runs.</summary>
public sealed class WebhookTlsMembersTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_certificate_and_a_private_CA_are_kept_changed_and_lost_with_the_host()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        using X509Certificate2 client = MadeCertificate.For("certherald"), renewed = MadeCertificate.For("renewed");
        WebAnswer added = await rig.AskAsync(HttpMethod.Post, "/api/webhooks", new
        {
            name = "siem",
            url = "https://siem.example.com/",
            ca = client.ExportCertificatePem(),
            client_certificate = client.ExportCertificatePem(),
            client_key = WebhookTlsTests.KeyOf(client),
        });

        Assert.Equal(HttpStatusCode.Created, added.Status);
        Assert.Equal(("CN=certherald", true), (added.Json.GetProperty("client_certificate").GetProperty("subject").GetString(), added.Json.GetProperty("private_ca").GetBoolean()));
        Assert.DoesNotContain("PRIVATE", added.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.AskAsync(HttpMethod.Patch, "/api/webhooks/siem", new { client_certificate = renewed.ExportCertificatePem() })).Status);
        WebAnswer changed = await rig.AskAsync(HttpMethod.Patch, "/api/webhooks/siem", new { client_certificate = renewed.ExportCertificatePem() + "\n" + WebhookTlsTests.KeyOf(renewed), ca = "" });
        Assert.Equal(("CN=renewed", false), (changed.Json.GetProperty("client_certificate").GetProperty("subject").GetString(), changed.Json.GetProperty("private_ca").GetBoolean()));
        await rig.Services.GetRequiredService<AddedWebhooks>().RefreshAsync(Cancellation);
        Assert.Equal(WebhookTlsTests.Sha256Of(renewed), Assert.Single(rig.Webhooks.Added).Tls!.Certificate!.Sha256);

        await rig.AskAsync(HttpMethod.Patch, "/api/webhooks/siem", new { ca = client.ExportCertificatePem() });
        WebAnswer moved = await rig.AskAsync(HttpMethod.Patch, "/api/webhooks/siem", new { url = "https://evil.example/" });
        Assert.Null(Assert.Single(rig.Webhooks.Added).Tls);
        Assert.Contains("the client certificate, the private CA", moved.Json.GetProperty("warning").GetString(), StringComparison.Ordinal);
        Assert.Null(Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation)).Tls);
    }
}
