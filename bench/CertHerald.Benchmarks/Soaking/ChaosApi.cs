using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>The program's API, as a user has it; whatever it answers is searched for secrets.</summary>
internal sealed class ChaosApi(Uri address, CanaryWatch canaries) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromSeconds(10) })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromSeconds(20),
    };

    /// <summary>What to show from now on.</summary>
    public string Key
    {
        set => _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", value);
    }

    /// <summary>The answer's text; null if there was none, or another than success.</summary>
    public async Task<string?> TryGetAsync(string path) => await TrySendAsync(HttpMethod.Get, path) is (true, { } text) ? text : null;

    /// <summary>The answer as JSON; null if there was none, or another than success.</summary>
    public async Task<JsonElement?> TryJsonAsync(string path) => await TryGetAsync(path) is { } text ? JsonElement.Parse(text) : null;

    /// <summary>Whether it succeeded, and what was said; null if nothing was.</summary>
    /// <param name="shows">The answer is where a secret is shown, this once.</param>
    public async Task<(bool Succeeded, string? Text)> TrySendAsync(HttpMethod method, string path, object? content = null, bool shows = false)
    {
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
            if (content is not null) request.Content = JsonContent.Create(content);
            using HttpResponseMessage answer = await _client.SendAsync(request);
            string text = await answer.Content.ReadAsStringAsync();
            if (!shows) canaries.Look($"the answer to {method} /{path.Split('?')[0]}", text);
            return (answer.IsSuccessStatusCode, text);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            return (false, null);
        }
    }

    /// <summary>Searches what comes of an answer that has no end, for so long.</summary>
    public async Task LookAtStreamAsync(string path, TimeSpan time)
    {
        using var over = new CancellationTokenSource(time);
        var text = new byte[64 << 10];
        int length = 0;
        try
        {
            await using Stream stream = await _client.GetStreamAsync(new Uri(path, UriKind.Relative), over.Token);
            while (length < text.Length && await stream.ReadAsync(text.AsMemory(length), over.Token) is > 0 and var more) length += more;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            // That was it.
        }
        canaries.Look($"the answer to GET /{path}", text.AsSpan(0, length));
    }

    public void Dispose() => _client.Dispose();
}
