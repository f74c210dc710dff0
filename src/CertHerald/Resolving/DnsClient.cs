using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using CertHerald.Deciding;

namespace CertHerald.Resolving;

/// <summary>The CAA records of one name, or why nobody knows.</summary>
/// <param name="Records">Null if the look-up failed.</param>
/// <param name="Problem">Empty if it did not.</param>
internal readonly record struct CaaAnswer(IReadOnlyList<CaaRecord>? Records, string Problem);

/// <summary>
/// Asks name servers for CAA records: the framework asks for addresses only. Over UDP from a socket of its own for each question, so
/// that its port cannot be known, and over TCP for what does not fit. It trusts the servers that it is given: they should be near,
/// and should check DNSSEC.
/// </summary>
/// <param name="servers">Asked in this order, and once more in the same.</param>
internal sealed class DnsClient(Func<IReadOnlyList<IPEndPoint>> servers, TimeProvider time)
{
    /// <summary>How long a server may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private const int Rounds = 2;

    /// <summary>Datagrams that are looked at while waiting for the right one.</summary>
    private const int MostForeign = 100;

    public async Task<CaaAnswer> AskAsync(string name, CancellationToken cancellation)
    {
        string problem = "there is no name server: name one in known.dns_servers";
        for (int round = 0; round < Rounds; round++)
            foreach (IPEndPoint server in servers())
            {
                CaaAnswer answer = await AskAsync(server, name, cancellation);
                if (answer.Records is not null) return answer;
                problem = answer.Problem;
            }
        return new CaaAnswer(null, problem);
    }

    private async Task<CaaAnswer> AskAsync(IPEndPoint server, string name, CancellationToken cancellation)
    {
        ushort id = BinaryPrimitives.ReadUInt16BigEndian(RandomNumberGenerator.GetBytes(2));
        if (DnsMessage.Ask(id, name) is not { } question) return new CaaAnswer(null, "the name fits into no question");
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            (DnsOutcome outcome, IReadOnlyList<CaaRecord> records, string problem) = await OverUdpAsync(server, question, id, name, either.Token);
            if (outcome == DnsOutcome.Truncated) (outcome, records, problem) = await OverTcpAsync(server, question, id, name, either.Token);
            return outcome == DnsOutcome.Answered ? new CaaAnswer(records, "") : new CaaAnswer(null, problem.Length > 0 ? problem : $"{server} did not answer what it was asked");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new CaaAnswer(null, $"{server} did not answer within {Patience.TotalSeconds:0} s");
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return new CaaAnswer(null, $"{server} cannot be asked: {failure.Message}");
        }
    }

    private static async Task<(DnsOutcome, IReadOnlyList<CaaRecord>, string)> OverUdpAsync(IPEndPoint server, byte[] question, ushort id, string name, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected: the system lets through what comes from there, and nothing else.
        await socket.ConnectAsync(server, cancellation);
        await socket.SendAsync(question, cancellation);
        byte[] answer = new byte[ushort.MaxValue];
        for (int i = 0; i < MostForeign; i++)
        {
            int length = await socket.ReceiveAsync(answer, cancellation);
            DnsOutcome outcome = DnsMessage.Read(answer.AsSpan(0, length), id, name, out IReadOnlyList<CaaRecord> records, out string problem);
            if (outcome != DnsOutcome.Foreign) return (outcome, records, problem);
        }
        return (DnsOutcome.Failed, [], $"{server} answered {MostForeign} times what it was not asked");
    }

    private static async Task<(DnsOutcome, IReadOnlyList<CaaRecord>, string)> OverTcpAsync(IPEndPoint server, byte[] question, ushort id, string name, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellation);
        await using var stream = new NetworkStream(socket);
        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)question.Length);
        await stream.WriteAsync((byte[])[.. length, .. question], cancellation);
        await stream.ReadExactlyAsync(length, cancellation);
        byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(answer, cancellation);
        DnsOutcome outcome = DnsMessage.Read(answer, id, name, out IReadOnlyList<CaaRecord> records, out string problem);
        return (outcome == DnsOutcome.Truncated ? DnsOutcome.Failed : outcome, records, problem);
    }
}
