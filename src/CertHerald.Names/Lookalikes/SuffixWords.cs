using System.Numerics;
using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>What follows a word where a whole domain is embedded: the domain's own suffixes, and any top-level domain.</summary>
internal sealed class SuffixWords
{
    private const int BitsOfLetter = 5, AnyLength = 31;

    private static readonly byte[][] TopLevels = [.. Keywords.TopLevelWords.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Select(Encoding.ASCII.GetBytes)];

    // Few lists serve all domains: they stay near, however many domains there are.
    private readonly byte[][][] _lists;
    private readonly int[] _listOf;

    // By the first two letters: bit i for a suffix of i letters, of any list, or a top-level domain; the last bit for what is longer, or has fewer than two.
    private readonly uint[] _lengths = new uint[1 << 2 * BitsOfLetter];

    /// <param name="own">By domain: suffixes of its owner's domains without dots, the longest first.</param>
    public SuffixWords(IReadOnlyList<IReadOnlyList<string>> own)
    {
        var lists = new Dictionary<string, int>(StringComparer.Ordinal);
        _listOf = [.. own.Select(list => string.Join('.', list)).Select(key => lists.TryGetValue(key, out int at) ? at : lists[key] = lists.Count)];
        _lists = [.. lists.Keys.Select(key => key.Split('.').Select(Encoding.ASCII.GetBytes).ToArray())];
        foreach (byte[] suffix in _lists.SelectMany(list => list).Concat(TopLevels))
        {
            if (suffix.Length >= 2) _lengths[CodeOf(suffix)] |= 1u << Math.Min(suffix.Length, AnyLength);
            else for (int i = 0; i < _lengths.Length; i++) _lengths[i] |= 1u << AnyLength;
        }
    }

    /// <summary>Whether some domain's own suffix, or a top-level domain, may stand behind a word: at a glance, and sometimes wrong where none does.</summary>
    public bool MayFollow(NameText name, int end)
    {
        if (end >= name.Length) return false;
        for (uint lengths = _lengths[CodeOf(name.Raw.AsSpan(end))]; lengths != 0; lengths &= lengths - 1)
        {
            int length = BitOperations.TrailingZeroCount(lengths);
            if (length == AnyLength || (end + length <= name.Length && name.Before[end + length] != Gap.None)) return true;
        }
        return false;
    }

    /// <summary>Which list is a domain's.</summary>
    public int ListOf(int domain) => _listOf[domain];

    /// <summary>What stands behind a word that ends here: after a dot, a hyphen or nothing, and ends where a word does.</summary>
    public Evidence After(NameText name, int end, in WordFacts word)
    {
        if (end >= name.Length) return 0;
        ReadOnlySpan<byte> rest = name.Raw.AsSpan(end, name.Length - end);
        foreach (byte[] suffix in OwnOf(word))
        {
            if (rest.StartsWith(suffix) && name.Before[end + suffix.Length] != Gap.None)
                return Evidence.OwnSuffix;
        }
        int length = 1;
        while (name.Before[end + length] == Gap.None) length++;
        return Keywords.TopLevels.Contains(rest[..length]) ? Evidence.AnyTld : 0;
    }

    /// <summary>Whether the domain's own suffix follows and a dot stands behind it.</summary>
    public bool EndsAtDot(NameText name, int end, in WordFacts word)
    {
        if (end >= name.Length) return false;
        ReadOnlySpan<byte> rest = name.Raw.AsSpan(end, name.Length - end);
        foreach (byte[] suffix in OwnOf(word))
            if (rest.StartsWith(suffix) && name.Before[end + suffix.Length] == Gap.Dot)
                return true;
        return false;
    }

    /// <summary>Whether a suffix begins like one of the domain's own and goes on: <c>com.cn</c> for <c>com</c>.</summary>
    public bool ReadsOn(ReadOnlySpan<byte> suffix, in WordFacts word)
    {
        int dot = suffix.IndexOf((byte)'.');
        if (dot < 0) return false;
        foreach (byte[] own in OwnOf(word))
            if (suffix[..dot].SequenceEqual(own))
                return true;
        return false;
    }

    private static int CodeOf(ReadOnlySpan<byte> letters) => (letters[0] & 31) << BitsOfLetter | letters[1] & 31;

    private byte[][] OwnOf(in WordFacts word) => _lists[word.Suffixes];
}
