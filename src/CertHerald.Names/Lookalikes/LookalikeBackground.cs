namespace CertHerald.Names.Lookalikes;

/// <summary>
/// What rules find among ordinary names: for each word of a protected domain and each rule, how many distinct registrable domains
/// of a sample. Belongs to the index that counted it, or took it over. Immutable and thread-safe.
/// </summary>
public sealed class LookalikeBackground
{
    private readonly float[] _words;

    // The rules that were found for a word, beside each other.
    private readonly int[] _first;
    private readonly (int Rule, float Rate)[] _found;
    private readonly bool[] _counted;

    /// <param name="counted">By word: whether it was counted. What was, and is in neither table, was found nowhere.</param>
    internal LookalikeBackground(int names, bool[] counted, Dictionary<int, float> rules, Dictionary<int, float> words)
    {
        Names = names;
        _counted = counted;
        IsWhole = Array.TrueForAll(counted, one => one);
        _words = new float[counted.Length];
        foreach ((int word, float rate) in words) _words[word] = rate;
        _first = new int[counted.Length + 1];
        foreach (int key in rules.Keys) _first[key / Sighting.Rules + 1]++;
        for (int word = 0; word < counted.Length; word++) _first[word + 1] += _first[word];
        _found = [.. rules.OrderBy(one => one.Key).Select(one => (one.Key % Sighting.Rules, one.Value))];
    }

    /// <summary>How many names were read.</summary>
    public int Names { get; }

    /// <summary>Whether every word of the index was counted.</summary>
    internal bool IsWhole { get; }

    internal bool Counted(int word) => _counted[word];

    /// <summary>The same for another index.</summary>
    /// <param name="places">By word of that index: where it stands here; negative if it does not.</param>
    internal LookalikeBackground For(int[] places)
    {
        bool[] counted = new bool[places.Length];
        var rules = new Dictionary<int, float>();
        var words = new Dictionary<int, float>();
        for (int word = 0; word < places.Length; word++)
        {
            if (places[word] is var place && (place < 0 || !_counted[place])) continue;
            counted[word] = true;
            foreach ((int rule, float rate) in FoundFor(place)) rules[KeyOf(word, rule)] = rate;
            words[word] = _words[place];
        }
        return new LookalikeBackground(Names, counted, rules, words);
    }

    /// <summary>In a million names.</summary>
    internal double RateOf(in Sighting sighting)
    {
        int rule = sighting.Rule;
        foreach ((int found, float rate) in FoundFor(sighting.WordIndex))
            if (found == rule)
                return rate;
        return 0;
    }

    /// <summary>In a million names, by whatever rule.</summary>
    internal double RateOfWord(int word) => _words[word];

    internal static int KeyOf(int word, int rule) => word * Sighting.Rules + rule;

    private ReadOnlySpan<(int Rule, float Rate)> FoundFor(int word) => _found.AsSpan(_first[word], _first[word + 1] - _first[word]);
}
