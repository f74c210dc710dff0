using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text;
using CertHerald.Transparency.Entries;

namespace CertHerald.Fetching;

/// <summary>
/// Asks one log's host: paced, bounded in bytes and time, counted. What is not a whole, usable answer becomes a
/// <see cref="LogUnavailableException"/> that says why. Thread-safe.
/// </summary>
/// <param name="client">From <see cref="CreateClient"/>; shared by all logs.</param>
/// <param name="prefix">Ends with a slash; paths are appended as they stand.</param>
/// <param name="log">Names the log in metrics and messages.</param>
internal sealed class LogHttp(HttpClient client, Uri prefix, string log, Pacer pacer, TimeProvider time, Counter<long> requests)
{
    /// <summary>Most bytes of a head, a proof, a checkpoint, an issuer.</summary>
    public const int SmallCap = 64 * 1024;

    /// <summary>Most bytes of an answer with entries, of a data tile, of a log list.</summary>
    public const int LargeCap = 64 * 1024 * 1024;

    /// <summary>How long a request may take, its body included.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(30);

    private const int SmallestBuffer = 4 * 1024;
    private static readonly TimeSpan LongestFresh = TimeSpan.FromSeconds(60);

    // Loopback: bandwidth is free there and inflating costs more than all else. Sent unasked, gzip is inflated all the same.
    private readonly bool _declinesGzip = prefix.IsLoopback;
    private int _usualLength = SmallestBuffer;

    private readonly RefusedRequests _refused = new();

    /// <summary>The client that all logs share.</summary>
    /// <param name="contact">An e-mail address or URL for operators; empty for none.</param>
    /// <param name="handler">One with the settings of <see cref="CreateHandler"/>, whose connections pass the outbound guard.</param>
    public static HttpClient CreateClient(string contact, HttpMessageHandler handler)
    {
        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", UserAgent(contact));
        return client;
    }

    /// <summary>No redirects, no cookies, no ambient proxy; gzip only. Does not say how to connect.</summary>
    /// <param name="takesAnyCertificate">For logs of which the configuration says so.</param>
    public static SocketsHttpHandler CreateHandler(bool takesAnyCertificate = false)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // Hosts move: names are looked up again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            // The rest of an answer that broke a limit is not worth reading.
            MaxResponseDrainSize = 0,
            SslOptions = ClientTls.Options(),
        };
