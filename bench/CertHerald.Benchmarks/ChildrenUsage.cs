namespace CertHerald.Benchmarks;

/// <summary>What child processes that have ended used, together. Linux and macOS: the runtime forgets a process's usage when it ends.</summary>
internal readonly record struct ChildrenUsage(TimeSpan Processor)
{
    private const int Children = -1;

    public static ChildrenUsage Read()
    {
        // struct rusage: user and system time in seconds and microseconds, then 14 more.
        long[] usage = new long[18];
        if (LibC.getrusage(Children, usage) != 0) throw new InvalidOperationException("getrusage failed.");
        var processor = TimeSpan.FromSeconds(usage[0] + usage[2]) + TimeSpan.FromMicroseconds(usage[1] + usage[3]);
        return new ChildrenUsage(processor);
    }
}
