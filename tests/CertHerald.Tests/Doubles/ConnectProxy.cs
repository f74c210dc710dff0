using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CertHerald.Tests.Doubles;

/// <summary>A proxy on loopback. It leads every tunnel to one port, whatever it is asked for, or says what it is told to say.</summary>
internal sealed class ConnectProxy : IAsyncDisposable
{
    private readonly LoopbackListener _listener;
    private readonly ConcurrentQueue<string> _heads = new();
    private readonly int _leadsTo;
    private readonly byte[] _says;

    private ConnectProxy(int leadsTo, byte[] says)
    {
        (_leadsTo, _says) = (leadsTo, says);
        _listener = new LoopbackListener(ServeAsync);
    }

    public int Port => _listener.Port;

    /// <summary>Everything that was asked for, raw.</summary>
    public IReadOnlyList<string> Heads => [.. _heads];

    public static ConnectProxy To(int port) => new(port, "HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n"u8.ToArray());

    /// <summary>Says this to whoever asks, and closes the connection.</summary>
    public static ConnectProxy Saying(string bytes) => new(0, Encoding.Latin1.GetBytes(bytes));

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task ServeAsync(Socket asking, CancellationToken stopping)
    {
        var from = new NetworkStream(asking);
        var head = new List<byte>();
        var one = new byte[1];
        while (!(head.Count >= 4 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n'))
        {
            if (await from.ReadAsync(one, stopping) == 0) return;
            head.Add(one[0]);
        }

        _heads.Enqueue(Encoding.Latin1.GetString([.. head]));
        await from.WriteAsync(_says, stopping);
        if (_leadsTo == 0) return;

        using var target = new TcpClient();
        await target.ConnectAsync(IPAddress.Loopback, _leadsTo, stopping);
        NetworkStream to = target.GetStream();
        await Task.WhenAny(from.CopyToAsync(to, stopping), to.CopyToAsync(from, stopping));
    }
}
