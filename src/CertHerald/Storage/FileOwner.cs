using System.Runtime.InteropServices;
using System.Text;

namespace CertHerald.Storage;

/// <summary>
/// Gives what root makes in a data directory to whoever has the directory: the service, which runs as that user, could not
/// open it otherwise. On Linux; elsewhere, and for other users, nothing is changed.
/// </summary>
internal static class FileOwner
{
    // statx (2): its layout is the kernel's, the same everywhere.
    private const int AtCurrentDirectory = -100, Size = 256, UserAt = 20, GroupAt = 24;
    private const uint UserAndGroup = 0x8 | 0x10;

    /// <summary>Each to the owner of its directory. What is not there is passed over, and so is what root may not give away.</summary>
    public static void Give(params ReadOnlySpan<string> paths)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess) return;
        foreach (string path in paths)
        {
            if (!File.Exists(path)) continue;
            var about = new byte[Size];
            if (Look(AtCurrentDirectory, Named(Path.GetDirectoryName(Path.GetFullPath(path))!), 0, UserAndGroup, about) != 0) continue;
            uint user = BitConverter.ToUInt32(about, UserAt), group = BitConverter.ToUInt32(about, GroupAt);
            // Not through a link, which may lead out of the directory.
            if (user != 0) _ = Change(Named(path), user, group);
        }
    }

    private static byte[] Named(string path) => Encoding.UTF8.GetBytes(path + '\0');

    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Look(int directory, byte[] path, int flags, uint wanted, [Out] byte[] about);

    [DllImport("libc", EntryPoint = "lchown")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Change(byte[] path, uint user, uint group);
}
