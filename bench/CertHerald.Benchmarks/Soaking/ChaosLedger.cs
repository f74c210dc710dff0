using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>A request as a receiver got it.</summary>
/// <param name="Subject">What its body is about.</param>
/// <param name="Came">Since the rig began.</param>
internal sealed record LedgerLine(string Webhook, string Key, string BodyHash, string Subject, TimeSpan Came)
{
    /// <summary>What it was answered with; null if there was no answer.</summary>
    public int? Answer { get; init; }

    /// <summary>When it was answered, or given up.</summary>
    public TimeSpan Ended { get; init; }

    public bool IsTaken => Answer is >= 200 and < 300;
}

/// <summary>What all receivers got, in the order of arrival; each line is on the disk before its request is answered.</summary>
internal sealed class ChaosLedger(string file, Stopwatch clock) : IDisposable
{
    /// <summary>Far longer than a request outlives its process.</summary>
    private static readonly TimeSpan LongestTwin = TimeSpan.FromSeconds(5);

    private readonly FileStream _file = new(file, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
    private readonly Lock _gate = new();
    private readonly List<LedgerLine> _lines = [];
    private readonly List<string> _wrong = [];
    private readonly Dictionary<(string, string), int> _open = [];

    public int Count
    {
        get { lock (_gate) return _lines.Count; }
    }

    /// <summary>Requests that cannot be right, whatever else comes.</summary>
    public IReadOnlyList<string> Wrong
    {
        get { lock (_gate) return [.. _wrong]; }
    }

    public IReadOnlyList<LedgerLine> From(int first)
    {
        lock (_gate) return _lines[first..];
    }

    public void Report(string wrong)
    {
        lock (_gate) _wrong.Add(wrong);
    }

    /// <summary>Enters a request; its place.</summary>
    public int Enter(string webhook, string key, string bodyHash, string subject, string signature)
    {
        lock (_gate)
        {
            var line = new LedgerLine(webhook, key, bodyHash, subject, clock.Elapsed);
            _lines.Add(line);
            _file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{line.Came.TotalMilliseconds:0} {webhook} {key} {bodyHash} {signature} {subject}\n")));
            _file.Flush(flushToDisk: true);
            if (_open.TryGetValue((webhook, key), out int other)) _ = TwinAsync(webhook, key, other);
            _open[(webhook, key)] = _lines.Count - 1;
            return _lines.Count - 1;
        }
    }

    public void End(int place, int? answer)
    {
        lock (_gate)
        {
            LedgerLine line = _lines[place] = _lines[place] with { Answer = answer, Ended = clock.Elapsed };
            if (_open.TryGetValue((line.Webhook, line.Key), out int open) && open == place) _open.Remove((line.Webhook, line.Key));
            _file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{line.Ended.TotalMilliseconds:0} {line.Webhook} {line.Key} answer {answer}\n")));
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>A process that was killed leaves its requests open for a moment. One that sends twice at once does so for longer.</summary>
    private async Task TwinAsync(string webhook, string key, int other)
    {
        await Task.Delay(LongestTwin);
        lock (_gate)
            if (_lines[other].Ended == default)
                _wrong.Add($"{webhook} got {key} again while it had not answered the request before");
    }
}
