using System.Buffers.Binary;
using CertHerald.Inspecting;

namespace CertHerald.Protecting;

/// <summary>
/// The sample of ordinary names on disk: a header, and slots of one length. Killed at any moment, the worst that is lost is what was
/// drawn in the last half minute. Not thread-safe, but for <see cref="Names"/>, which others may read meanwhile.
/// </summary>
internal sealed class SampleFile : IDisposable
{
    public const string Name = "ordinary-names.bin";

    private const int HeaderLength = NameSample.SlotLength;

    private readonly FileStream _file;
    private readonly int _size;

    private SampleFile(FileStream file, int size) => (_file, _size) = (file, size);

    /// <summary>"CHnames1".</summary>
    private static ReadOnlySpan<byte> Magic => "CHnames1"u8;

    /// <summary>Names that are kept.</summary>
    public long Kept { get; private set; }

    /// <summary>Names that they were drawn from.</summary>
    public long Seen { get; private set; }

    /// <summary>Opens or makes the file. One that is none of ours, or damaged, is begun anew.</summary>
    /// <param name="size">Names that it holds, at most.</param>
    /// <exception cref="IOException">It cannot be.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public static SampleFile Open(string path, int size)
    {
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        var file = new SampleFile(stream, size);
        Span<byte> header = stackalloc byte[HeaderLength];
        if (RandomAccess.Read(stream.SafeFileHandle, header, 0) == HeaderLength && header.StartsWith(Magic))
        {
            long kept = BinaryPrimitives.ReadInt64LittleEndian(header[8..]), seen = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
            if (kept >= 0 && kept <= size && seen >= kept && stream.Length >= Position(kept)) (file.Kept, file.Seen) = (kept, seen);
        }
        if (file.Kept == 0) stream.SetLength(0);
        return file;
    }

    /// <summary>Puts names where there is room, then in place of others.</summary>
    /// <param name="slots">As <see cref="NameSample.Take"/> gives them.</param>
    public void Put(ReadOnlySpan<byte> slots)
    {
        int room = (int)Math.Min(_size - Kept, slots.Length / NameSample.SlotLength) * NameSample.SlotLength;
        if (room > 0) RandomAccess.Write(_file.SafeFileHandle, slots[..room], Position(Kept));
        Kept += room / NameSample.SlotLength;
        for (slots = slots[room..]; slots.Length > 0; slots = slots[NameSample.SlotLength..])
            RandomAccess.Write(_file.SafeFileHandle, slots[..NameSample.SlotLength], Position(Random.Shared.NextInt64(_size)));
    }

    /// <summary>Notes how far it is.</summary>
    /// <param name="seen">Names that were offered in all.</param>
    public void Note(long seen)
    {
        Seen = Math.Max(seen, Kept);
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], Kept);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], Seen);
        RandomAccess.Write(_file.SafeFileHandle, header, 0);
    }

    /// <summary>Every name that is kept. What is overwritten meanwhile is the one or the other.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Names()
    {
        long kept = Kept;
        byte[] slots = new byte[1024 * NameSample.SlotLength];
        for (long at = 0; at < kept;)
        {
            int wanted = (int)Math.Min(1024, kept - at) * NameSample.SlotLength;
            int read = RandomAccess.Read(_file.SafeFileHandle, slots.AsSpan(0, wanted), Position(at)) / NameSample.SlotLength;
            if (read == 0) yield break;
            for (int i = 0; i < read; i++)
            {
                int length = slots[i * NameSample.SlotLength];
                if (length is > 0 and < NameSample.SlotLength) yield return slots.AsMemory(i * NameSample.SlotLength + 1, length);
            }
            at += read;
        }
    }

    public void Dispose() => _file.Dispose();

    private static long Position(long slot) => HeaderLength + slot * NameSample.SlotLength;
}
