using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Delivering;

/// <summary>The addresses of a name.</summary>
/// <exception cref="SocketException">There are none, or the name servers did not answer.</exception>
internal delegate Task<IPAddress[]> ResolveHost(string host, CancellationToken cancellation);

/// <summary>Whose word an address is.</summary>
internal enum OutboundReach
{
    /// <summary>A user's of the API, or that of a list from elsewhere: reached as far as the options open it.</summary>
    Guarded,

    /// <summary>The operator's own, as a custom log's: reached anywhere, but for metadata services and our own listeners.</summary>
    Named,

    /// <summary>A certificate's, for what its CA has signed: as <see cref="Guarded"/>, and by plain HTTP too, as revocation lists are had (RFC 5280 §8).</summary>
    Signed,
}

/// <summary>
/// Keeps requests to addresses that users chose out of internal networks. It judges the address that is really connected
/// to, after name resolution, for every connection: checks of text are only hints. OWASP calls the attack SSRF.
/// Thread-safe.
/// </summary>
internal sealed partial class OutboundGuard(OutboundOptions options, ResolveHost? resolve = null, TimeProvider? time = null, ILogger<OutboundGuard>? logger = null)
{
    /// <summary>For name resolution, connection and TLS together.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    /// <summary>For name resolution, whatever the caller allows for the whole.</summary>
    private static readonly TimeSpan ResolveLimit = TimeSpan.FromSeconds(5);

    /// <summary>Hosts of whose refusal the log was told and is not told again for the same reason.</summary>
    private const int MostTold = 1_000;

    /// <summary>For one address, if the host has another.</summary>
    private static readonly TimeSpan AddressLimit = TimeSpan.FromSeconds(2);

