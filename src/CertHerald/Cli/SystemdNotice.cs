using System.Collections;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CertHerald.Cli;

/// <summary>
/// Tells systemd how the service is, where it was started by one that wants to know: sd_notify(3). Without one, and if it cannot be
/// told, nothing happens: the service matters more than the news of it.
/// </summary>
internal sealed class SystemdNotice : IDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _address;
    private readonly ITimer? _watchdog;

    /// <param name="environment">Of the process: <c>NOTIFY_SOCKET</c>, <c>WATCHDOG_USEC</c>, <c>WATCHDOG_PID</c>.</param>
    public SystemdNotice(IDictionary environment, TimeProvider time)
    {
        if (environment["NOTIFY_SOCKET"] is not string { Length: > 1 } path || path[0] is not ('/' or '@')) return;
        try
        {
            // An at sign stands for the zero that begins a name without a file.
            _address = new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path);
            _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        }
        catch (Exception failure) when (failure is ArgumentException or SocketException or PlatformNotSupportedException)
        {
            return;
        }

        if (WatchdogOf(environment) is not { } interval) return;
        // Half of it, as the manual says. Sent from the thread pool: a process that is stopped, or has no thread left, falls silent.
        _watchdog = time.CreateTimer(_ => Tell("WATCHDOG=1"), null, interval / 2, interval / 2);
    }

    /// <summary>It answers.</summary>
    public void Ready(string status) => Tell($"READY=1\nSTATUS={status}");

    /// <summary>It is about to end, which may take as long as requests are under way.</summary>
    public void Stopping() => Tell("STOPPING=1");

    public void Dispose()
    {
        _watchdog?.Dispose();
        _socket?.Dispose();
    }

    private void Tell(string state)
    {
        try
        {
            _socket?.SendTo(Encoding.UTF8.GetBytes(state), _address!);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // Nobody is there, or nobody reads.
        }
    }

    /// <summary>How long systemd waits for a sign of life; null if it does not.</summary>
    private static TimeSpan? WatchdogOf(IDictionary environment)
    {
        // It may be meant for another process that this one was started by.
        if (environment["WATCHDOG_PID"] is string meant && meant != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)) return null;
        return environment["WATCHDOG_USEC"] is string text && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds is >= 1_000 and < 1L << 50
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;
    }
}
