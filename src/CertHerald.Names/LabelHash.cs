using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace CertHerald.Names;

/// <summary>
/// Hashes of names, label by label from the right: the hash of <c>www.example.com</c> extends that of <c>example.com</c>.
/// ASCII case does not count. Values differ in every process: names come from strangers.
/// </summary>
internal static class LabelHash
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;    // odd, from the golden ratio
    private const ulong LowerCase = 0x2020_2020_2020_2020;

    /// <summary>The hash of the root.</summary>
    public static ulong OfRoot { get; } = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));

    /// <summary>The hash of a name from that of what stands right of its first label.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Extend(ulong hash, ReadOnlySpan<byte> label)
    {
        int length = label.Length;
        hash ^= (ulong)length * 0xD6E8_FEB8_6659_FD93;         // odd, any; else overlapping reads would confuse lengths
        if (length > 8)
        {
            for (int i = 0; i < length - 8; i += 8) hash = Mix(hash ^ (MemoryMarshal.Read<ulong>(label[i..]) | LowerCase));
            return Mix(hash ^ (MemoryMarshal.Read<ulong>(label[(length - 8)..]) | LowerCase));
        }
        ulong word = length switch
        {
            8 => MemoryMarshal.Read<ulong>(label),
            >= 4 => MemoryMarshal.Read<uint>(label) | (ulong)MemoryMarshal.Read<uint>(label[(length - 4)..]) << 32,
            > 0 => label[0] | (ulong)label[length >> 1] << 8 | (ulong)label[length - 1] << 16,
            _ => 0,
        };
        return Mix(hash ^ (word | LowerCase));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong value)
    {
        // BigMul gives its lower half by way of memory.
        if (Bmi2.X64.IsSupported) return Bmi2.X64.MultiplyNoFlags(value, Multiplier) ^ (value * Multiplier);
        ulong high = Math.BigMul(value, Multiplier, out ulong low);
        return high ^ low;
    }
}
