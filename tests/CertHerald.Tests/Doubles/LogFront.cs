using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Doubles;

/// <summary>Stands before a log's server: passes requests on, tells of them, and does something else instead where a test wants it.</summary>
internal sealed class LogFront : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _client;

    private LogFront(WebApplication app, LogServer server)
    {
        _app = app;
        Server = server;
        _client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, UseProxy = false }) { BaseAddress = server.Url };
    }

    public LogServer Server { get; }

    public Uri Url => new(_app.Urls.Single() + "/");

    public Uri MonitoringUrl => new(Url, "tiles/");

    /// <summary>Called with the path of each request after it was answered. Another thread's.</summary>
    public Action<string> Served { get; set; } = _ => { };

    /// <summary>Answers a request instead of the log; null passes it on.</summary>
    public Func<string, RequestDelegate?> Instead { get; set; } = _ => null;

    /// <summary>What becomes of the body of an answer on its way.</summary>
    public Func<string, byte[], byte[]> Change { get; set; } = (_, body) => body;

    public static async Task<LogFront> StartAsync(LogServer server)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var front = new LogFront(builder.Build(), server);
        front._app.Run(front.ServeAsync);
        await front._app.StartAsync();
        return front;
    }

    /// <summary>Every answer to get-entries shows its first leaf with another timestamp: all still parses, only the root differs.</summary>
    public void FlipFirstLeaf() => Change = (path, body) =>
    {
        if (!path.StartsWith("/ct/v1/get-entries", StringComparison.Ordinal)) return body;
        JsonNode answer = JsonNode.Parse(body)!;
        JsonNode entry = answer["entries"]![0]!;
        byte[] leaf = Convert.FromBase64String(entry["leaf_input"]!.GetValue<string>());
        leaf[9] ^= 1;
        entry["leaf_input"] = Convert.ToBase64String(leaf);
        return JsonSerializer.SerializeToUtf8Bytes(answer);
    };

    public async ValueTask DisposeAsync()
    {
        // Requests under way are cut: one that hangs by intention would never end.
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        _client.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        string path = context.Request.Path + context.Request.QueryString;
        if (Instead(path) is { } other)
        {
            await other(context);
            return;
        }
        using HttpResponseMessage answer = await _client.GetAsync(path, context.RequestAborted);
        byte[] body = Change(path, await answer.Content.ReadAsByteArrayAsync(context.RequestAborted));
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
        await context.Response.CompleteAsync();
        Served(path);
    }
}
