using System.Buffers.Binary;

namespace CertHerald.TestLog.Faults;

/// <summary>A row on its way into the tree: what it becomes there is true, however odd.</summary>
internal sealed class AddedRow(byte[] leafInput, byte[] extraData)
{
    private static ReadOnlySpan<byte> IndexHeader => [0, 0, 5];

    public byte[] LeafInput { get; set; } = leafInput;

    public byte[] ExtraData { get; set; } = extraData;

    /// <summary>Where it has a leaf_index extension and no other, makes that say where it stands.</summary>
    public void SayIndex(ulong index)
    {
        if (Extensions() is { Length: 8 } extensions && extensions.StartsWith(IndexHeader))
            LeafFormat.LeafIndexExtension(index).CopyTo(extensions);
    }

    /// <summary>The same row with other extensions; a row that cannot be read stays as it is.</summary>
    public void SetExtensions(byte[] extensions)
    {
        if (!LeafFormat.TryMeasure(LeafInput.AsSpan(2), out int length, out _) || length != LeafInput.Length - 2) return;
        byte[] sized = [(byte)(extensions.Length >> 8), (byte)extensions.Length, .. extensions];
        LeafInput = [.. LeafInput.AsSpan(0, LeafInput.Length - Extensions().Length - 2), .. sized];
    }

    public ulong Timestamp
    {
        get => BinaryPrimitives.ReadUInt64BigEndian(LeafInput.AsSpan(2));
        set => BinaryPrimitives.WriteUInt64BigEndian(LeafInput.AsSpan(2), value);
    }

    public bool IsPrecert => LeafFormat.TryMeasure(LeafInput.AsSpan(2), out _, out bool isPrecert) && isPrecert;

    /// <summary>The CtExtensions without their length; empty too where the row cannot be read.</summary>
    private Span<byte> Extensions()
    {
        Span<byte> entry = LeafInput.AsSpan(2);
        if (!LeafFormat.TryMeasure(entry, out int length, out bool isPrecert) || length != entry.Length) return default;
        int at = isPrecert ? 42 : 10;
        return entry[(at + 3 + LeafFormat.ReadUInt24(entry[at..]) + 2)..];
    }
}
