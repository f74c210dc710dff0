using System.Text.Json;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary>A client of Meta's API in the demo: subscribes as such a client does, and asks back for what it is told of.</summary>
internal sealed class DemoApp
{
    /// <summary>What its receiver knows the question by.</summary>
    public const string VerifyToken = "meatyhamhock";

    private readonly LocalAccess _service;
    private readonly string _token;

    private DemoApp(LocalAccess service, string id, string secret) => (_service, Id, _token) = (service, id, Uri.EscapeDataString($"{id}|{secret}"));

    public string Id { get; }

    /// <summary>Makes an app and lets it be told of a domain's certificates.</summary>
    public static async Task<DemoApp> SubscribeAsync(LocalAccess service, string domain, Uri callback, CancellationToken stopping)
    {
        JsonElement made = await service.SendAsync(HttpMethod.Post, "/api/apps", stopping, new { name = "demo" });
        var app = new DemoApp(service, made.GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!);
        await app.PostAsync("subscribed_domains", new { subscribe = domain }, stopping);
        await app.PostAsync("subscriptions", new { @object = "certificate_transparency", callback_url = callback, fields = "certificate", verify_token = VerifyToken }, stopping);
        return app;
    }

    /// <summary>The names of the certificate that it was told of, by asking for its id.</summary>
    public async Task<string> AskBackAsync(DemoRequest told, CancellationToken stopping)
    {
        string id = told.Body.GetProperty("entry")[0].GetProperty("id").GetString()!;
        JsonElement found = await _service.GetAsync($"/v21.0/certificates?query={id}&fields=domains,issuer_name&access_token={_token}", stopping);
        JsonElement certificate = found.GetProperty("data")[0];
        string names = string.Join(", ", certificate.GetProperty("domains").EnumerateArray().Select(name => Visible.Of(name.GetString()!)));
        return $"{names}, by {Visible.Of(certificate.GetProperty("issuer_name").GetString()!)}";
    }

    private Task<JsonElement> PostAsync(string edge, object body, CancellationToken stopping) =>
        _service.SendAsync(HttpMethod.Post, $"/v21.0/{Id}/{edge}?access_token={_token}", stopping, body);
}
