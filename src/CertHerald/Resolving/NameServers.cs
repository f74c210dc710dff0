using System.Net;

namespace CertHerald.Resolving;

/// <summary>The name servers of this machine, as <c>/etc/resolv.conf</c> names them.</summary>
internal static class NameServers
{
    /// <summary>Most that are asked, as in the system's own resolver.</summary>
    private const int Most = 3;

    private const int Port = 53;

    /// <summary>Read anew each time: networks change. Without any, the one on this machine, as in the system's own resolver.</summary>
    public static IReadOnlyList<IPEndPoint> OfSystem(string file = "/etc/resolv.conf")
    {
        try
        {
            IPEndPoint[] found = [.. File.ReadLines(file).Take(1_000).Select(Read).OfType<IPEndPoint>().Take(Most)];
            return found.Length > 0 ? found : [new IPEndPoint(IPAddress.Loopback, Port)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [new IPEndPoint(IPAddress.Loopback, Port)];
        }
    }

    /// <summary>Reads <c>192.0.2.53</c>, <c>192.0.2.53:5353</c>, <c>[2001:db8::53]:5353</c>; null if it is none of these.</summary>
    public static IPEndPoint? Parse(string text) =>
        IPEndPoint.TryParse(text, out IPEndPoint? server) ? server.Port == 0 ? new IPEndPoint(server.Address, Port) : server : null;

    private static IPEndPoint? Read(string line)
    {
        string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return words is ["nameserver", var address, ..] && IPAddress.TryParse(address, out IPAddress? read) ? new IPEndPoint(read, Port) : null;
    }
}
