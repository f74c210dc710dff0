using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CertHerald.Tests.Doubles;

/// <summary>A name server on loopback, UDP and TCP on one port, that answers as it is told: rightly, or not.</summary>
internal sealed class NameServer : IAsyncDisposable
{
    private readonly Socket _udp;
    private readonly TcpListener _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public NameServer()
    {
        // TCP first: the port is free for UDP too, or the next one is tried.
        while (true)
        {
            _tcp = new TcpListener(IPAddress.Loopback, 0);
            _tcp.Start();
            _udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                _udp.Bind(_tcp.LocalEndpoint);
                break;
            }
            catch (SocketException)
            {
                _udp.Dispose();
                _tcp.Stop();
            }
        }
        _running = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
    }

    public IPEndPoint Address => (IPEndPoint)_tcp.LocalEndpoint;

    /// <summary>By name: what stands in a zone file, <c>0 issue "ca.example"</c> or <c>CNAME other.example</c>. A name that is not there has no records.</summary>
    public ConcurrentDictionary<string, string[]> Zone { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names that it cannot answer, and with which code.</summary>
    public ConcurrentDictionary<string, int> Failing { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What it sends in place of an answer over UDP, several datagrams if need be; null: the answer.</summary>
    public Func<byte[], IEnumerable<byte[]>?> Lie { get; set; } = _ => null;

    /// <summary>Says over UDP that the answer does not fit.</summary>
    public bool Truncates { get; set; }

    /// <summary>Names that were asked for, with how.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _tcp.Stop();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _udp.Dispose();
        _stop.Dispose();
    }

    /// <summary>The right answer to a question.</summary>
    public byte[] Answer(byte[] question)
    {
        string name = NameOf(question, out int end);
        if (Failing.TryGetValue(name, out int code)) return Header(question, end, code, 0, []);
        var records = new List<byte>();
        int count = 0;
        string owner = name;
        for (int steps = 0; steps < 20 && Zone.TryGetValue(owner, out string[]? texts) && texts is [var only] && only.StartsWith("CNAME ", StringComparison.Ordinal); steps++, count++)
        {
            records.AddRange(Record(owner, 5, Encode(only[6..])));
            owner = only[6..];
        }
        foreach (string text in Zone.GetValueOrDefault(owner, []).Where(text => !text.StartsWith("CNAME ", StringComparison.Ordinal)))
        {
            string[] parts = text.Split(' ', 3);
            byte[] tag = Encoding.ASCII.GetBytes(parts[1]);
            records.AddRange(Record(owner, 257, [byte.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), (byte)tag.Length, .. tag, .. Encoding.Latin1.GetBytes(parts[2].Trim('"'))]));
            count++;
        }
        return Header(question, end, Zone.ContainsKey(owner) || count > 0 ? 0 : 3, count, records);
    }

    public static byte[] Record(string owner, ushort type, byte[] data)
    {
        byte[] fixedPart = new byte[10];
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart, type);
        fixedPart[3] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart.AsSpan(8), (ushort)data.Length);
        return [.. Encode(owner), .. fixedPart, .. data];
    }

    public static byte[] Encode(string name) => [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];

    /// <summary>The answer to a question with these records in it.</summary>
    public static byte[] Header(byte[] question, int questionEnd, int code, int answers, IEnumerable<byte> records)
    {
        byte[] answer = [.. question.AsSpan(0, questionEnd), .. records];
        answer[2] |= 0x80;
        answer[3] = (byte)(0x80 | code);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), (ushort)answers);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(10), 0);
        return answer;
    }

    public static string NameOf(byte[] question, out int end)
    {
        var labels = new List<string>();
        int at = 12;
        for (; question[at] != 0; at += 1 + question[at]) labels.Add(Encoding.ASCII.GetString(question, at + 1, question[at]));
        end = at + 5;
        return string.Join('.', labels);
    }

    private async Task ServeUdpAsync()
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            SocketReceiveFromResult received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            byte[] question = buffer[..received.ReceivedBytes];
            Asked.Enqueue("udp " + NameOf(question, out int end));
            IEnumerable<byte[]> answers = Lie(question) ?? [Truncates ? Cut(question, end) : Answer(question)];
            foreach (byte[] answer in answers) await _udp.SendToAsync(answer, received.RemoteEndPoint, _stop.Token);
        }
    }

    private async Task ServeTcpAsync()
    {
        while (true)
        {
            using Socket connection = await _tcp.AcceptSocketAsync(_stop.Token);
            await using var stream = new NetworkStream(connection);
            byte[] length = new byte[2];
            await stream.ReadExactlyAsync(length, _stop.Token);
            byte[] question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            await stream.ReadExactlyAsync(question, _stop.Token);
            Asked.Enqueue("tcp " + NameOf(question, out _));
            byte[] answer = Answer(question);
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
            await stream.WriteAsync((byte[])[.. length, .. answer], _stop.Token);
        }
    }

    private static byte[] Cut(byte[] question, int end)
    {
        byte[] answer = Header(question, end, 0, 0, []);
        answer[2] |= 0x02;
        return answer;
    }
}
