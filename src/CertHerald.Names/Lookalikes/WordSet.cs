using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>Words looked up by their bytes. Immutable and thread-safe.</summary>
internal sealed class WordSet
{
    private readonly HashSet<ulong> _hashes;

    /// <param name="words">Lower-case ASCII between blanks; lines count as blanks.</param>
    public WordSet(params IEnumerable<string> words)
    {
        _hashes = [.. words.SelectMany(text => text.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)).Select(word =>
        {
            Longest = Math.Max(Longest, word.Length);
            return LabelHash.Extend(0, Encoding.ASCII.GetBytes(word));
        })];
    }

    public int Longest { get; private set; }

    public bool Contains(ReadOnlySpan<byte> word) => word.Length > 0 && word.Length <= Longest && _hashes.Contains(LabelHash.Extend(0, word));

    public bool Contains(string word) => Contains(Encoding.ASCII.GetBytes(word));
}
