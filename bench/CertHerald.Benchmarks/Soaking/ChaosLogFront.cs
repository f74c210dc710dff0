using System.Net;
using CertHerald.TestLog;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>Stands before a log and tells the failpoints when entries are asked for and when they are there.</summary>
internal sealed class ChaosLogFront : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly HttpClient _client;
    private readonly Failpoints _failpoints;

    private ChaosLogFront(WebApplication application, LogServer server, Failpoints failpoints)
    {
        (_application, _failpoints) = (application, failpoints);
        _client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, UseProxy = false }) { BaseAddress = server.Url };
    }

    public Uri Url => new(_application.Urls.Single() + "/");

    public Uri MonitoringUrl => new(Url, "tiles/");

    public static async Task<ChaosLogFront> StartAsync(LogServer server, Failpoints failpoints)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var front = new ChaosLogFront(builder.Build(), server, failpoints);
        front._application.Run(front.ServeAsync);
        await front._application.StartAsync();
        return front;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync(new CancellationToken(canceled: true));
        await _application.DisposeAsync();
        _client.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        string path = context.Request.Path + context.Request.QueryString;
        bool isOfEntries = path.StartsWith("/ct/v1/get-entries", StringComparison.Ordinal) || path.StartsWith("/tiles/tile/data/", StringComparison.Ordinal);
        if (isOfEntries) _failpoints.Reach(Place.LogAsked, context.Connection.RemotePort);
        try
        {
            using HttpResponseMessage answer = await _client.GetAsync(path, context.RequestAborted);
            byte[] body = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
            await context.Response.CompleteAsync();
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;                                            // killed while it asked
        }
        if (isOfEntries) _failpoints.Reach(Place.LogAnswered, context.Connection.RemotePort);
    }
}
