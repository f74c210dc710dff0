using System.Runtime.InteropServices;

namespace CertHerald.Benchmarks;

/// <summary>What the framework does not offer of the C library. Linux and macOS.</summary>
internal static class LibC
{
#pragma warning disable CA5392, SYSLIB1054 // The C library is always where the system has it; two calls need no source generator.
    /// <summary>Sends a signal.</summary>
    [DllImport("libc")]
    public static extern int kill(int process, int signal);

    /// <summary>The resources that processes have used.</summary>
    [DllImport("libc", SetLastError = true)]
    public static extern int getrusage(int who, [Out] long[] usage);
#pragma warning restore CA5392, SYSLIB1054
}
