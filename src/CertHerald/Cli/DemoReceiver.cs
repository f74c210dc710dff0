using System.Collections.Concurrent;
using System.Text.Json;

namespace CertHerald.Cli;

/// <summary>One POST that the demo's receiver got.</summary>
internal sealed record DemoRequest(string Path, string Key, JsonElement Body, int Status, DateTimeOffset At);

/// <summary>
/// A webhook receiver on loopback. <c>/siem</c> takes everything; <c>/flaky</c> fails each delivery twice first; <c>/meta</c> answers
/// whoever asks whether it wants to be one, with its token.
/// </summary>
internal sealed class DemoReceiver : IAsyncDisposable
{
    private const int FailuresOfFlaky = 2;

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<DemoRequest> _requests = new();
    private readonly SemaphoreSlim _arrived = new(0);

    private DemoReceiver(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public IReadOnlyCollection<DemoRequest> Requests => _requests;

    public static async Task<DemoReceiver> StartAsync(CancellationToken stopping)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "certherald" });
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var receiver = new DemoReceiver(builder.Build());
        receiver._app.Run(receiver.TakeAsync);
        await receiver._app.StartAsync(stopping);
        return receiver;
    }

    /// <summary>Waits until a request like this has come, or has come before.</summary>
    /// <exception cref="OperationCanceledException">It did not come in time.</exception>
    public async Task<DemoRequest> WaitForAsync(Func<DemoRequest, bool> wanted, CancellationToken patience)
    {
        while (true)
        {
            if (_requests.FirstOrDefault(wanted) is { } found) return found;
            await _arrived.WaitAsync(patience);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _arrived.Dispose();
    }

    private async Task TakeAsync(HttpContext context)
    {
        bool isMeta = context.Request.Path == "/meta";
        if (HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = isMeta && context.Request.Query["hub.verify_token"] == DemoApp.VerifyToken ? StatusCodes.Status200OK : StatusCodes.Status403Forbidden;
            await context.Response.WriteAsync(context.Request.Query["hub.challenge"].ToString(), context.RequestAborted);
            return;
        }
        string key = context.Request.Headers["Idempotency-Key"].ToString();
        JsonElement body = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body, cancellationToken: context.RequestAborted);
        bool fails = context.Request.Path == "/flaky" && _failures.AddOrUpdate(key, 1, (_, count) => count + 1) <= FailuresOfFlaky;
        context.Response.StatusCode = fails ? StatusCodes.Status500InternalServerError : isMeta ? StatusCodes.Status200OK : StatusCodes.Status204NoContent;
        _requests.Enqueue(new DemoRequest(context.Request.Path.ToString(), key, body, context.Response.StatusCode, DateTimeOffset.UtcNow));
        _arrived.Release();
    }
}
