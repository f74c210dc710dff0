using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;

namespace CertHerald.Access;

/// <summary>
/// Counts failed authentication per address (per /64 in IPv6: one host usually has a whole one) and blocks after ten in a minute.
/// </summary>
internal sealed partial class FailedSignIns(TimeProvider time, Meter meter, ILogger<FailedSignIns> logger)
{
    public const int Allowed = 10;

    private const int MostAddresses = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Attempts> _addresses = [];
    private readonly Counter<long> _failed = meter.CreateCounter<long>("certherald_failed_sign_ins_total", description: "Wrong passwords, links and keys.");

    /// <summary>How long an address must wait; null if it may try now.</summary>
    public TimeSpan? BlockedFor(IPAddress? address)
    {
        lock (_gate) return _addresses.TryGetValue(NetworkOf(address), out Attempts? attempts) ? attempts.BlockedFor(time.GetUtcNow()) : null;
    }

    /// <summary>
    /// Begins an attempt. It counts as failed until it has <see cref="Succeeded"/>, so that many at once get no further than many in
    /// turn.
    /// </summary>
    /// <returns>How long the address must wait: nothing was begun. Null if it may try.</returns>
    public TimeSpan? Begin(IPAddress? address)
    {
        DateTimeOffset now = time.GetUtcNow();
        IPAddress network = NetworkOf(address);
        lock (_gate)
        {
            if (!_addresses.TryGetValue(network, out Attempts? attempts))
            {
                if (_addresses.Count >= MostAddresses) Forget(now);
                _addresses.Add(network, attempts = new Attempts());
            }
            if (attempts.BlockedFor(now) is { } wait) return wait;
            attempts.Add(now);
            return null;
        }
    }

    /// <summary>Takes back an attempt that was begun: it was right, or nobody looked at it.</summary>
    public void Succeeded(IPAddress? address)
    {
        lock (_gate)
            if (_addresses.TryGetValue(NetworkOf(address), out Attempts? attempts))
                attempts.TakeBack();
    }

    /// <summary>An attempt that was begun has failed.</summary>
    public void Failed(IPAddress? address)
    {
        _failed.Add(1);
        IPAddress network = NetworkOf(address);
        lock (_gate)
            if (!_addresses.TryGetValue(network, out Attempts? attempts) || !attempts.IsNewlyBlocked(time.GetUtcNow())) return;
        LogBlocked(network);
    }

    // Memory stays bounded under a flood from many networks: then all begin anew, which costs us ten tries each.
    private void Forget(DateTimeOffset now)
    {
        foreach ((IPAddress network, Attempts attempts) in _addresses.ToArray())
            if (attempts.IsOver(now))
                _addresses.Remove(network);
        if (_addresses.Count >= MostAddresses) _addresses.Clear();
    }

    /// <summary>What counts as one caller: the address, or in IPv6 its /64.</summary>
    public static IPAddress NetworkOf(IPAddress? address)
    {
        if (address is null) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;

        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>When one address tried and did not succeed. Only the latest ten matter: the oldest of them says when the next try is allowed.</summary>
    private sealed class Attempts
    {
        private readonly List<DateTimeOffset> _times = new(Allowed);
        private DateTimeOffset _toldUntil = DateTimeOffset.MinValue;

        public TimeSpan? BlockedFor(DateTimeOffset now) => _times.Count == Allowed && _times[0] + Window - now is { Ticks: > 0 } left ? left : null;

        public bool IsOver(DateTimeOffset now) => _times.Count == 0 || _times[^1] + Window <= now;

        public void Add(DateTimeOffset now)
        {
            if (_times.Count == Allowed) _times.RemoveAt(0);
            _times.Add(now);
        }

        public void TakeBack()
        {
            if (_times.Count > 0) _times.RemoveAt(_times.Count - 1);
        }

        /// <summary>Whether it is blocked, and that is to be told: once for each time that it is.</summary>
        public bool IsNewlyBlocked(DateTimeOffset now)
        {
            if (now < _toldUntil || BlockedFor(now) is not { } left) return false;
            _toldUntil = now + left;
            return true;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Too many wrong passwords, links or keys came from {Address}: it must wait")]
    private partial void LogBlocked(IPAddress address);
}
