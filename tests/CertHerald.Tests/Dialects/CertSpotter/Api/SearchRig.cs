using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Dialects.CertSpotter.Api;
using CertHerald.Inspecting;
using CertHerald.Tests.Names;
using CertHerald.Tests.WebConsole;
using CertHerald.Transparency.Certificates;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Dialects.CertSpotter.Api;

/// <summary>The service as a client of Cert Spotter's sees it. It monitors <c>.example.com</c> and <c>only.example.net</c>.</summary>
internal static class SearchRig
{
    public static async Task<ConsoleRig> StartAsync(CertSpotterApiOptions? options = null, IndexOptions? index = null)
    {
        ConsoleRig rig = await ConsoleRig.StartAsync(options, index: index);
        rig.Watched.Configure(WatchLists.Of(".example.com", "only.example.net"), KnownCertificates.None);
        return rig;
    }

    /// <summary>Commits an issuance for each name, in this order.</summary>
    public static Task FindAsync(this ConsoleRig rig, params string[] names) => rig.CommitAsync(names.Select(name => SomeFacts.Of(name)));

    public static Task<Answer> SearchAsync(this ConsoleRig rig, string query) => rig.AskAsync(HttpMethod.Get, "/v1/issuances?" + query);

    /// <summary>The names of what a search finds, in its order: of each its first.</summary>
    public static async Task<string[]> FoundAsync(this ConsoleRig rig, string query)
    {
        Answer answer = await rig.SearchAsync(query + "&expand=dns_names");
        Assert.True(answer.Status == System.Net.HttpStatusCode.OK, answer.Text);
        return [.. answer.Json.EnumerateArray().Select(one => one.GetProperty("dns_names")[0].GetString()!)];
    }

    /// <summary>Asks with what a client puts into the header.</summary>
    public static async Task<Answer> AskAsync(this ConsoleRig rig, string path, AuthenticationHeaderValue? authorization, HttpMethod? method = null)
    {
        using Browser program = rig.NewBrowser();
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        request.Headers.Authorization = authorization;
        return await program.SendAsync(request);
    }

    public static AuthenticationHeaderValue Basic(string user, string password = "") => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    public static async Task<string> KeyAsync(this ConsoleRig rig, params Scope[] scopes) =>
        (await rig.Services.GetRequiredService<ApiKeys>().CreateAsync("a poller", scopes, expires: null)).Text;

    /// <summary>What a certificate says, as the inspector reads it.</summary>
    public static CertificateFacts FactsOf(byte[] der, string? issuerPubkeySha256 = null)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView certificate));
        return CertificateReading.Read(der, certificate, CertificateReading.IdentifiersOf(certificate), certificate.IsPrecertificate, issuerPubkeySha256);
    }

    public static IEnumerable<string> Members(JsonElement of) => of.EnumerateObject().Select(member => member.Name);

    /// <summary>Status and code as one, so that a row of a table says what failed.</summary>
    public static string Said(this Answer answer) => $"{(int)answer.Status} {(answer.Bytes is [(byte)'{', ..] && answer.Json.TryGetProperty("code", out JsonElement code) ? code.GetString() : "")}".Trim();

    public static string Code(this Answer answer) => answer.Json.GetProperty("code").GetString()!;

    public static string Header(this Answer answer, string name) => Assert.Single(answer.Headers.GetValues(name));
}
