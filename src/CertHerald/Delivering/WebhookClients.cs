namespace CertHerald.Delivering;

/// <summary>
/// Makes the requests to webhooks: over connections that all share, and over others for each client certificate and private CA, since a
/// connection is the one that it was made as. Thread-safe.
/// </summary>
internal sealed class WebhookClients(OutboundGuard guard, TimeProvider time) : IDisposable
{
    /// <summary>Longer than any request: nothing is under way where nothing began for so long.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Mark, bool IsOnce), Client> _clients = [];

    /// <param name="tls">What the receiver knows us by, and we it; null: as with everybody.</param>
    /// <param name="isOnce">Each request gets a connection of its own.</param>
    public HttpMessageInvoker For(WebhookTls? tls, bool isOnce = false)
    {
        (string, bool) key = (tls?.Mark ?? "", isOnce);
        long now = time.GetTimestamp();
        lock (_lock)
        {
            if (!_clients.TryGetValue(key, out Client? client))
            {
                ForgetIdle(now);
                _clients.Add(key, client = new Client(new HttpMessageInvoker(guard.Through(() => Create(tls, isOnce)), disposeHandler: true)));
            }
            client.Used = now;
            return client.Http;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (Client client in _clients.Values) client.Http.Dispose();
            _clients.Clear();
        }
    }

    private SocketsHttpHandler Create(WebhookTls? tls, bool isOnce)
    {
        SocketsHttpHandler handler = guard.CreateHandler(tls);
        if (isOnce) handler.PooledConnectionLifetime = TimeSpan.Zero;
        return handler;
    }

    /// <summary>Certificates are renewed: what the old ones were for must not stay for ever.</summary>
    private void ForgetIdle(long now)
    {
        foreach (((string, bool) key, Client client) in _clients.ToList())
            if (time.GetElapsedTime(client.Used, now) >= Idle)
            {
                _clients.Remove(key);
                client.Http.Dispose();
            }
    }

    private sealed class Client(HttpMessageInvoker http)
    {
        public HttpMessageInvoker Http { get; } = http;

        public long Used { get; set; }
    }
}
