using System.Diagnostics;
using System.Globalization;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>
/// The time of day as a node sees it, by libfaketime where that is installed: nothing in the program knows of it. Two parts:
/// the world's time, which the logs share and which only goes forward, so that nobody waits for hours; and how wrong the
/// node's own clock is. Lengths of time stay true. Where nodes share a database, the world's time is the database's, and theirs
/// does not go with it.
/// </summary>
internal sealed class ChaosClock : TimeProvider
{
    /// <summary>So long, and as much for a busy machine, the program may still see the time of before a change.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromSeconds(2);

    private readonly string? _library = Directory.Exists("/usr/lib")
        ? Directory.GetDirectories("/usr/lib", "faketime", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1, IgnoreInaccessible = true })
            .Select(folder => Path.Combine(folder, "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;

    private readonly string _file;
    private readonly Lock _gate = new();
    private TimeSpan _forward, _wrong;

    public ChaosClock(string file)
    {
        _file = file;
        Write();
    }

    /// <summary>Whether the program's clock can be set.</summary>
    public bool IsThere => _library is not null;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return base.GetUtcNow() + _forward;
    }

    /// <summary>The world goes forward.</summary>
    public void Forward(TimeSpan time)
    {
        lock (_gate)
        {
            _forward += time;
            Write();
        }
    }

    /// <summary>The program's clock is so far ahead of the world's.</summary>
    public void SetWrong(TimeSpan by)
    {
        lock (_gate)
        {
            _wrong = by;
            Write();
        }
    }

    public void PutInto(ProcessStartInfo start)
    {
        if (_library is null) return;
        start.Environment["LD_PRELOAD"] = _library;
        start.Environment["FAKETIME_TIMESTAMP_FILE"] = _file;
        start.Environment["FAKETIME_CACHE_DURATION"] = "1";
        start.Environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
        // Its correction of waits by that clock is wrong for those of .NET: they return at once, again and again.
        start.Environment["FAKETIME_FORCE_MONOTONIC_FIX"] = "0";
        start.Environment["NO_FAKE_STAT"] = "1";
    }

    /// <summary>Removes what the library of a killed process leaves behind.</summary>
    public static void ForgetProcess(int id)
    {
        foreach (string left in (string[])[$"/dev/shm/faketime_shm_{id}", $"/dev/shm/sem.faketime_sem_{id}"]) File.Delete(left);
    }

    private void Write()
    {
        // Renamed: the library must never read half of it.
        File.WriteAllText(_file + ".new", string.Create(CultureInfo.InvariantCulture, $"{(_forward + _wrong).TotalSeconds:+0;-0;+0}\n"));
        File.Move(_file + ".new", _file, overwrite: true);
    }
}