    private readonly ResolveHost _resolve = resolve ?? (static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation));
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger<OutboundGuard>.Instance;
    private readonly ConcurrentDictionary<string, string> _told = new(StringComparer.OrdinalIgnoreCase);
    private volatile IPEndPoint[] _listeners = [];
    private volatile OutboundOptions _options = options;

    /// <summary>In force. Connections made under others are not used again by a handler of <see cref="Through"/>.</summary>
    public OutboundOptions Options => _options;

    /// <summary>Puts other options in force. Connections that the old ones allowed are closed once they are idle.</summary>
    public void Use(OutboundOptions options)
    {
        if (!options.AllowsTheSameAs(_options)) _options = options;
    }

    /// <summary>
    /// Shuts our own listeners, whatever the options open: a webhook must not be able to call our API. To be told before the
    /// first delivery leaves.
    /// </summary>
    public void Shut(IEnumerable<IPEndPoint> listeners) => _listeners = [.. listeners];

    /// <summary>Makes requests whose connections pass the guard. The only way out for HTTP.</summary>
    /// <param name="create">Everything but the way to connect. Asked again whenever the options have changed.</param>
    public HttpMessageHandler Through(Func<SocketsHttpHandler> create, OutboundReach reach = OutboundReach.Guarded) => new GuardedHandler(this, () =>
    {
        SocketsHttpHandler handler = create();
        handler.ConnectCallback = (context, cancellation) => ConnectAsync(context, reach, cancellation);
        handler.UseProxy = false;
        handler.AllowAutoRedirect = false;
        return handler;
    });

    /// <summary>
    /// A handler that connects only where the guard allows. It sends nothing by itself: no redirects, cookies, proxy,
    /// credentials or trace headers, and no second try. HTTP/3 would go past the guard: requests must not ask for it.
    /// </summary>
    public SocketsHttpHandler CreateHandler() => CreateHandler(null);

    /// <inheritdoc cref="CreateHandler()"/>
    /// <param name="tls">What a receiver knows us by, and we it; null: nothing, and what everybody is known by.</param>
    public SocketsHttpHandler CreateHandler(WebhookTls? tls) => new()
    {
        ActivityHeadersPropagator = System.Diagnostics.DistributedContextPropagator.CreateNoOutputPropagator(),
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectCallback = (context, cancellation) => ConnectAsync(context, OutboundReach.Guarded, cancellation),
        ConnectTimeout = ConnectLimit,
        MaxResponseDrainSize = 0,
        MaxResponseHeadersLength = 16,
        PlaintextStreamFilter = NoteReady,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        SslOptions = ClientTls.Options(trust: tls?.Trust ?? _options.Trust?.Policy, client: tls?.Client),
        UseCookies = false,
        UseProxy = false,
    };

    /// <summary>Connects to an allowed address of a host, IPv4 first; to a public one through the proxy, if there is one.</summary>
    /// <param name="isEncrypted">Whether TLS follows: public addresses are reached by nothing else.</param>
    /// <exception cref="OutboundBlockedException">An address of the host, or the port or scheme, is not allowed.</exception>
    /// <exception cref="NameResolutionException">The host has no address that could be found.</exception>
    /// <exception cref="ProxyFailedException">The proxy did not answer, or refused.</exception>
    public Task<Stream> ConnectAsync(string host, int port, bool isEncrypted, OutboundReach reach, CancellationToken cancellation) =>
        ConnectAsync(host, port, isEncrypted, reach, clock: null, cancellation);

    /// <summary>Where a host may be connected to. One address that is not allowed refuses all: it may be the next answer.</summary>
    /// <exception cref="OutboundBlockedException">An address of the host, or the port or scheme, is not allowed.</exception>
    /// <exception cref="NameResolutionException">The host has no address that could be found.</exception>
    public async Task<IPEndPoint[]> FindAllowedAsync(
        string host, int port, bool isEncrypted, CancellationToken cancellation, OutboundReach reach = OutboundReach.Guarded) =>
        (await JudgeAsync(host, port, isEncrypted, reach, _options, cancellation)).Addresses;

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, OutboundReach reach, CancellationToken cancellation)
    {
        bool isEncrypted = context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttps;
        return await ConnectAsync(
            context.DnsEndPoint.Host, context.DnsEndPoint.Port, isEncrypted, reach, AttemptClock.Of(context.InitialRequestMessage), cancellation);
    }

    private async Task<Stream> ConnectAsync(string host, int port, bool isEncrypted, OutboundReach reach, AttemptClock? clock, CancellationToken cancellation)
    {
        OutboundOptions options = _options;
        (IPEndPoint[] addresses, bool isPublic) = await JudgeAsync(host, port, isEncrypted, reach, options, cancellation);
        clock?.Resolved();

        OutboundProxy? proxy = isPublic ? options.Proxy : null;
        Stream stream = proxy is null ? await ConnectAsync(addresses, cancellation) : await ConnectAsync(proxy, cancellation);
        IPAddress? peer = ((stream as NetworkStream)?.Socket.RemoteEndPoint as IPEndPoint)?.Address;
        if (proxy is not null) stream = await proxy.OpenTunnelAsync(stream, WithoutDot(host), port, cancellation, options.Trust?.Policy);
        clock?.Connected(peer);
        return stream;
    }

    /// <summary>Called when a connection is ready: with TLS, the handshake is what happened since it was made.</summary>
    private static ValueTask<Stream> NoteReady(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellation)
    {
        if (context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttps) AttemptClock.Of(context.InitialRequestMessage)?.Secured();
        return ValueTask.FromResult(context.PlaintextStream);
    }

    private async Task<(IPEndPoint[] Addresses, bool IsPublic)> JudgeAsync(
        string host, int port, bool isEncrypted, OutboundReach reach, OutboundOptions options, CancellationToken cancellation)
    {
        host = WithoutDot(host);
        if (host.Length == 0 || host.Any(one => one is '%' or <= ' ' or '\x7f')) throw Refusal(host, "it is empty, or an address with a zone");

        bool isPublic = false;
        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await ResolveAsync(host, cancellation);
        foreach (IPAddress address in addresses)
        {
            AddressVerdict verdict = AddressRanges.Judge(address, options);
            if (WhyNot(address, verdict, port, isEncrypted, reach, options) is { } reason) throw Refusal(host, reason);
            isPublic |= verdict == AddressVerdict.Public;
        }

        _told.TryRemove(host, out _);

        IPEndPoint[] allowed =
        [
            .. addresses
                .Select(address => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)
                .OrderBy(address => address.AddressFamily != AddressFamily.InterNetwork)
                .Select(address => new IPEndPoint(address, port)),
        ];
        return (allowed, isPublic);
    }

    /// <summary>The proxy may be anywhere: the configuration names it.</summary>
    private async Task<Stream> ConnectAsync(OutboundProxy proxy, CancellationToken cancellation)
    {
        try
        {
            string host = WithoutDot(proxy.Address.IdnHost);
            IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await ResolveAsync(host, cancellation);
            return await ConnectAsync([.. addresses.Select(address => new IPEndPoint(address, proxy.Address.Port))], cancellation);
        }
        catch (SocketException e)
        {
            throw new ProxyFailedException($"no connection to the proxy: {e.SocketErrorCode}", mayBeLocal: true);
        }
        catch (NameResolutionException e)
        {
            throw new ProxyFailedException($"the proxy's name was not found: {e.Message}", mayBeLocal: true);
        }
    }

    private static async Task<Stream> ConnectAsync(IPEndPoint[] addresses, CancellationToken cancellation)
    {
        foreach (IPEndPoint address in addresses[..^1])
            if (await TryConnectAsync(address, cancellation) is { } stream)
                return stream;
        return await ConnectAsync(addresses[^1], cancellation);
    }

    /// <summary>Null if this address does not answer, and soon: there is another.</summary>
    private static async Task<Stream?> TryConnectAsync(IPEndPoint address, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(AddressLimit);
        try
        {
            return await ConnectAsync(address, limit.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<Stream> ConnectAsync(IPEndPoint address, CancellationToken cancellation)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The log is told why, once for each host and reason: a refused log is asked again every few seconds.</summary>
    private OutboundBlockedException Refusal(string host, string reason)
    {
        if (_told.Count >= MostTold) _told.Clear();
        if (!_told.TryGetValue(host, out string? before) || before != reason)
        {
            _told[host] = reason;
            LogRefused(Visible.Of(host), reason);
        }

        return new OutboundBlockedException(reason);
    }

    private string? WhyNot(IPAddress address, AddressVerdict verdict, int port, bool isEncrypted, OutboundReach reach, OutboundOptions options)
    {
        if (AddressRanges.IsNeverOpen(address)) return $"{address} is a metadata service of a cloud, which nothing opens";
        if (IsOurs(address, port)) return $"{address} port {port} is CertHerald's own listener";
        if (reach == OutboundReach.Named) return null;
        // Strangers choose the port: what the operator opened for others is not theirs to try.
        if (verdict == AddressVerdict.Opened)
            return reach != OutboundReach.Signed || port == (isEncrypted ? 443 : 80) || options.Ports.Contains(port) ? null : $"port {port} of {address} is not among outbound.ports";
        if (verdict == AddressVerdict.Blocked) return $"{address} is not a public address, and outbound.allow does not open it";
        if (reach == OutboundReach.Signed && port == (isEncrypted ? 443 : 80)) return null;
        if (!isEncrypted) return $"{address} is public: only https reaches it";
        return options.Ports.Contains(port) ? null : $"port {port} of {address} is not among outbound.ports";
    }

    private bool IsOurs(IPAddress address, int port)
    {
        address = AddressRanges.Normalize(address);
        foreach (IPEndPoint listener in _listeners)
        {
            if (listener.Port != port) continue;
            if (listener.Address.Equals(address)) return true;

            bool listensEverywhere = listener.Address.Equals(IPAddress.Any) || listener.Address.Equals(IPAddress.IPv6Any);
            // Connecting to 0.0.0.0 or :: connects to this machine, to a listener on loopback too.
            bool leadsToLoopback = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
            if (listensEverywhere ? IsOfThisMachine(address) : leadsToLoopback) return true;
        }

        return false;
    }

    private static bool IsOfThisMachine(IPAddress address) =>
        IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ||
        NetworkInterface.GetAllNetworkInterfaces().Any(card =>
            card.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address)));

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(ResolveLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            // The platform's own wait for name servers cannot always be cancelled: it is left behind.
            IPAddress[] addresses = await _resolve(host, either.Token).WaitAsync(either.Token);
            return addresses.Length > 0 ? addresses : throw new NameResolutionException("the host has no address", mayBeLocal: false);
        }
        catch (SocketException e)
        {
            bool isAnswer = e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData;
            throw new NameResolutionException(isAnswer ? "the host does not exist" : $"the name servers failed: {e.SocketErrorCode}", !isAnswer);
        }
        catch (OperationCanceledException)
        {
            // By the limit or the connection's; a caller who cancelled does not look at this.
            throw new NameResolutionException("the name servers did not answer in time", mayBeLocal: true);
        }
    }

    private static string WithoutDot(string host) => host.TrimEnd('.');

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connections to {Host} are refused: {Reason}")]
    private partial void LogRefused(string host, string reason);
}

/// <summary>The guard refused to connect. The message is the same whatever the reason: who reads it learns nothing about our network.</summary>
internal sealed class OutboundBlockedException(string reason) : Exception(ForUsers)
{
    public const string ForUsers = "the address is not allowed";

    /// <summary>For the operator only.</summary>
    public string Reason { get; } = reason;
}

/// <summary>A host's addresses could not be found.</summary>
internal sealed class NameResolutionException(string message, bool mayBeLocal) : Exception(message)
{
    /// <summary>Nobody answered, which may be our network's fault; false if the answer was that there is nothing.</summary>
    public bool MayBeLocal { get; } = mayBeLocal;
}
