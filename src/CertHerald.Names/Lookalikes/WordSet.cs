using System.Numerics;
using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>Words looked up by their bytes. Immutable and thread-safe.</summary>
internal sealed class WordSet
{
    private const int BitsPerWord = 16;

    private readonly HashSet<ulong> _hashes;

    // A bit a word: most that are none end here.
    private readonly ulong[] _filter;

    /// <param name="words">Lower-case ASCII between blanks; lines count as blanks.</param>
    public WordSet(params IEnumerable<string> words)
    {
        _hashes = [.. words.SelectMany(text => text.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)).Select(word =>
        {
            Longest = Math.Max(Longest, word.Length);
            return LabelHash.Extend(0, Encoding.ASCII.GetBytes(word));
        })];
        _filter = new ulong[BitOperations.RoundUpToPowerOf2((uint)(_hashes.Count * BitsPerWord / 64 + 1))];
        foreach (ulong hash in _hashes) _filter[PlaceOf(hash)] |= 1UL << (int)(hash & 63);
    }

    public int Longest { get; private set; }

    public bool Contains(ReadOnlySpan<byte> word) => word.Length > 0 && word.Length <= Longest && Contains(LabelHash.Extend(0, word));

    public bool Contains(string word) => Contains(Encoding.ASCII.GetBytes(word));

    private bool Contains(ulong hash) => (_filter[PlaceOf(hash)] >> (int)(hash & 63) & 1) != 0 && _hashes.Contains(hash);

    private int PlaceOf(ulong hash) => (int)(hash >> 6) & (_filter.Length - 1);
}
