using System.Net;
using CertHerald.TestLog.Faults;
using CertHerald.TestLog.Serving;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CertHerald.TestLog;

/// <summary>
/// Serves a log on 127.0.0.1 in both protocols, over plain HTTP or HTTPS: RFC 6962 at <see cref="Url"/>, static-ct at
/// <see cref="MonitoringUrl"/> and <see cref="SubmissionUrl"/>. Kestrel without a host: nothing is read from the
/// environment, no signal is caught. Disposing it leaves the log to its owner.
/// </summary>
public sealed class LogServer : IAsyncDisposable
{
    private const string CallPrefix = "/ct/v1/", StaticPrefix = "/static/", TilesPrefix = "/tiles/";

    /// <summary>All is to be had below this path too: a log that moves stays the same log.</summary>
    internal const string Moved = "moved/";

    private readonly KestrelServer _kestrel;
    private readonly LogServerOptions _options;
    private readonly FaultyTransport _transport;
    private StaticCtCalls _staticCt = null!;
    private Serving.LogList _list = null!;
    private long _requests;

    private LogServer(Log log, LogServerOptions options)
    {
        Log = log;
        _options = options;

        var kestrel = new KestrelServerOptions { AddServerHeader = false };
        kestrel.Limits.MaxRequestBodySize = ChainRequest.MaxBytes;
        kestrel.Listen(IPAddress.Loopback, options.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection => TlsFront.ServeAsync(log, options.Certificate, connection, next));
        });
        var sockets = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        _transport = new FaultyTransport(log, sockets);
        _kestrel = new KestrelServer(Options.Create(kestrel), _transport, NullLoggerFactory.Instance);
    }

    public Log Log { get; }

    /// <summary>Requests so far.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Where RFC 6962's <c>ct/v1/</c> begins; the <c>url</c> of a log list. Ends with a slash, as all here.</summary>
    public Uri Url { get; private set; } = null!;

    public Uri SubmissionUrl => new(Url, "static/");

    public Uri MonitoringUrl => new(Url, "tiles/");

    /// <summary>First line of the checkpoints.</summary>
    public string Origin => _options.Origin ?? $"{SubmissionUrl.Authority}{SubmissionUrl.AbsolutePath.TrimEnd('/')}";

    public Uri LogListUrl => new(Url, "log_list.json");

    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<LogServer> StartAsync(Log log, LogServerOptions? options = null, CancellationToken cancellation = default)
    {
        var server = new LogServer(log, options ?? new LogServerOptions());
        await server._kestrel.StartAsync(new Application(server), cancellation);
        int port = new Uri(server._kestrel.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Port;
        server.Url = new UriBuilder(server._options.Certificate is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps, server._options.Host, port).Uri;
        server._list = new Serving.LogList(server);
        server._staticCt = new StaticCtCalls(log, server.Origin);
        return server;
    }

    /// <summary>Where faults are switched: GET lists them, POST changes them.</summary>
    public Uri FaultsUrl => new(Url, FaultsApi.Path);

    /// <summary>DER SubjectPublicKeyInfo of the key that signs the list: RSA, new with every server. The signature is at <c>log_list.sig</c>.</summary>
    public ReadOnlyMemory<byte> LogListKey => _list.KeySpki;

    /// <summary>This log as a list in Chrome's v3 form, the same as at <see cref="LogListUrl"/>.</summary>
    public byte[] LogList(ListedProtocols? listed = null) => _list.Write(listed ?? _options.Listed);

    public async ValueTask DisposeAsync()
    {
        // Requests under way are cut, not waited for.
        await _kestrel.StopAsync(new CancellationToken(canceled: true));
        _kestrel.Dispose();
        _transport.Dispose();
        _list.Dispose();
    }

    /// <summary>
    /// Every answer of the log passes here and nowhere else: made, then sent. A log that lies begins between the two; one that
    /// does not costs a comparison more.
    /// </summary>
    private async Task ServeAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        try
        {
            if (context.Request.Path.StartsWithSegments("/" + Moved.TrimEnd('/'), out PathString path)) context.Request.Path = path;
            FaultSet faults = Log.Faults;
            Answer answer = faults == FaultSet.None
                ? await AnswerAsync(context.Request, Log.View)
                : await faults.AnswerAsync(new Question(this, context), view => AnswerAsync(context.Request, view));
            await answer.SendAsync(context, _options.Gzip);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await Answer.Refusal(e.StatusCode, e.Message).SendAsync(context, mayGzip: false);
        }
        catch (Exception e) when (!context.Response.HasStarted && e is not OperationCanceledException)
        {
            // Nothing is logged here: whoever tests against the log reads the reason in the answer.
            context.Response.Clear();
            await Answer.Refusal(500, e.ToString()).SendAsync(context, mayGzip: false);
        }
    }

    private async Task<Answer> AnswerAsync(HttpRequest request, LogView view)
    {
        string path = request.Path.Value ?? "";
        if (path.StartsWith(StaticPrefix + "ct/v1/", StringComparison.Ordinal))
            return await SubmittedAsync(path[(StaticPrefix.Length + "ct/v1/".Length)..], LogProtocol.StaticCt, request) ?? Answer.NotFound;
        if (path.StartsWith(CallPrefix, StringComparison.Ordinal))
        {
            string call = path[CallPrefix.Length..];
            return await SubmittedAsync(call, LogProtocol.Rfc6962, request)
                ?? (IsRead(request) ? Rfc6962Calls.For(call, request.Query, view) : WrongMethod);
        }
        if (path == FaultsApi.Path) return await FaultsApi.AnswerAsync(Log, request);
        if (!IsRead(request)) return WrongMethod;
        if (path.StartsWith(TilesPrefix, StringComparison.Ordinal)) return _staticCt.For(path[TilesPrefix.Length..], view);
        return path switch
        {
            "/log_list.json" => Answer.Bytes(200, "application/json", LogList()),
            "/log_list.sig" => Answer.Bytes(200, "application/octet-stream", _list.Sign(_options.Listed)),
            _ => Answer.NotFound,
        };
    }

    /// <summary>The calls that both protocols have for those who submit; null for any other.</summary>
    private async Task<Answer?> SubmittedAsync(string call, LogProtocol protocol, HttpRequest request) => call switch
    {
        "add-chain" => await ChainRequest.AnswerAsync(Log, protocol, isPrecertificate: false, request),
        "add-pre-chain" => await ChainRequest.AnswerAsync(Log, protocol, isPrecertificate: true, request),
        "get-roots" when IsRead(request) => Rfc6962Calls.GetRoots(Log),
        _ => null,
    };

    private static Answer WrongMethod => Answer.Refusal(405, "Only GET and HEAD are allowed here.");

    private static bool IsRead(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    private sealed class Application(LogServer server) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection features) => new DefaultHttpContext(features);

        public Task ProcessRequestAsync(HttpContext context) => server.ServeAsync(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
