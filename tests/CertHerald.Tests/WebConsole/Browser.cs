using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace CertHerald.Tests.WebConsole;

/// <summary>Follows no redirects; keeps its cookies.</summary>
internal sealed class Browser(Uri address, CookieContainer cookies) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, CookieContainer = cookies })
    {
        BaseAddress = address,
    };

    public Task<Answer> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    public Task<Answer> PostAsync(string path, params (string Name, string Value)[] fields) => SendAsync(new HttpRequestMessage(HttpMethod.Post, path)
    {
        Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))),
    });

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using HttpResponseMessage answer = await _client.SendAsync(request, TestContext.Current.CancellationToken);
            byte[] bytes = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
            return new Answer(answer.StatusCode, answer.Headers, answer.Content.Headers, bytes);
        }
    }

    public void Dispose() => _client.Dispose();
}

/// <summary>An answer, read to its end.</summary>
internal sealed record Answer(HttpStatusCode Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, byte[] Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes);

    public JsonElement Json => JsonElement.Parse(Bytes);

    /// <summary>Where a redirect leads, as written.</summary>
    public string? Location => Headers.Location?.OriginalString;

    public IEnumerable<string> SetCookies => Headers.TryGetValues("Set-Cookie", out IEnumerable<string>? cookies) ? cookies : [];
}
