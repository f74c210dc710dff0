using System.Net;
using System.Net.Sockets;

namespace CertHerald.Access;

/// <summary>
/// Counts failed authentication per address (per /64 in IPv6: one host usually has a whole one) and blocks after ten in a minute.
/// </summary>
internal sealed class FailedSignIns(TimeProvider time)
{
    public const int Allowed = 10;

    private const int MostAddresses = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Queue<DateTimeOffset>> _failures = [];

    /// <summary>How long an address must wait; null if it may try now.</summary>
    public TimeSpan? BlockedFor(IPAddress? address)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_gate)
        {
            if (!_failures.TryGetValue(NetworkOf(address), out Queue<DateTimeOffset>? times) || times.Count < Allowed) return null;
            TimeSpan left = times.Peek() + Window - now;
            return left > TimeSpan.Zero ? left : null;
        }
    }

    /// <summary>Notes a failure.</summary>
    public void Record(IPAddress? address)
    {
        DateTimeOffset now = time.GetUtcNow();
        IPAddress network = NetworkOf(address);
        lock (_gate)
        {
            if (!_failures.TryGetValue(network, out Queue<DateTimeOffset>? times))
            {
                if (_failures.Count >= MostAddresses) Forget(now);
                _failures.Add(network, times = new Queue<DateTimeOffset>(Allowed));
            }
            // Only the latest ten matter: the oldest of them says when the next try is allowed.
            if (times.Count == Allowed) times.Dequeue();
            times.Enqueue(now);
        }
    }

    // Memory stays bounded under a flood from many networks: then all begin anew, which costs us ten tries each.
    private void Forget(DateTimeOffset now)
    {
        foreach ((IPAddress network, Queue<DateTimeOffset> times) in _failures.ToArray())
            if (times.Last() + Window <= now)
                _failures.Remove(network);
        if (_failures.Count >= MostAddresses) _failures.Clear();
    }

    private static IPAddress NetworkOf(IPAddress? address)
    {
        if (address is null) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;

        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
