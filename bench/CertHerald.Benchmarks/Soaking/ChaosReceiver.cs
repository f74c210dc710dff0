using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>What a receiver does instead of taking what it gets.</summary>
internal enum Mood
{
    /// <summary>204.</summary>
    Well,

    /// <summary>500, at about every second request.</summary>
    Flapping,

    /// <summary>No answer, until it is well.</summary>
    Hanging,

    /// <summary>A byte of an answer's head a second.</summary>
    Trickling,

    /// <summary>A reset once the request is read.</summary>
    Resetting,

    /// <summary>A connection that closes in order, without an answer.</summary>
    Closing,

    /// <summary>429 with Retry-After.</summary>
    TooMany,

    /// <summary>503 with Retry-After.</summary>
    Unavailable,

    /// <summary>307 to where nobody must go.</summary>
    Redirecting,

    /// <summary>No HTTP at all.</summary>
    Garbage,

    /// <summary>200, whose body breaks off.</summary>
    Cut,

    /// <summary>410, once; then it is well.</summary>
    Gone,
}

/// <summary>
/// A webhook's receiver that misbehaves down to the bytes, so a listener and no HTTP library. It checks who calls, notes what came
/// before it answers, and can move to another port.
/// </summary>
internal sealed class ChaosReceiver : IAsyncDisposable
{
    private readonly ChaosLedger _ledger;
    private readonly Failpoints _failpoints;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Random _random;
    private readonly Lock _gate = new();
    private readonly List<Task> _serving = [];
    private CancellationTokenSource _mood = new();
    private TcpListener _listener = Listen();

    public ChaosReceiver(string name, Canaries canaries, Uri trap, ChaosLedger ledger, Failpoints failpoints, int seed)
    {
        (Name, Canaries, Trap, _ledger, _failpoints, _random) = (name, canaries, trap, ledger, failpoints, new Random(seed));
        _serving.Add(AcceptAsync(_listener));
    }

    public string Name { get; }

    public Canaries Canaries { get; }

    /// <summary>Where a redirect points.</summary>
    public Uri Trap { get; }

    public Mood Mood { get; private set; }

    public int Moves { get; private set; }

    /// <summary>Its address, with all that is secret in it.</summary>
    public string Url => $"http://chaos:{Uri.EscapeDataString(Canaries.Password)}@127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/{Canaries.Path}?token={Canaries.Query}";

    /// <summary>From now on; what hangs ends.</summary>
    public void Be(Mood mood)
    {
        CancellationTokenSource before;
        lock (_gate) (before, _mood, Mood) = (_mood, new CancellationTokenSource(), mood);
        before.Cancel();
    }

