using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CertHerald.Transparency.Merkle;

/// <summary>
/// SHA-256 of several interior nodes side by side, a lane each. FIPS 180-4 §6.2, with its names. A node is 65 bytes, so two
/// blocks: the second holds one byte of it, and padding.
/// </summary>
internal static class Sha256Lanes<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector>
{
    /// <summary>Fewer nodes than this are hashed one by one: a round of all lanes costs about as much as two calls.</summary>
    private const int WorthALane = 2;

    private static int Lanes => Unsafe.SizeOf<TVector>() / sizeof(uint);

    public static void HashPairs(ReadOnlySpan<MerkleHash> children, Span<MerkleHash> parents)
    {
        while (children.Length >= 2 * Lanes)
        {
            HashEach(children[..(2 * Lanes)], parents);
            children = children[(2 * Lanes)..];
            parents = parents[Lanes..];
        }

        if (children.Length < 2 * WorthALane)
        {
            NodeHasher.HashOneByOne(children, parents);
            return;
        }

        Span<MerkleHash> padded = stackalloc MerkleHash[2 * Lanes];
        children.CopyTo(padded);
        HashEach(padded, padded);
        padded[..(children.Length / 2)].CopyTo(parents);
    }

    /// <summary>As many pairs as there are lanes. Reads all before it writes.</summary>
    private static void HashEach(ReadOnlySpan<MerkleHash> children, Span<MerkleHash> parents)
    {
        Span<TVector> w = stackalloc TVector[16];
        Span<TVector> hash = stackalloc TVector[8];
        Span<uint> words = MemoryMarshal.Cast<TVector, uint>(w);
        Span<uint> lasts = stackalloc uint[Lanes];

        ReadOnlySpan<byte> nodes = MemoryMarshal.AsBytes(children);
        for (int lane = 0; lane < Lanes; lane++)
        {
            ReadOnlySpan<byte> node = nodes.Slice(lane * 2 * MerkleHash.Length, 2 * MerkleHash.Length);
            uint before = 1;                                   // the byte 01 pushes every other one place on
            for (int t = 0; t < 16; t++)
            {
                uint word = BinaryPrimitives.ReadUInt32BigEndian(node[(4 * t)..]);
                words[t * Lanes + lane] = before << 24 | word >> 8;
                before = word;
            }
            lasts[lane] = before << 24 | 0x0080_0000;
        }

        for (int i = 0; i < 8; i++) hash[i] = TLanes.All(Sha256Constants.H0[i]);
        Compress(hash, w);

        w.Clear();
        lasts.CopyTo(words);
        w[15] = TLanes.All((1 + 2 * MerkleHash.Length) * 8);
        Compress(hash, w);

        Span<byte> results = MemoryMarshal.AsBytes(parents);
        Span<uint> state = MemoryMarshal.Cast<TVector, uint>(hash);
        for (int lane = 0; lane < Lanes; lane++)
            for (int i = 0; i < 8; i++)
                BinaryPrimitives.WriteUInt32BigEndian(results[(lane * MerkleHash.Length + 4 * i)..], state[i * Lanes + lane]);
    }

    /// <summary>FIPS 180-4 §6.2.2 for one block of each lane. <paramref name="w"/> is used up.</summary>
    private static void Compress(Span<TVector> hash, Span<TVector> w)
    {
        TVector a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4], f = hash[5], g = hash[6], h = hash[7];
        for (int t = 0; t < 64; t += 8)
        {
            // The schedule lives in 16 places; from round 16 on each is computed when its turn comes again.
            int at = t & 15;
            if (t >= 16)
                for (int i = at; i < at + 8; i++)
                    w[i] = TLanes.Add(
                        TLanes.Add(SmallSigma1(w[(i + 14) & 15]), w[(i + 9) & 15]), TLanes.Add(SmallSigma0(w[(i + 1) & 15]), w[i]));

            ReadOnlySpan<uint> k = Sha256Constants.K.AsSpan(t, 8);
            TVector t1 = T1(e, f, g, h, k[0], w[at]);
            d = TLanes.Add(d, t1); h = TLanes.Add(t1, T2(a, b, c));
            t1 = T1(d, e, f, g, k[1], w[at + 1]);
            c = TLanes.Add(c, t1); g = TLanes.Add(t1, T2(h, a, b));
            t1 = T1(c, d, e, f, k[2], w[at + 2]);
            b = TLanes.Add(b, t1); f = TLanes.Add(t1, T2(g, h, a));
            t1 = T1(b, c, d, e, k[3], w[at + 3]);
            a = TLanes.Add(a, t1); e = TLanes.Add(t1, T2(f, g, h));
            t1 = T1(a, b, c, d, k[4], w[at + 4]);
            h = TLanes.Add(h, t1); d = TLanes.Add(t1, T2(e, f, g));
            t1 = T1(h, a, b, c, k[5], w[at + 5]);
            g = TLanes.Add(g, t1); c = TLanes.Add(t1, T2(d, e, f));
            t1 = T1(g, h, a, b, k[6], w[at + 6]);
            f = TLanes.Add(f, t1); b = TLanes.Add(t1, T2(c, d, e));
            t1 = T1(f, g, h, a, k[7], w[at + 7]);
            e = TLanes.Add(e, t1); a = TLanes.Add(t1, T2(b, c, d));
        }

        hash[0] = TLanes.Add(hash[0], a);
        hash[1] = TLanes.Add(hash[1], b);
        hash[2] = TLanes.Add(hash[2], c);
        hash[3] = TLanes.Add(hash[3], d);
        hash[4] = TLanes.Add(hash[4], e);
        hash[5] = TLanes.Add(hash[5], f);
        hash[6] = TLanes.Add(hash[6], g);
        hash[7] = TLanes.Add(hash[7], h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector T1(TVector e, TVector f, TVector g, TVector h, uint k, TVector w) =>
        TLanes.Add(
            TLanes.Add(h, TLanes.Add(TLanes.All(k), w)),
            TLanes.Add(
                TLanes.Xor(TLanes.RotateRight(e, 6), TLanes.RotateRight(e, 11), TLanes.RotateRight(e, 25)),
                TLanes.Choose(e, f, g)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector T2(TVector a, TVector b, TVector c) =>
        TLanes.Add(
            TLanes.Xor(TLanes.RotateRight(a, 2), TLanes.RotateRight(a, 13), TLanes.RotateRight(a, 22)),
            TLanes.Majority(a, b, c));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector SmallSigma0(TVector x) =>
        TLanes.Xor(TLanes.RotateRight(x, 7), TLanes.RotateRight(x, 18), TLanes.ShiftRight(x, 3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector SmallSigma1(TVector x) =>
        TLanes.Xor(TLanes.RotateRight(x, 17), TLanes.RotateRight(x, 19), TLanes.ShiftRight(x, 10));
}

/// <summary>FIPS 180-4 §4.2.2 and §5.3.3.</summary>
internal static class Sha256Constants
{
    public static readonly uint[] H0 =
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    public static readonly uint[] K =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];
}
