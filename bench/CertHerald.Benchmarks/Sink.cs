using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Benchmarks;

/// <summary>A receiver that counts, and notes when each request came.</summary>
internal sealed class Sink : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentBag<(long At, long Issuance)> _arrivals = [];
    private readonly ConcurrentDictionary<string, bool> _connections = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Sink(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.First()).Port;

    public static async Task<Sink> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        var sink = new Sink(app);
        app.Run(sink.TakeAsync);
        await app.StartAsync();
        return sink;
    }

    /// <summary>Connections that requests came over, so far.</summary>
    public int Connections => _connections.Count;

    /// <summary>When requests came, as timestamps of <see cref="Stopwatch"/>, and about which issuance if it reads them.</summary>
    public IReadOnlyCollection<(long At, long Issuance)> Arrivals => _arrivals;

    /// <summary>Answers what was left hanging.</summary>
    public void LetGo() => _letGo.TrySetResult();

    public double Percentile(double part, long begun) =>
        _arrivals.Order().Select(one => Stopwatch.GetElapsedTime(begun, one.At).TotalSeconds).ElementAt((int)(_arrivals.Count * part));

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        _connections.TryAdd(context.Connection.Id, true);
        long issuance = 0;
        if (context.Request.Path == "/read")
        {
            using JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body);
            issuance = long.Parse(body.RootElement.GetProperty("issuance").GetProperty("id").GetString()!, CultureInfo.InvariantCulture);
        }
        else
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
        }
        if (context.Request.Path == "/hang") await _letGo.Task;
        else _arrivals.Add((Stopwatch.GetTimestamp(), issuance));
    }
}
