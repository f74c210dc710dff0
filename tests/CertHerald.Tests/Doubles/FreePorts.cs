using System.Net;
using System.Net.Sockets;

namespace CertHerald.Tests.Doubles;

/// <summary>
/// Ports of loopback for programs that must be told theirs. A port that the system picks is free again once we let go of it, and
/// may be the next connection's before the program listens: these are below those the system picks from (32768 on Linux), and
/// none is given twice.
/// </summary>
internal static class FreePorts
{
    private const int First = 15_000;
    private const int Count = 15_000;

    // Two runs of the tests at a time begin at different places.
    private static int s_given = Random.Shared.Next(Count);

    public static int Next()
    {
        while (true)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref s_given) % Count);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody's.
            }
        }
    }
}
