using System.Diagnostics;

namespace CertHerald.Tests.Doubles;

/// <summary>A file system of two megabytes, in memory. Only root on Linux can make one; elsewhere the test is left out by name.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static SmallDisk Mount()
    {
        string path = Directory.CreateTempSubdirectory("certherald-disk-").FullName;
        bool isMounted = OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", path);
        if (!isMounted) Directory.Delete(path);
        Assert.SkipUnless(isMounted, "left out: a small disk can be mounted by root on Linux only");
        return new SmallDisk(path);
    }

    public void Resize(string size) => Assert.True(Run("mount", "-o", $"remount,size={size}", Path));

    public ValueTask DisposeAsync()
    {
        Run("umount", "-l", Path);
        Directory.Delete(Path);
        return ValueTask.CompletedTask;
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;                                      // no such program here
        }
    }
}
