using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog.Storage;

/// <summary>A leaf that stands in another tree where this log has its own.</summary>
internal sealed class OtherLeaf(ulong index, ReadOnlyMemory<byte> leafInput)
{
    public ulong Index => index;

    public ReadOnlyMemory<byte> LeafInput => leafInput;

    public MerkleHash Hash { get; } = MerkleHash.OfLeaf(leafInput.Span);
}
