using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CertHerald.Tests.Doubles;

/// <summary>A proxy on loopback. It leads every tunnel to one port, whatever it is asked for, or says what it is told to say.</summary>
internal sealed class ConnectProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<string> _heads = new();
    private readonly int _leadsTo;
    private readonly byte[] _says;
    private readonly Task _accepting;

    private ConnectProxy(int leadsTo, byte[] says)
    {
        (_leadsTo, _says) = (leadsTo, says);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Everything that was asked for, raw.</summary>
    public IReadOnlyList<string> Heads => [.. _heads];

    public static ConnectProxy To(int port) => new(port, "HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n"u8.ToArray());

    /// <summary>Says this to whoever asks, and closes the connection.</summary>
    public static ConnectProxy Saying(string bytes) => new(0, Encoding.Latin1.GetBytes(bytes));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true) serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException || _stopping.IsCancellationRequested)
        {
            // Stopped.
        }

        await Task.WhenAll(serving);
    }

    private async Task ServeAsync(TcpClient asking)
    {
        try
        {
            using (asking)
            {
                NetworkStream from = asking.GetStream();
                var head = new List<byte>();
                var one = new byte[1];
                while (!(head.Count >= 4 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n'))
                {
                    if (await from.ReadAsync(one, _stopping.Token) == 0) return;
                    head.Add(one[0]);
                }

                _heads.Enqueue(Encoding.Latin1.GetString([.. head]));
                await from.WriteAsync(_says, _stopping.Token);
                if (_leadsTo == 0) return;

                using var target = new TcpClient();
                await target.ConnectAsync(IPAddress.Loopback, _leadsTo, _stopping.Token);
                NetworkStream to = target.GetStream();
                await Task.WhenAny(from.CopyToAsync(to, _stopping.Token), to.CopyToAsync(from, _stopping.Token));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The other side has gone.
        }
    }
}
