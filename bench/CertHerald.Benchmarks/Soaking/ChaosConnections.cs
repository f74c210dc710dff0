using System.Globalization;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>Which process a connection on this machine belongs to, as Linux tells.</summary>
internal static class ChaosConnections
{
    private const int LocalAddress = 1, Inode = 9;

    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>The one of these processes that holds the connection with this port at its end; null if none does, or that cannot be known.</summary>
    public static int? OwnerOf(int port, IEnumerable<int> processes)
    {
        string end = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        HashSet<string> sockets =
        [
            .. from table in Tables where File.Exists(table)
               from line in File.ReadLines(table).Skip(1)
               let column = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
               where column[LocalAddress].EndsWith(end, StringComparison.Ordinal)
               select $"socket:[{column[Inode]}]",
        ];
        foreach (int process in processes)
            if (Holds(process, sockets)) return process;
        return null;
    }

    private static bool Holds(int process, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Any(file => new FileInfo(file).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;                                      // it has ended
        }
    }
}
