using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace CertHerald.Delivering;

/// <summary>The addresses of a name.</summary>
/// <exception cref="SocketException">There are none, or the name servers did not answer.</exception>
internal delegate Task<IPAddress[]> ResolveHost(string host, CancellationToken cancellation);

/// <summary>
/// Keeps requests to addresses that users chose out of internal networks. It judges the address that is really connected
/// to, after name resolution, for every connection: checks of text are only hints. OWASP calls the attack SSRF.
/// Thread-safe.
/// </summary>
internal sealed class OutboundGuard(OutboundOptions options, ResolveHost? resolve = null)
{
    /// <summary>For name resolution, connection and TLS together.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    /// <summary>For one address, if the host has another.</summary>
    private static readonly TimeSpan AddressLimit = TimeSpan.FromSeconds(2);

    private readonly ResolveHost _resolve = resolve ?? (static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation));
    private volatile IPEndPoint[] _listeners = [];

    /// <summary>
    /// Shuts our own listeners, whatever the options open: a webhook must not be able to call our API. To be told before the
    /// first delivery leaves.
    /// </summary>
    public void Shut(IEnumerable<IPEndPoint> listeners) => _listeners = [.. listeners];

    /// <summary>
    /// A handler that connects only where the guard allows. It sends nothing by itself: no redirects, cookies, proxy,
    /// credentials or trace headers, and no second try. HTTP/3 would go past the guard: requests must not ask for it.
    /// </summary>
    public SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = System.Diagnostics.DistributedContextPropagator.CreateNoOutputPropagator(),
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            ConnectTimeout = ConnectLimit,
            MaxResponseDrainSize = 0,
            MaxResponseHeadersLength = 16,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            UseCookies = false,
            UseProxy = false,
        };
        handler.SslOptions.EnabledSslProtocols =
            System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13;
        return handler;
    }

    /// <summary>Connects to an allowed address of the host, IPv4 first.</summary>
    /// <exception cref="OutboundBlockedException">An address of the host, or the port or scheme, is not allowed.</exception>
    /// <exception cref="NameResolutionException">The host has no address that could be found.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        bool isEncrypted = context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttps;
        IPEndPoint[] allowed = await FindAllowedAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, isEncrypted, cancellation);

        foreach (IPEndPoint address in allowed[..^1])
            if (await TryConnectAsync(address, cancellation) is { } stream)
                return stream;
        return await ConnectAsync(allowed[^1], cancellation);
    }

    /// <summary>Where a host may be connected to. One address that is not allowed refuses all: it may be the next answer.</summary>
    internal async Task<IPEndPoint[]> FindAllowedAsync(string host, int port, bool isEncrypted, CancellationToken cancellation)
    {
        host = host.TrimEnd('.');
        if (host.Length == 0 || host.Contains('%', StringComparison.Ordinal))
            throw new OutboundBlockedException("an empty host, or an address with a zone");

        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await ResolveAsync(host, cancellation);
        foreach (IPAddress address in addresses)
            if (WhyNot(address, port, isEncrypted) is { } reason)
                throw new OutboundBlockedException(reason);

        return
        [
            .. addresses.OrderBy(address => address.AddressFamily != AddressFamily.InterNetwork).Select(address => new IPEndPoint(address, port)),
        ];
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

    private string? WhyNot(IPAddress address, int port, bool isEncrypted)
    {
        AddressVerdict verdict = AddressRanges.Judge(address, options);
        if (verdict == AddressVerdict.Blocked) return $"{address} is not a public address, and outbound.allow does not open it";
        if (IsOurs(address, port)) return $"{address} port {port} is CertHerald's own listener";
        if (verdict == AddressVerdict.Opened) return null;
        if (!isEncrypted) return $"{address} is public: only https reaches it";
        return options.Ports.Contains(port) ? null : $"port {port} of {address} is not among outbound.ports";
    }

    private bool IsOurs(IPAddress address, int port)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        foreach (IPEndPoint listener in _listeners)
        {
            if (listener.Port != port) continue;
            if (listener.Address.Equals(address)) return true;

            bool listensEverywhere = listener.Address.Equals(IPAddress.Any) || listener.Address.Equals(IPAddress.IPv6Any);
            if (listensEverywhere && IsOfThisMachine(address)) return true;
        }

        return false;
    }

    private static bool IsOfThisMachine(IPAddress address) =>
        IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ||
        NetworkInterface.GetAllNetworkInterfaces().Any(card =>
            card.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address)));

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        try
        {
            IPAddress[] addresses = await _resolve(host, cancellation).WaitAsync(cancellation);
            return addresses.Length > 0 ? addresses : throw new NameResolutionException("the host has no address", mayBeLocal: false);
        }
        catch (SocketException e)
        {
            bool isAnswer = e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData;
            throw new NameResolutionException(isAnswer ? "the host does not exist" : $"the name servers failed: {e.SocketErrorCode}", !isAnswer);
        }
        catch (OperationCanceledException)
        {
            // By the connection's limit; a caller who cancelled does not look at this.
            throw new NameResolutionException("the name servers did not answer in time", mayBeLocal: true);
        }
    }
}

/// <summary>The guard refused to connect. The message is for the operator's log only: to others it would tell about our network.</summary>
internal sealed class OutboundBlockedException(string message) : Exception(message);

/// <summary>A host's addresses could not be found.</summary>
internal sealed class NameResolutionException(string message, bool mayBeLocal) : Exception(message)
{
    /// <summary>Nobody answered, which may be our network's fault; false if the answer was that there is nothing.</summary>
    public bool MayBeLocal { get; } = mayBeLocal;
}
