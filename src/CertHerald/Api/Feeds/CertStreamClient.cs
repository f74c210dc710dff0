using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using System.Threading.Channels;

namespace CertHerald.Api.Feeds;

/// <summary>Somebody who listens to CertStream. What waits for one who is slow is bounded: then the connection is cut.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Without a timer there is nothing to dispose of, and whoever offers may cut it off after its end.")]
internal sealed class CertStreamClient(WebSocket socket, CertStreamKinds kind, string name, TimeProvider time)
{
    /// <summary>Messages that may wait: at 500 certificates a second, which is what all logs together come to, 16 seconds.</summary>
    public const int MostWaiting = 8_192;

    /// <summary>Bytes that may wait.</summary>
    public const long MostBytes = 32 << 20;

    /// <summary>How long one message may take to leave.</summary>
    public static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    // Nothing is expected from clients but the answers to our pings, which the socket takes by itself.
    private const int MostReceived = 1 << 20;

    private readonly Channel<byte[]> _waiting = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private long _bytes, _sent;
    private volatile bool _wasTooSlow;

    public CertStreamKinds Kind => kind;

    /// <summary>For the log.</summary>
    public string Name => name;

    public long Sent => Interlocked.Read(ref _sent);

    public bool WasTooSlow => _wasTooSlow;

    /// <summary>Gives it a message, or cuts it off if too much waits for it already. Never waits.</summary>
    public void Offer(byte[] message)
    {
        if (_wasTooSlow) return;
        if (Interlocked.Add(ref _bytes, message.Length) <= MostBytes && _waiting.Writer.TryWrite(message)) return;
        CutOff();
    }

    /// <summary>Sends until it leaves, is too slow, or the service stops.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Task receiving = ReceiveAsync(ending);
        try
        {
            await SendAsync(ending.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // The connection is gone, or is to go.
        }
        if (stopping.IsCancellationRequested && !_wasTooSlow) await SayGoodbyeAsync(receiving);
        // Closed by both, what was said last may still be on its way.
        if (socket.State != WebSocketState.Closed) socket.Abort();
        await receiving;
    }

    private async Task SendAsync(CancellationToken ending)
    {
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        await using CancellationTokenRegistration cut = ending.Register(limit.Cancel);
        await foreach (byte[] message in _waiting.Reader.ReadAllAsync(ending))
        {
            Interlocked.Add(ref _bytes, -message.Length);
            limit.CancelAfter(WriteTimeout);
            try
            {
                await socket.SendAsync(message.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
            }
            catch (OperationCanceledException) when (!ending.IsCancellationRequested)
            {
                CutOff();
                return;
            }
            limit.CancelAfter(Timeout.InfiniteTimeSpan);
            Interlocked.Increment(ref _sent);
        }
    }

    private async Task ReceiveAsync(CancellationTokenSource ending)
    {
        byte[] ignored = new byte[1024];
        try
        {
            for (int taken = 0; taken <= MostReceived;)
            {
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(ignored.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    using var limit = new CancellationTokenSource(WriteTimeout, time);
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
                    break;
                }
                taken += received.Count;
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // Gone without a word.
        }
        try
        {
            await ending.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits for it any more.
        }
    }

    private async Task SayGoodbyeAsync(Task receiving)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "the service stops", limit.Token);
            await receiving.WaitAsync(limit.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException or IOException or InvalidOperationException)
        {
            // It will notice.
        }
    }

    private void CutOff()
    {
        _wasTooSlow = true;
        _waiting.Writer.TryComplete();
        // Not here: whoever offers is reading a log. Both loops end by it.
        ThreadPool.UnsafeQueueUserWorkItem(static cut => cut.Abort(), socket, preferLocal: false);
    }
}
