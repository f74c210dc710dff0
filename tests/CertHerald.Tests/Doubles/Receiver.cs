using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;

namespace CertHerald.Tests.Doubles;

/// <summary>A webhook's receiver on loopback that does as it is told, down to the bytes: a listener, not an HTTP library.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly LoopbackListener _listener;
    private readonly ConcurrentQueue<Behaviour> _script = new();
    private readonly ConcurrentQueue<Received> _requests = new();
    private readonly Channel<Received> _arrivals = Channel.CreateUnbounded<Received>();
    private readonly ConcurrentQueue<string?> _shown = new();
    private readonly X509Certificate2? _certificate;
    private int _connections;

    private Receiver(X509Certificate2? certificate)
    {
        _certificate = certificate;
        _listener = new LoopbackListener(ServeAsync);
    }

    /// <summary>What to do with one request once it is read, instead of the default.</summary>
    public delegate Task Behaviour(Stream connection, CancellationToken stopping);

    /// <summary>What it does when the script is empty.</summary>
    public Behaviour Default { get; set; } = Answer(200);

    public int Port => _listener.Port;

    public Uri Url => new($"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}/hook");

    /// <summary>Asks whoever connects for a certificate, and takes any, or none.</summary>
    public bool AsksForCertificate { get; init; }

    /// <summary>SHA-256 of the certificate that each connection showed; null where it showed none.</summary>
    public IReadOnlyList<string?> Shown => [.. _shown];

    /// <summary>Every request, in order of arrival.</summary>
    public IReadOnlyList<Received> Requests => [.. _requests];

    /// <summary>Connections ever accepted, also such as never sent a request.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public static Receiver Start() => new(null);

    /// <summary>Speaks TLS with a certificate that nobody trusts.</summary>
    public static Receiver StartWithTls(X509Certificate2 certificate, bool asksForCertificate = false) => new(certificate) { AsksForCertificate = asksForCertificate };

    /// <summary>An answer, complete and at once.</summary>
    public static Behaviour Answer(int status, string body = "", params string[] headers) => Send(
        $"HTTP/1.1 {status} Said\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{string.Concat(headers.Select(line => line + "\r\n"))}\r\n{body}");

    /// <summary>These bytes, then keeps the connection as it is.</summary>
    public static Behaviour Send(string bytes) => async (connection, stopping) => await connection.WriteAsync(Encoding.UTF8.GetBytes(bytes), stopping);

    /// <summary>Nothing, for ever.</summary>
    public static Behaviour Hang() => static (_, stopping) => Task.Delay(Timeout.Infinite, stopping);

    /// <summary>Waits for a signal, then goes on.</summary>
    public static Behaviour After(Task signal, Behaviour then) => async (connection, stopping) =>
    {
        await signal.WaitAsync(stopping);
        await then(connection, stopping);
    };

    /// <summary>The same bytes again and again, until the other side has had enough.</summary>
    public static Behaviour Flood(string head, string again) => async (connection, stopping) =>
    {
        await connection.WriteAsync(Encoding.UTF8.GetBytes(head), stopping);
        byte[] chunk = Encoding.UTF8.GetBytes(again);
        while (true) await connection.WriteAsync(chunk, stopping);
    };

    /// <summary>Breaks the connection with a reset, unanswered.</summary>
    public static Behaviour Reset() => static (connection, _) =>
    {
        if (connection is NetworkStream stream) stream.Socket.Close(timeout: 0);
        return Task.CompletedTask;
    };

    /// <summary>Closes the connection in order, unanswered.</summary>
    public static Behaviour Close() => static (connection, _) =>
    {
        connection.Dispose();
        return Task.CompletedTask;
    };

    /// <summary>What to do with the next requests, one each, before the default.</summary>
    public void Then(params IEnumerable<Behaviour> behaviours)
    {
        foreach (Behaviour behaviour in behaviours) _script.Enqueue(behaviour);
    }

    /// <summary>The next request that nobody has waited for yet.</summary>
    public async Task<Received> NextAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));              // a failing test must end
        return await _arrivals.Reader.ReadAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _certificate?.Dispose();
    }

    private async Task ServeAsync(Socket socket, CancellationToken stopping)
    {
        Interlocked.Increment(ref _connections);
        socket.NoDelay = true;
        Stream stream = new NetworkStream(socket);
        if (_certificate is not null)
        {
            var encrypted = new SslStream(stream);
            try
            {
                await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                {
                    ServerCertificate = _certificate,
                    ClientCertificateRequired = AsksForCertificate,
                    RemoteCertificateValidationCallback = AsksForCertificate ? static (_, shown, _, _) => shown is null || shown.Subject.Length > 0 : null,
                }, stopping);
                if (AsksForCertificate) _shown.Enqueue(encrypted.RemoteCertificate?.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256).ToLowerInvariant());
            }
            catch (System.Security.Authentication.AuthenticationException)
            {
                return;                                           // the other side trusts nobody, which is what its tests want
            }
            stream = encrypted;
        }

        while (await ReadRequestAsync(stream, stopping) is { } request)
        {
            _requests.Enqueue(request);
            _arrivals.Writer.TryWrite(request);
            await (_script.TryDequeue(out Behaviour? behaviour) ? behaviour : Default)(stream, stopping);
        }
    }

    private static async Task<Received?> ReadRequestAsync(Stream stream, CancellationToken stopping)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (!EndsHead(head))
        {
            if (await stream.ReadAsync(one, stopping) == 0) return null;
            head.Add(one[0]);
        }

        string[] lines = Encoding.Latin1.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        ILookup<string, string> headers = lines.Skip(1)
            .Select(line => line.Split(':', 2))
            .ToLookup(parts => parts[0], parts => parts[1].Trim(), StringComparer.OrdinalIgnoreCase);

        var body = new byte[int.Parse(headers["Content-Length"].SingleOrDefault("0"), System.Globalization.CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, stopping);
        return new Received(lines[0], headers, body);
    }

    private static bool EndsHead(List<byte> head) => head.Count >= 4 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n';
}

/// <summary>A request as it came.</summary>
/// <param name="RequestLine">Method, target and version, raw.</param>
internal sealed record Received(string RequestLine, ILookup<string, string> Headers, byte[] Body)
{
    public string Key => Headers["Idempotency-Key"].Single();
}
