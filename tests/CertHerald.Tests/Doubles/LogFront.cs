using System.Net;
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
        byte[] body = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
        await context.Response.CompleteAsync();
        Served(path);
    }
}
