using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Benchmarks;

/// <summary>A webhook's receiver in this process: it notes when it was told of a certificate, by the clock that also publishes.</summary>
internal sealed class Inbox : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<long>> _arrivals = new(StringComparer.Ordinal);

    private Inbox(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());

    public static async Task<Inbox> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        var inbox = new Inbox(app);
        app.Run(inbox.TakeAsync);
        await app.StartAsync();
        return inbox;
    }

    /// <summary>When the whole request about the certificate with this first name had arrived, as a timestamp of <see cref="Stopwatch"/>.</summary>
    public Task<long> ArrivalOfAsync(string name) => ArrivalOf(name).Task;

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body);
        long now = Stopwatch.GetTimestamp();
        // Sent at least once: the first time counts.
        ArrivalOf(body.RootElement.GetProperty("issuance").GetProperty("dns_names")[0].GetString()!).TrySetResult(now);
    }

    private TaskCompletionSource<long> ArrivalOf(string name) => _arrivals.GetOrAdd(name, _ => new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));
}
