using System.Buffers.Binary;

namespace CertHerald.TestLog.Corpora;

/// <summary>A small, fast generator that is the same everywhere and for ever (Steele, Lea, Flood: SplitMix64). No secrets.</summary>
internal struct SplitMix(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A generator for each place: entries can be made in any order.</summary>
    public static SplitMix At(ulong seed, ulong place) => new(new SplitMix(seed ^ new SplitMix(place).Next()).Next());

    public ulong Next()
    {
        ulong z = _state += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }

    /// <summary>Below <paramref name="limit"/>; as good as even for small limits.</summary>
    public int Below(int limit) => (int)(Next() % (uint)limit);

    public double Fraction() => (Next() >> 11) * (1.0 / (1UL << 53));

    public void Fill(Span<byte> target)
    {
        for (; target.Length >= 8; target = target[8..]) BinaryPrimitives.WriteUInt64LittleEndian(target, Next());
        ulong last = Next();
        for (int i = 0; i < target.Length; i++) target[i] = (byte)(last >> 8 * i);
    }
}
