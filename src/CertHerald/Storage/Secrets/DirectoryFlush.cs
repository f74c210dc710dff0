using System.Runtime.InteropServices;
using System.Text;

namespace CertHerald.Storage.Secrets;

/// <summary>
/// Lets a file's new name survive a power cut: its bytes are flushed with the file, its name with the directory. SQLite does
/// the same for its own; the platform has no call for it.
/// </summary>
internal static class DirectoryFlush
{
    private const int ReadOnly = 0;

    public static void Run(string directory)
    {
        if (OperatingSystem.IsWindows()) return;
        int handle = Open(Encoding.UTF8.GetBytes(directory + '\0'), ReadOnly);
        bool isFlushed = handle >= 0 && Flush(handle) == 0;
        int error = Marshal.GetLastPInvokeError();
        if (handle >= 0) _ = Close(handle);
        if (!isFlushed) throw new IOException($"the directory could not be flushed to disk (error {error}).");
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Flush(int handle);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);
}
