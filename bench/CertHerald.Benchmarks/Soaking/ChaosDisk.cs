using System.Diagnostics;
using System.Globalization;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>
/// Where the program keeps its data: an ext4 of its own in a file, so that it can fill up, and so that power can be cut: what was
/// not flushed to the file is then gone, as on a real disk. Without the right to mount (root on Linux), a plain folder that can do neither.
/// </summary>
internal sealed class ChaosDisk : IDisposable
{
    private const string Size = "1G";

    /// <summary>Bytes: the program writes more at once.</summary>
    private const long NoMatter = 1 << 14;

    private readonly string _folder;
    private string? _image;
    private int _images;

    public ChaosDisk(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(MountPoint);
        string image = Path.Combine(folder, "disk0");
        if (!OperatingSystem.IsLinux() || !Run("truncate", "-s", Size, image)) return;
        if (Run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", image) && Mount(image)) _image = image;
        else File.Delete(image);
    }

    /// <summary>Whether it can fill up and lose power.</summary>
    public bool IsThere => _image is not null;

    public string Data => Path.Combine(MountPoint, "data");

    private string MountPoint => Path.Combine(_folder, "disk");

    private string Ballast => Path.Combine(MountPoint, "ballast");

    /// <summary>Leaves so many bytes free, or a little more or less: the program writes meanwhile.</summary>
    public void Fill(long left)
    {
        long ballast = 0;
        for (int attempt = 0; attempt < 50; attempt++)
        {
            long free = new DriveInfo(MountPoint).AvailableFreeSpace - left;
            if (free < NoMatter) return;
            // All of it at first; half of what is left where the program took some of it in between.
            long part = attempt == 0 ? free : free / 2;
            if (Run("fallocate", "-o", ballast.ToString(CultureInfo.InvariantCulture), "-l", part.ToString(CultureInfo.InvariantCulture), Ballast)) ballast += part;
            // What was just deleted is not to be had before the journal's next commit.
            else Run("sync", "-f", MountPoint);
        }
        throw new IOException("The disk could not be filled.");
    }

    public void Free() => File.Delete(Ballast);

    /// <summary>
    /// As if power had failed the moment before: what the file system had not written is gone. The program must be dead, lest it
    /// write on.
    /// </summary>
    public void CutPower()
    {
        string image = Path.Combine(_folder, $"disk{++_images}");
        if (!Run("cp", "--sparse=always", _image!, image)) throw new IOException("The disk's file could not be copied.");
        Unmount();
        File.Delete(_image!);
        if (!Mount(image)) throw new IOException("The disk could not be mounted after power was cut.");
        _image = image;
    }

    public void Dispose()
    {
        if (_image is null) return;
        Unmount();
        _image = null;
    }

    private bool Mount(string image) => Run("mount", "-o", "loop,noinit_itable,nodiscard", image, MountPoint);

    private void Unmount()
    {
        // Lazily if somebody looks at it: it must not outlive us.
        if (!Run("umount", MountPoint)) Run("umount", "-l", MountPoint);
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
