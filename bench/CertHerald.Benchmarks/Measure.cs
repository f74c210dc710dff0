using System.Diagnostics;
using System.Globalization;

namespace CertHerald.Benchmarks;

/// <summary>Processor time, not wall time: other work on the machine disturbs it least.</summary>
internal static class Measure
{
    /// <summary>On a busy machine the runtime takes its time to compile what is called often.</summary>
    private static readonly TimeSpan ShortestWarmUp = TimeSpan.FromSeconds(1);

    /// <summary>Processor seconds of one call, the best of several samples after a warm-up: the least disturbed one.</summary>
    /// <param name="sample">How long a sample lasts at least.</param>
    public static double Seconds(Action work, TimeSpan sample, int samples = 7)
    {
        for (var warm = Stopwatch.StartNew(); warm.Elapsed < sample || warm.Elapsed < ShortestWarmUp;) work();

        double best = double.MaxValue;
        for (int i = 0; i < samples; i++) best = Math.Min(best, Once(work, sample));
        return best;
    }

    /// <summary>Processor seconds of one call, by one sample.</summary>
    public static double Once(Action work, TimeSpan sample)
    {
        int calls = 0;
        TimeSpan before = Processor;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < sample; calls++) work();
        return (Processor - before).TotalSeconds / calls;
    }

    /// <summary>Bytes that one call allocates on the managed heap of its thread, warm. Exact: few calls will do.</summary>
    public static double Bytes(Action work, int calls = 20)
    {
        for (int i = 0; i < calls; i++) work();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < calls; i++) work();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)calls;
    }

    /// <summary>What this process has used so far.</summary>
    public static TimeSpan Processor => Process.GetCurrentProcess().TotalProcessorTime;
}

/// <summary>A line of the table.</summary>
/// <param name="Id">As in the performance goals; empty for what explains another line.</param>
internal sealed record Row(string Id, string What, string Value, string Goal, string Compared)
{
    public static string Number(double value, string format = "#,0") => value.ToString(format, CultureInfo.InvariantCulture);
}
