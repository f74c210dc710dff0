using System.Collections;
using System.Net;
using System.Text.Json;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Access;

public sealed class OpenIdServiceTests
{
    [Fact]
    public async Task The_service_asks_the_provider_of_its_configuration_through_the_guard()
    {
        using var scratch = new Scratch();
        await using OpenIdIssuer issuer = await OpenIdIssuer.StartAsync(TimeProvider.System);
        string configuration = scratch.Write("certherald.json", JsonSerializer.Serialize(new
        {
            listen = "http://127.0.0.1:0",
            public_url = "http://127.0.0.1:1",
            data = scratch.PathOf("data"),
            logs = new { lists = Array.Empty<string>() },
            oidc = new { issuer = issuer.Address, client_id = OpenIdIssuer.ClientId, client_secret = OpenIdIssuer.ClientSecret, allowed_domains = new[] { "corp.example" } },
        }));
        await using HeraldHost service = await HeraldHost.StartAsync(
            () => Configuration.Read(configuration, new CommandLineOverrides(), new Hashtable()), TestContext.Current.CancellationToken, LogLevel.None);
        using var browser = new Browser(service.Address, new CookieContainer());

        string begun = (await browser.GetAsync("/console/openid")).Location!;
        Assert.Contains($"redirect_uri={Uri.EscapeDataString("http://127.0.0.1:1/console/openid/callback")}", begun, StringComparison.Ordinal);
        Answer answer = await browser.GetAsync((await OpenIdIssuer.VisitAsync(begun)).PathAndQuery);

        Assert.Equal((HttpStatusCode.SeeOther, "/console"), (answer.Status, answer.Location));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/console")).Status);
    }
}
