using Microsoft.Win32.SafeHandles;

namespace CertHerald.Cli;

/// <summary>Standard output, for results in bytes.</summary>
internal static class StandardOutput
{
    private const nint Descriptor = 1;

    /// <summary>
    /// Writing fails once nobody reads any more (<c>| head</c>). The platform's own stream goes on in silence, and a scan
    /// would read its logs to the end for nobody.
    /// </summary>
    public static Stream Open()
    {
        if (OperatingSystem.IsWindows()) return Console.OpenStandardOutput();

        var stream = new FileStream(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        // A file may have another writer after us: the platform's own stream moves the place that both share.
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }
}
