using System.Globalization;

namespace CertHerald.Cli;

/// <summary>A bar on the terminal's last line: share, rate, time left. Nothing where standard error is no terminal.</summary>
internal sealed class ScanProgress : IDisposable
{
    private const int Width = 30;

    /// <summary>Longer than anybody waits. A log may claim any size: nothing beyond is computed.</summary>
    private static readonly TimeSpan MostLeft = TimeSpan.FromDays(1_000);

    private readonly IReadOnlyList<LogScan> _scans;
    private readonly Timer? _timer;
    private readonly Lock _lock = new();
    private bool _isOver;

    public ScanProgress(IReadOnlyList<LogScan> scans)
    {
        _scans = scans;
        if (!Console.IsErrorRedirected) _timer = new Timer(_ => Draw(), null, TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(200));
    }

    /// <summary>Share done in 30 characters, then entries, rate and time left. Pure.</summary>
    internal static string Bar(long done, long total, double seconds)
    {
        double share = total > 0 ? Math.Min(1, (double)done / total) : 0, rate = seconds > 0 ? done / seconds : 0;
        int filled = (int)(share * Width);
        double secondsLeft = rate > 0 && total > 0 ? Math.Ceiling((total - done) / rate) : double.PositiveInfinity;
        string left = secondsLeft <= MostLeft.TotalSeconds ? TimeSpan.FromSeconds(secondsLeft).ToString("c", CultureInfo.InvariantCulture) : "--:--:--";
        return string.Create(CultureInfo.InvariantCulture,
            $"[{new string('#', filled)}{new string('.', Width - filled)}] {share * 100,3:0}%  {done:#,0}/{total:#,0} entries  {rate:#,0}/s  {left} left");
    }

    /// <summary>Of all logs. Two that claim 2^63 entries make more than a number holds.</summary>
    private long Total() => (long)Math.Min(long.MaxValue, _scans.Sum(scan => (decimal)scan.Total));

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isOver) return;
            _isOver = true;
            if (_timer is null) return;
            _timer.Dispose();
            Console.Error.Write("\r\u001b[K");
        }
    }

    private void Draw()
    {
        lock (_lock)
            if (!_isOver)
                Console.Error.Write($"\r{Bar(_scans.Sum(scan => scan.Entries), Total(), _scans.Max(scan => scan.Elapsed.TotalSeconds))}\u001b[K");
    }
}
