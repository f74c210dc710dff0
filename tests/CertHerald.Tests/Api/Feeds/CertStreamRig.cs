using System.Diagnostics.Metrics;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Api.Feeds;
using CertHerald.Delivering;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using CertHerald.WebConsole;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Api.Feeds;

/// <summary>The feed on a real port, and somebody who reads entries.</summary>
internal sealed class CertStreamRig : IAsyncDisposable
{
    private readonly Scratch _folder = new();
    private readonly WebApplication _app;
    private readonly PaperLog _log = new("some-log");
    private readonly MeterListener _counting = new();
    private ulong _read;
    private long _dropped;

    private CertStreamRig(CertStreamOptions options)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "certherald" });
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Services.AddSingleton<TimeProvider>(Time);
        builder.Services.AddSingleton(Meter);
        builder.Services.AddSingleton(Stores.Open("sqlite", _folder.Folder, Time, Meter));
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(Tap);
        builder.Services.AddSingleton<CertStream>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<CertStream>());
        var guard = new OutboundGuard(new OutboundOptions());
        builder.Services.AddSingleton(provider => new OpenIdProvider(null, new HttpClient(guard.Through(guard.CreateHandler, OutboundReach.Named)), Time, provider.GetRequiredService<ILogger<OpenIdProvider>>()));
        builder.Services.AddAccess(new AccessOptions());
        _counting.InstrumentPublished = (instrument, l) => { if (instrument.Meter == Meter && instrument.Name == "certherald_certstream_dropped_total") l.EnableMeasurementEvents(instrument); };
        _counting.SetMeasurementEventCallback<long>((_, one, _, _) => Interlocked.Add(ref _dropped, one));
        _counting.Start();
        _app = builder.Build();
        _app.UseAccess();
        CertStreamAddresses.Use(_app, PublicUrl);
        _app.MapGet("/", () => "the console").AllowAnonymous();
    }

    public const string PublicUrl = "https://ct.example.com";

    public ManualTime Time { get; } = new();

    public Meter Meter { get; } = new("CertHerald");

    public EntryTap Tap { get; } = new();

    /// <summary>Clients that were cut off.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public Uri Address => new(_app.Urls.Single());

    public static async Task<CertStreamRig> StartAsync(CertStreamOptions? options = null)
    {
        var rig = new CertStreamRig(options ?? new CertStreamOptions { Enabled = true, Anonymous = true });
        await rig._app.StartAsync();
        return rig;
    }

    /// <summary>Makes a key.</summary>
    public async Task<string> KeyAsync(params Scope[] scopes) => (await _app.Services.GetRequiredService<ApiKeys>().CreateAsync("a listener", scopes, null)).Text;

    /// <summary>Connects as a client does.</summary>
    public async Task<ClientWebSocket> ConnectAsync(string path = "/", Action<ClientWebSocketOptions>? set = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        set?.Invoke(socket.Options);
        try
        {
            await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{Address.Port}{path}"), TestContext.Current.CancellationToken);
        }
        catch (WebSocketException)
        {
            // Its status says why.
        }
        return socket;
    }

    /// <summary>Waits until so many listen: a client is let in a moment after its connection stands.</summary>
    public Task ListenedToAsync(int clients) => Eventually.HappensAsync(() => Measured("certherald_certstream_clients") == clients);

    /// <summary>A gauge of the feed's.</summary>
    public long Measured(string name)
    {
        long value = 0;
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter == Meter && instrument.Name == name) l.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<int>((_, one, _, _) => value = one);
        listener.Start();
        listener.RecordObservableInstruments();
        return value;
    }

    /// <summary>Reads entries, as a follower does.</summary>
    public void Read(params byte[][] certificates)
    {
        using var entries = new RawBatchBuilder(new EntryIndex(_read), ExtraDataForm.Rfc6962);
        foreach (byte[] der in certificates) Assert.True(entries.Add(Leaf(der), [0, 0, 0]));
        using RawBatch batch = entries.Build();
        _read += (ulong)certificates.Length;
        Tap.Pass(_log.Description, batch);
    }

    /// <summary>The next message.</summary>
    public static async Task<JsonElement> NextAsync(WebSocket socket)
    {
        var bytes = new MemoryStream();
        byte[] part = new byte[16 << 10];
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(part.AsMemory(), TestContext.Current.CancellationToken);
            Assert.Equal(WebSocketMessageType.Text, received.MessageType);
            bytes.Write(part, 0, received.Count);
            if (received.EndOfMessage) return JsonElement.Parse(bytes.ToArray());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _counting.Dispose();
        Meter.Dispose();
        _log.Dispose();
        _folder.Dispose();
    }

    // An X.509 entry, RFC 6962 §3.4: version, type, timestamp, entry type, certificate, no extensions.
    private static byte[] Leaf(byte[] der) =>
        [0, 0, 0, 0, 0x01, 0x9A, 0xBC, 0xDE, 0xF0, 0x12, 0, 0, (byte)(der.Length >> 16), (byte)(der.Length >> 8), (byte)der.Length, .. der, 0, 0];
}
