using System.Buffers;

namespace CertHerald.Transparency.Entries;

/// <summary>
/// Memory for the bytes of batches. Apart from the framework's shared pool, which keeps an array for every thread that ever
/// gave one back: with batches of megabytes, that is most of what a process takes.
/// </summary>
internal static class BatchMemory
{
    /// <summary>Arrays of a size that wait to be used again; more are garbage.</summary>
    private const int KeptOfASize = 6;

    public static ArrayPool<byte> Bytes { get; } = ArrayPool<byte>.Create(64 << 20, KeptOfASize);
}
