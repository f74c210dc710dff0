using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CertHerald.Transparency.Merkle;

/// <summary>A SHA-256 hash in a log's tree: 32 bytes, by value. <c>default</c> is all zeros, which no input hashes to. RFC 6962 §2.1.</summary>
[InlineArray(Length)]
[SuppressMessage("Design", "CA1051", Justification = "An inline array has one field by definition.")]
public struct MerkleHash : IEquatable<MerkleHash>
{
    /// <summary>Bytes in a hash.</summary>
    public const int Length = 32;

    private byte _first;

    /// <summary>Copies the first 32 bytes of <paramref name="bytes"/>.</summary>
    /// <exception cref="ArgumentException">There are fewer or more.</exception>
    public MerkleHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length) throw new ArgumentException($"A hash has {Length} bytes, not {bytes.Length}.", nameof(bytes));
        bytes.CopyTo(this);
    }

    /// <summary>The root of the tree with no entries: SHA-256 of nothing.</summary>
    public static MerkleHash OfEmptyTree { get; } = new(SHA256.HashData(ReadOnlySpan<byte>.Empty));

    /// <summary>SHA-256(01 ‖ left ‖ right). RFC 6962 §2.1.</summary>
    public static MerkleHash OfNode(in MerkleHash left, in MerkleHash right)
    {
        Span<byte> node = stackalloc byte[1 + 2 * Length];
        node[0] = 1;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + Length)..]);
        MerkleHash hash = default;
        SHA256.HashData(node, hash);
        return hash;
    }

    /// <summary>SHA-256(00 ‖ leaf_input). RFC 6962 §2.1. Batches hash in place instead; this is for single leaves.</summary>
    public static MerkleHash OfLeaf(ReadOnlySpan<byte> leafInput)
    {
        using var hasher = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hasher.AppendData([0]);
        hasher.AppendData(leafInput);
        MerkleHash hash = default;
        hasher.GetHashAndReset(hash);
        return hash;
    }

    /// <summary>Reads strict, padded base64 of exactly 32 bytes.</summary>
    public static bool TryParseBase64(ReadOnlySpan<char> text, out MerkleHash hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[Length + 1];
        if (text.Length != 44 || !Convert.TryFromBase64Chars(text, bytes, out int written) || written != Length) return false;
        hash = new MerkleHash(bytes[..Length]);
        return true;
    }

    /// <summary>The bytes of a hash, without a copy. Valid as long as <paramref name="hash"/> is.</summary>
    public static ReadOnlySpan<byte> BytesOf(in MerkleHash hash) =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<MerkleHash, byte>(ref Unsafe.AsRef(in hash)), Length);

    /// <summary>Copies the 32 bytes to the start of <paramref name="target"/>.</summary>
    public readonly void CopyTo(Span<byte> target) => BytesOf(this).CopyTo(target);

    /// <summary>A new array of the 32 bytes.</summary>
    public readonly byte[] ToArray() => BytesOf(this).ToArray();

    /// <summary>Padded base64, 44 characters.</summary>
    public readonly string ToBase64() => Convert.ToBase64String(BytesOf(this));

    /// <summary>Lower-case hexadecimal, 64 characters.</summary>
    public readonly string ToHex() => Convert.ToHexStringLower(BytesOf(this));

    /// <inheritdoc/>
    public readonly bool Equals(MerkleHash other) => BytesOf(this).SequenceEqual(BytesOf(other));

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is MerkleHash other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => BitConverter.ToInt32(BytesOf(this));

    /// <summary>Base64, as logs write hashes.</summary>
    public override readonly string ToString() => ToBase64();

    /// <summary>Whether all 32 bytes are the same.</summary>
    public static bool operator ==(MerkleHash left, MerkleHash right) => left.Equals(right);

    /// <summary>Whether a byte differs.</summary>
    public static bool operator !=(MerkleHash left, MerkleHash right) => !left.Equals(right);
}
