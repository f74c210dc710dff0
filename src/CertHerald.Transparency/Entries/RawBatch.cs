using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Entries;

/// <summary>What stands beside a leaf, which depends on the protocol. Nothing in it is covered by the tree.</summary>
public enum ExtraDataForm
{
    /// <summary><c>extra_data</c> of <c>get-entries</c>: chain, before it the precertificate if there is one. RFC 6962 §4.6.</summary>
    Rfc6962,

    /// <summary>The rest of a TileLeaf: the precertificate if there is one, then issuer fingerprints. C2SP static-ct-api.</summary>
    StaticCt,
}

/// <summary>
/// Consecutive entries as served, in pooled memory: unchecked, unparsed. Whoever got it disposes of it; its spans, and the
/// entries read from them, end with it. Not thread-safe.
/// </summary>
public sealed class RawBatch : IDisposable
{
    // Used again and again: a tenth faster than SHA256.HashData.
    [ThreadStatic]
    private static SHA256? t_sha;

    // One buffer: 00 ‖ leaf_input ‖ extra data, entry after entry. The 00 makes each leaf one span to hash.
    // _offsets: where leaf and extra data of each entry start, and the end of the last.
    private readonly int[] _offsets;
    private MemoryLease? _memory;
    private MerkleHash[]? _hashes;

    internal RawBatch(EntryIndex start, int count, ExtraDataForm form, MemoryLease memory, int[] offsets)
    {
        (Start, Count, Form, _memory, _offsets) = (start, count, form, memory, offsets);
        ByteLength = offsets[2 * count];
    }

    /// <summary>Index of the first entry.</summary>
    public EntryIndex Start { get; }

    /// <summary>Number of entries; never 0 from the readers of answers.</summary>
    public int Count { get; }

    /// <summary>The size of the tree that ends with this batch.</summary>
    public TreeSize End => new(Start.Value + (ulong)Count);

    /// <summary>Bytes the entries take in memory.</summary>
    public long ByteLength { get; }

    /// <summary>How to read <see cref="RawEntry.ExtraData"/>.</summary>
    public ExtraDataForm Form { get; }

    /// <summary>An entry, by its place in the batch.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    /// <exception cref="ObjectDisposedException">The batch was given back.</exception>
    public RawEntry this[int place]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(place);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(place, Count);
            ReadOnlySpan<byte> bytes = Bytes;
            int leaf = _offsets[2 * place], extra = _offsets[2 * place + 1], end = _offsets[2 * place + 2];
            return new RawEntry(new EntryIndex(Start.Value + (ulong)place), bytes[leaf..extra], bytes[extra..end], Form);
        }
    }

    /// <summary>The leaf hashes, in order; computed at the first call.</summary>
    /// <exception cref="ObjectDisposedException">The batch was given back.</exception>
    public ReadOnlySpan<MerkleHash> LeafHashes()
    {
        if (_hashes is null)
        {
            ReadOnlySpan<byte> bytes = Bytes;
            MerkleHash[] hashes = ArrayPool<MerkleHash>.Shared.Rent(Count);
            SHA256 sha = t_sha ??= SHA256.Create();
            for (int i = 0; i < Count; i++) sha.TryComputeHash(bytes[_offsets[2 * i].._offsets[2 * i + 1]], hashes[i], out _);
            _hashes = hashes;
        }
        return _hashes.AsSpan(0, Count);
    }

    /// <summary>Gives the memory back. What was read from the batch must not be used any more.</summary>
    public void Dispose()
    {
        if (_memory is null) return;

        _memory.Dispose();
        ArrayPool<int>.Shared.Return(_offsets);
        if (_hashes is not null) ArrayPool<MerkleHash>.Shared.Return(_hashes);
        (_memory, _hashes) = (null, null);
    }

    private ReadOnlySpan<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_memory is null, this);
            return _memory.Memory.Span;
        }
    }
}

/// <summary>One entry as served: spans into its batch.</summary>
[SuppressMessage("Performance", "CA1815", Justification = "A ref struct of spans has no equality to offer.")]
public readonly ref struct RawEntry
{
    internal RawEntry(EntryIndex index, ReadOnlySpan<byte> hashedBytes, ReadOnlySpan<byte> extraData, ExtraDataForm form)
    {
        Index = index;
        HashedBytes = hashedBytes;
        ExtraData = extraData;
        Form = form;
    }

    /// <summary>Its place in the log.</summary>
    public EntryIndex Index { get; }

    /// <summary>00 ‖ leaf_input: SHA-256 of it is the leaf hash.</summary>
    public ReadOnlySpan<byte> HashedBytes { get; }

    /// <summary>The MerkleTreeLeaf, as hashed. RFC 6962 §3.4.</summary>
    public ReadOnlySpan<byte> LeafInput => HashedBytes[1..];

    /// <summary>What stands beside the leaf, in the form of <see cref="Form"/>.</summary>
    public ReadOnlySpan<byte> ExtraData { get; }

    /// <summary>How to read <see cref="ExtraData"/>.</summary>
    public ExtraDataForm Form { get; }
}
