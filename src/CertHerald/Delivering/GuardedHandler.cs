namespace CertHerald.Delivering;

/// <summary>
/// Begins with fresh connections when the guard's options have changed: a pooled one was judged by the old ones. Requests
/// under way end as they began; the old connections are closed with the last of them. Thread-safe.
/// </summary>
/// <param name="create">Makes a handler whose connections pass the guard.</param>
internal sealed class GuardedHandler(OutboundGuard guard, Func<SocketsHttpHandler> create) : HttpMessageHandler
{
    private readonly Lock _lock = new();
    private Generation? _now;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Generation generation = Enter();
        try
        {
            return await generation.Http.SendAsync(request, cancellationToken);
        }
        finally
        {
            Leave(generation);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            lock (_lock)
                _now?.Http.Dispose();
        base.Dispose(disposing);
    }

    private Generation Enter()
    {
        lock (_lock)
        {
            if (_now is null || !ReferenceEquals(_now.Options, guard.Options))
            {
                if (_now is { Users: 0 }) _now.Http.Dispose();
                _now = new Generation(guard.Options, new HttpMessageInvoker(create(), disposeHandler: true));
            }

            _now.Users++;
            return _now;
        }
    }

    private void Leave(Generation generation)
    {
        lock (_lock)
            if (--generation.Users == 0 && !ReferenceEquals(generation, _now))
                generation.Http.Dispose();
    }

    /// <param name="options">What its connections were judged by, or newer.</param>
    private sealed class Generation(OutboundOptions options, HttpMessageInvoker http)
    {
        public OutboundOptions Options { get; } = options;

        public HttpMessageInvoker Http { get; } = http;

        /// <summary>Requests that wait for their headers.</summary>
        public int Users { get; set; }
    }
}