#pragma warning disable CA5359 // By the user's word, for one log. Its heads and entries are proven by the log's own key.
        if (takesAnyCertificate) handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        return handler;
    }

    /// <summary>The counter of requests by log and outcome.</summary>
    public static Counter<long> CreateCounter(Meter meter) =>
        meter.CreateCounter<long>("certherald_log_requests_total", description: "Requests to logs by outcome.");

    /// <summary>Gets a body. The caller disposes the answer.</summary>
    /// <param name="cap">Most decompressed bytes.</param>
    /// <param name="etag">Answers with <see cref="LogAnswer.NotModified"/> set if the log still has what bore this; null asks plainly.</param>
    /// <param name="limit">How long it may take once it is sent; null for <see cref="DefaultLimit"/>.</param>
    /// <param name="room">Where the body's memory comes from as it grows; null for small answers, which nobody counts.</param>
    /// <exception cref="NoRoomException">The body outgrew <paramref name="room"/>.</exception>
    public async Task<LogAnswer> GetAsync(
        string path, int cap, RequestPriority priority, CancellationToken cancellation, string? etag = null, TimeSpan? limit = null, FetchRoom? room = null)
    {
        RequestTurn turn = await pacer.WaitAsync(priority, cancellation);
        try
        {
            LogAnswer answer = await GetAsync(path, cap, etag, limit ?? DefaultLimit, room, cancellation);
            pacer.Answered(turn);
            _refused.Answered(path);
            return answer;
        }
        catch (LogUnavailableException e)
        {
            e.IsItsOwn = e.IsRefusal && priority != RequestPriority.Head && _refused.IsItsOwn(path, pacer.Reads);
            if (e.IsItsOwn) pacer.RefusedForItself(turn, e.RetryAfter);
            else if (e.IsRefusal) pacer.Refused(turn, e.RetryAfter);
            else if (e.Status is { } status && (int)status < 500) pacer.Answered(turn);
            else pacer.Abandoned(turn);
            if (e is { IsRefusal: false, RetryAfter: { } wait }) pacer.Pause(wait);
            throw;
        }
        catch
        {
            pacer.Abandoned(turn);
            throw;
        }
    }

    private async Task<LogAnswer> GetAsync(
        string path, int cap, string? etag, TimeSpan limit, FetchRoom? room, CancellationToken cancellation)
    {
        using var clock = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, clock.Token);
        try
        {
            LogAnswer answer = await SendAsync(path, cap, etag, room, either.Token);
            Count(answer.NotModified ? "not_modified" : "ok");
            return answer;
        }
        catch (LogUnavailableException e)
        {
            Count(e.Status is null ? "unusable" : e.IsRefusal ? "refused" : "status");
            throw;
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            // By our clock, or by the client's own limit on connecting: a host that swallows packets.
            Count("timeout");
            string missing = clock.IsCancellationRequested ? $"no whole answer within {limit.TotalSeconds:0.#} s" : "no connection in time";
            throw new LogUnavailableException($"{log}: {path}: {missing}", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException)
        {
            // Cut bodies, refused connections, unknown hosts, failed TLS, broken gzip.
            Count("unreachable");
            throw new LogUnavailableException($"{log}: {path}: {e.Message}", e);
        }
    }

    /// <summary>What to throw about an answer that arrived whole and is of no use.</summary>
    public LogUnavailableException Unusable(string path, string problem) => new($"{log}: {path}: {problem}");

    private async Task<LogAnswer> SendAsync(string path, int cap, string? etag, FetchRoom? room, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, prefix.AbsoluteUri + path);
        if (etag is not null) request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        if (_declinesGzip) request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip", 0));

        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        string? newTag = Header(response, "ETag");
        TimeSpan freshFor = FreshFor(response);
        if (response.StatusCode == HttpStatusCode.NotModified && etag is not null) return new LogAnswer(null, 0, newTag ?? etag, freshFor);
        if (response.StatusCode != HttpStatusCode.OK) throw await RefusedAsync(response, path, cancellation);

        (MemoryLease body, int length) = await ReadAsync(response.Content, cap, path, room, cancellation);
        var answer = new LogAnswer(body, length, newTag, freshFor);
        if (length == 0) throw Unusable(answer, path, "the body is empty");
        if (response.Content.Headers.ContentType?.MediaType is "text/html")
            throw Unusable(answer, path, $"a web page in place of an answer: {Excerpt(answer.Body.Span)}");

        if (cap > SmallCap) _usualLength = Math.Max(length, SmallestBuffer);
        return answer;
    }

    private async Task<(MemoryLease Body, int Length)> ReadAsync(HttpContent content, int cap, string path, FetchRoom? room, CancellationToken cancellation)
    {
        // Null where the answer was compressed or sent in pieces: then an eighth more than the last one of its kind.
        long? declared = content.Headers.ContentLength;
        if (declared > cap) throw Unusable(path, $"{declared} bytes, above the limit of {cap}");

        await using Stream stream = await content.ReadAsStreamAsync(cancellation);
        // One more than needed: the last read then finds the end without growing.
        int first = (int)(declared ?? Math.Min(cap, cap > SmallCap ? _usualLength + _usualLength / 8 : SmallestBuffer)) + 1;
        room?.Use(first);
        MemoryLease body = BatchMemory.Shared.Rent(first);
        int length = 0;
        try
        {
            room?.Use(body.Length - first);
            while (await stream.ReadAsync(body.Memory[length..], cancellation) is > 0 and int read)
            {
                length += read;
                if (length > cap) throw Unusable(path, $"more than {cap} bytes");
                if (length == body.Length) body = Grow(body, length, cap, room);
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }

        return (body, length);
    }

    private static MemoryLease Grow(MemoryLease body, int length, int cap, FetchRoom? room)
    {
        int wanted = (int)Math.Min(2L * body.Length, cap + 1L);
        // Both are there while one is copied.
        room?.Use(wanted);
        MemoryLease larger = BatchMemory.Shared.Rent(wanted);
        body.Memory[..length].CopyTo(larger.Memory);
        body.Dispose();
        room?.Use(larger.Length - wanted - body.Length);
        return larger;
    }

    private async Task<LogUnavailableException> RefusedAsync(HttpResponseMessage response, string path, CancellationToken cancellation)
    {
        byte[] start = new byte[256];
        int length;
        await using (Stream stream = await response.Content.ReadAsStreamAsync(cancellation))
            length = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellation);

        string message = $"{log}: {path}: status {(int)response.StatusCode}";
        return new LogUnavailableException(length == 0 ? message : $"{message}: {Excerpt(start.AsSpan(0, length))}")
        {
            Status = response.StatusCode,
            RetryAfter = RetryAfter.Parse(Header(response, "Retry-After"), time.GetUtcNow()),
        };
    }

    private LogUnavailableException Unusable(LogAnswer answer, string path, string problem)
    {
        answer.Dispose();
        return Unusable(path, problem);
    }

    private void Count(string outcome) =>
        requests.Add(1, new KeyValuePair<string, object?>("log", log), new KeyValuePair<string, object?>("outcome", outcome));

    // The raw header: the typed ones swallow what they cannot read.
    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) && values.Count == 1 ? values.ToString() : null;

    private static TimeSpan FreshFor(HttpResponseMessage response)
    {
        TimeSpan left = (response.Headers.CacheControl?.MaxAge ?? TimeSpan.Zero) - (response.Headers.Age ?? TimeSpan.Zero);
        return left < TimeSpan.Zero ? TimeSpan.Zero : left < LongestFresh ? left : LongestFresh;
    }

    /// <summary>The first characters of hostile text, fit for a log line.</summary>
    internal static string Excerpt(ReadOnlySpan<byte> text)
    {
        const int most = 120;
        var excerpt = new StringBuilder("\"");
        foreach (byte b in text[..Math.Min(most, text.Length)])
        {
            if (b is >= 0x20 and < 0x7f and not (byte)'"' and not (byte)'\\') excerpt.Append((char)b);
            else excerpt.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        }

        return excerpt.Append(text.Length > most ? "…\"" : "\"").ToString();
    }

    private static string UserAgent(string contact)
    {
        string version = typeof(LogHttp).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        string agent = $"CertHerald/{version}";
        return Contact.FitsHeader(contact) ? $"{agent} (+{contact})" : agent;
    }
}

/// <summary>What a log answered: the decompressed body in memory of <see cref="BatchMemory"/>, given back on disposal.</summary>
/// <param name="etag">For the next conditional request; null if the log gave none.</param>
/// <param name="freshFor">How long asking again is of no use, by the answer's max-age and age; at most a minute.</param>
internal sealed class LogAnswer(MemoryLease? memory, int length, string? etag, TimeSpan freshFor) : IDisposable
{
    private MemoryLease? _memory = memory;

    /// <summary>Empty only if <see cref="NotModified"/>. Gone after disposal.</summary>
    public ReadOnlyMemory<byte> Body => _memory is null ? default : _memory.Memory[..length];

    /// <summary>The log still has what the caller knows.</summary>
    public bool NotModified { get; } = memory is null;

    public string? ETag { get; } = etag;

    public TimeSpan FreshFor { get; } = freshFor;

    /// <summary>The memory of the body, for somebody else to give back. The body is gone afterwards.</summary>
    public MemoryLease TakeMemory() => Interlocked.Exchange(ref _memory, null) ?? throw new InvalidOperationException("the answer has no memory");

    public void Dispose() => Interlocked.Exchange(ref _memory, null)?.Dispose();
}