    /// <summary>Leaves its port for another; nobody listens at the old one.</summary>
    public void Move()
    {
        TcpListener fresh = Listen();
        lock (_gate)
        {
            _listener.Stop();
            _listener = fresh;
            _serving.RemoveAll(task => task.IsCompleted);
            _serving.Add(AcceptAsync(fresh));
            Moves++;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Be(Mood.Well);
        Task[] serving;
        lock (_gate)
        {
            _listener.Stop();
            serving = [.. _serving];
        }
        await Task.WhenAll(serving);
        _stopping.Dispose();
        _mood.Dispose();
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(_stopping.Token);
                Task serving = ServeAsync(client);
                lock (_gate) _serving.Add(serving);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // It has moved, or all is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                client.NoDelay = true;
                int port = ((IPEndPoint)client.Client.RemoteEndPoint!).Port;
                NetworkStream stream = client.GetStream();
                while (await TakeAsync(client, stream, port))
                {
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The program has gone, or all is over.
        }
    }

    /// <summary>One request. Whether another may come on this connection.</summary>
    private async Task<bool> TakeAsync(TcpClient client, NetworkStream stream, int port)
    {
        if (await ReadHeadAsync(stream) is not { } head) return false;
        _failpoints.Reach(Place.HeadCame, port);
        var body = new byte[int.Parse(head.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, _stopping.Token);

        int place = Note(head, body);
        int? answer = null;
        try
        {
            _failpoints.Reach(Place.Received, port);
            answer = await AnswerAsync(client, stream);
        }
        finally
        {
            _ledger.End(place, answer);
        }
        if (answer is not null) _failpoints.Reach(Place.Answered, port);
        return answer is not null && client.Connected;
    }

    private int Note(Dictionary<string, string> head, byte[] body)
    {
        string key = head.GetValueOrDefault("Idempotency-Key", "");
        string subject;
        try
        {
            subject = SoakReceiver.SubjectOf(JsonSerializer.Deserialize<JsonElement>(body));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            subject = "unreadable";
            _ledger.Report($"{Name} got a body that cannot be understood under {key}: {e.Message}");
        }

        string problem = ProblemWith(head, key, body);
        if (problem.Length > 0) _ledger.Report($"{Name}: {problem} ({key})");
        return _ledger.Enter(Name, key, Convert.ToHexStringLower(SHA256.HashData(body)), subject, problem.Length == 0 ? "signed" : "WRONG");
    }

    /// <summary>Its own check of Standard Webhooks 1.0.0, not the program's; and of password and header.</summary>
    private string ProblemWith(Dictionary<string, string> head, string key, byte[] body)
    {
        if (!Guid.TryParse(key, out _)) return "the key is no UUID";
        if (head.GetValueOrDefault("webhook-id") != key) return "webhook-id is not the key";
        string sent = head.GetValueOrDefault("webhook-timestamp", "");
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{key}.{sent}."), .. body];
        byte[] mac = HMACSHA256.HashData(Convert.FromBase64String(Canaries.SigningSecret["whsec_".Length..]), signed);
        if (!head.GetValueOrDefault("webhook-signature", "").Split(' ').Contains("v1," + Convert.ToBase64String(mac))) return "no signature is right";
        if (head.GetValueOrDefault("Authorization") != "Basic " + Canaries.Basic) return "user name and password are not ours";
        return head.GetValueOrDefault("X-Chaos") == Canaries.Header ? "" : "the header of our own is missing";
    }

    /// <summary>The status that went out whole; null if none did.</summary>
    private async Task<int?> AnswerAsync(TcpClient client, NetworkStream stream)
    {
        Mood mood;
        CancellationToken changed;
        bool isHeads;
        lock (_gate)
        {
            mood = Mood;
            changed = _mood.Token;
            isHeads = _random.Next(2) == 0;
            if (mood == Mood.Gone) Mood = Mood.Well;
        }
        switch (mood)
        {
            case Mood.Flapping when isHeads: return await SayAsync(stream, 500);
            case Mood.TooMany: return await SayAsync(stream, 429, "Retry-After: 1\r\n");
            case Mood.Unavailable: return await SayAsync(stream, 503, "Retry-After: 2\r\n");
            case Mood.Redirecting: return await SayAsync(stream, 307, $"Location: {Trap}\r\n");
            case Mood.Gone: return await SayAsync(stream, 410);
            case Mood.Hanging:
                await GoneOrAsync(stream, changed);
                client.Client.Close(0);
                return null;
            case Mood.Trickling:
                foreach (byte one in "HTTP/1.1 2"u8.ToArray())
                {
                    await stream.WriteAsync(new[] { one }, _stopping.Token);
                    await Task.Delay(TimeSpan.FromSeconds(1), changed).ContinueWith(static _ => { }, TaskScheduler.Default);
                }
                client.Client.Close(0);
                return null;
            case Mood.Resetting:
                client.Client.Close(0);
                return null;
            case Mood.Closing:
                client.Close();
                return null;
            case Mood.Garbage:
                await stream.WriteAsync("\u0000\u001b[2Jno such thing\n\n"u8.ToArray(), _stopping.Token);
                client.Close();
                return null;
            case Mood.Cut:
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"u8.ToArray(), _stopping.Token);
                client.Close();
                return 200;
            default: return await SayAsync(stream, 204);
        }
    }

    private async Task<int?> SayAsync(NetworkStream stream, int status, string headers = "")
    {
        string length = status == 204 ? "" : "Content-Length: 0\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Said\r\n{length}{headers}\r\n"), _stopping.Token);
        return status;
    }

    /// <summary>Until the other side has gone, or the mood changes.</summary>
    private async Task GoneOrAsync(NetworkStream stream, CancellationToken changed)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(changed, _stopping.Token);
        try
        {
            await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, either.Token);
        }
        catch (OperationCanceledException)
        {
            // Another mood.
        }
    }

    private async Task<Dictionary<string, string>?> ReadHeadAsync(NetworkStream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < 4 || !(head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n'))
        {
            if (await stream.ReadAsync(one, _stopping.Token) == 0) return null;
            head.Add(one[0]);
        }
        return Encoding.Latin1.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(line => line.Split(':', 2)).ToDictionary(parts => parts[0], parts => parts[1].Trim(), StringComparer.OrdinalIgnoreCase);
    }
}
