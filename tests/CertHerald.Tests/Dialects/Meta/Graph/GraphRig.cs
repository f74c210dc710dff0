using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CertHerald.Api;
using CertHerald.Inspecting;
using CertHerald.TestLog;
using CertHerald.Tests.WebConsole;
using CertHerald.Transparency.Certificates;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Dialects.Meta.Graph;

/// <summary>Meta's API on a real server and a real store, with an app.</summary>
internal sealed class GraphRig : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly TestCa _ca = new();

    private GraphRig(ConsoleRig console, App app)
    {
        (Console, App) = (console, app);
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = console.Address };
    }

    public ConsoleRig Console { get; }

    public App App { get; }

    public string Id => App.Stored.ToString();

    public string Secret => App.Stored.Secrets[0].Text;

    public string Token => $"{Id}|{Secret}";

    public Apps Apps => Console.Services.GetRequiredService<Apps>();

    public static async Task<GraphRig> StartAsync(string? secret = null)
    {
        ConsoleRig console = await ConsoleRig.StartAsync();
        (App? app, string problem) = await console.Services.GetRequiredService<Apps>().CreateAsync("an app", null, secret);
        Assert.True(app is not null, problem);
        return new GraphRig(console, app);
    }

    /// <summary>Another app.</summary>
    public async Task<(string Id, string Token)> AddAppAsync()
    {
        App other = (await Apps.CreateAsync("another", null, null)).App!;
        return (other.Stored.ToString(), $"{other.Stored}|{other.Stored.Secrets[0].Text}");
    }

    /// <summary>Issues a certificate for these names and stores it; its id.</summary>
    public async Task<long> StoreAsync(params string[] names)
    {
        await Console.CommitAsync(FactsOf(_ca.Issue(names).Der));
        return (await Console.Store.IssuancesAsync(null, 1, TestContext.Current.CancellationToken))[0].Id;
    }

    public static CertificateFacts FactsOf(byte[] der, bool isPrecertificate = false)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView view));
        return CertificateReading.Read(der, view, CertificateReading.IdentifiersOf(view), isPrecertificate, issuerPubkeySha256: null);
    }

    /// <summary>Asks with the app's token, unless the address has one.</summary>
    public Task<(int Status, JsonElement Body)> GetAsync(string address) => SendAsync(HttpMethod.Get, Signed(address));

    public Task<(int Status, JsonElement Body)> PostAsync(string address, HttpContent? content = null) => SendAsync(HttpMethod.Post, Signed(address), content);

    public Task<(int Status, JsonElement Body)> DeleteAsync(string address) => SendAsync(HttpMethod.Delete, Signed(address));

    /// <summary>Asks as it stands.</summary>
    public async Task<(int Status, JsonElement Body)> SendAsync(HttpMethod method, string address, HttpContent? content = null, string? bearer = null)
    {
        using HttpResponseMessage answer = await AnswerAsync(method, address, content, bearer);
        byte[] body = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.Equal("application/json; charset=UTF-8", answer.Content.Headers.ContentType?.ToString());
        return ((int)answer.StatusCode, JsonElement.Parse(body));
    }

    public async Task<HttpResponseMessage> AnswerAsync(HttpMethod method, string address, HttpContent? content = null, string? bearer = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(address, UriKind.RelativeOrAbsolute)) { Content = content };
        if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return await _client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public string Signed(string address) =>
        address.Contains("access_token", StringComparison.Ordinal) ? address : $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}access_token={Uri.EscapeDataString(Token)}";

    public static StringContent JsonOf(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    public static FormUrlEncodedContent FormOf(params (string Name, string Value)[] fields) => new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));

    public static MultipartFormDataContent MultipartOf(params (string Name, string Value)[] fields)
    {
        var content = new MultipartFormDataContent();
        foreach ((string name, string value) in fields) content.Add(new StringContent(value), name);
        return content;
    }

    /// <summary>What the app has subscribed to.</summary>
    public async Task<string[]> DomainsAsync(string edge = "subscribed_domains") =>
        [.. (await GetAsync($"/{Id}/{edge}")).Body.GetProperty("data").EnumerateArray().Select(domain => domain.GetProperty("domain").GetString()!)];

    public static string[] IdsIn(JsonElement page) => [.. page.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("id").GetString()!)];

    public static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);

    /// <summary>Fails unless it is this error, whole and in the original's form.</summary>
    public static string AssertError((int Status, JsonElement Body) answer, int code, int? subcode = null, int status = 400, string type = "OAuthException")
    {
        Assert.True(status == answer.Status, answer.Body.ToString());
        JsonElement error = Assert.Single(answer.Body.EnumerateObject()).Value;
        Assert.Equal((type, code), (error.GetProperty("type").GetString(), error.GetProperty("code").GetInt32()));
        Assert.Equal(subcode, error.TryGetProperty("error_subcode", out JsonElement given) ? given.GetInt32() : null);
        Assert.Matches("^A[A-Za-z0-9_-]{22}$", error.GetProperty("fbtrace_id").GetString());
        return error.GetProperty("message").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _ca.Dispose();
        await Console.DisposeAsync();
    }
}
