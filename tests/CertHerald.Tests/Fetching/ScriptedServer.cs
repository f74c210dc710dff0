using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using CertHerald.Fetching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Fetching;

/// <summary>A real HTTP server on a free port of loopback that answers as its script says, and keeps what it was asked.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedServer(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single() + "/");

    /// <summary>Paths with queries, in order of arrival.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<ScriptedServer> StartAsync(RequestDelegate script)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var server = new ScriptedServer(builder.Build());
        server._app.Run(context =>
        {
            server.Requests.Enqueue(context.Request.Path + context.Request.QueryString);
            return script(context);
        });
        await server._app.StartAsync();
        return server;
    }

    /// <summary>A server that gives every path the same answer.</summary>
    public static Task<ScriptedServer> AnsweringAsync(int status, string contentType, byte[] body) => StartAsync(async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        await context.Response.Body.WriteAsync(body);
    });

    public async ValueTask DisposeAsync()
    {
        // Requests under way are cut: a test of silence would never end otherwise.
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}

/// <summary>What tests need to ask a server as the program would.</summary>
internal sealed class Asking : IDisposable
{
    private readonly CountingHandler _counting = new();
    private readonly HttpClient _client;
    private readonly Meter _meter = new("CertHerald.Tests");
    private readonly Pacers _pacers;
    private readonly ILoggerFactory _loggers;

    public Asking(TimeProvider? time = null, RateCeilings? ceilings = null)
    {
        Time = time ?? TimeProvider.System;
        _client = LogHttp.CreateClient("ops@certherald.invalid", _counting);
        _pacers = new Pacers(Time, ceilings ?? new RateCeilings());
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(Log));
        Sources = new LogSources(new LogClients(_client, _client), _pacers, Memory, Time, _meter, _loggers.CreateLogger<LogSources>());
        var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter == _meter) l.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Outcomes.Enqueue(tags[1].Value!.ToString()!));
        listener.Start();
        Counter = LogHttp.CreateCounter(_meter);
    }

    public TimeProvider Time { get; }

    public FetchMemory Memory { get; } = new(FetchMemory.DefaultMost);

    public LogSources Sources { get; }

    public Counter<long> Counter { get; }

    public ConcurrentQueue<string> Outcomes { get; } = new();

    /// <summary>Requests of which no answer has begun.</summary>
    public int UnderWay => Volatile.Read(ref _counting.Count);

    public KeptLog Log { get; } = new();

    public LogHttp Http(Uri prefix) => new(_client, prefix, "a log", _pacers.For("an operator", prefix, isCustom: true), Time, Counter);

    public void Dispose()
    {
        _client.Dispose();
        _meter.Dispose();
        _pacers.Dispose();
        _loggers.Dispose();
    }

    private sealed class CountingHandler() : DelegatingHandler(LogHttp.CreateHandler())
    {
        public int Count;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref Count);
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref Count);
            }
        }
    }
}

/// <summary>Keeps log lines for tests to read.</summary>
internal sealed class KeptLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel}: {formatter(state, exception)}");

    public void Dispose()
    {
    }
}
