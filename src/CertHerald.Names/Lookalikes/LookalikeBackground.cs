namespace CertHerald.Names.Lookalikes;

/// <summary>
/// What rules find among ordinary names: for each word of a protected domain and each rule, how many distinct registrable domains
/// of a sample. Belongs to the index that counted it, or took it over. Immutable and thread-safe.
/// </summary>
public sealed class LookalikeBackground
{
    private readonly OfWord[] _words;
    private readonly (int Rule, float Rate)[] _found;

    /// <param name="counted">By word: whether it was counted. What was, and is in neither table, was found nowhere.</param>
    internal LookalikeBackground(int names, bool[] counted, Dictionary<int, float> rules, Dictionary<int, float> words)
    {
        Names = names;
        IsWhole = Array.TrueForAll(counted, one => one);
        _words = new OfWord[counted.Length];
        int[] many = new int[counted.Length];
        foreach (int key in rules.Keys) many[key / Sighting.Rules]++;
        int first = 0;
        for (int word = 0; word < counted.Length; word++)
        {
            _words[word] = new OfWord(counted[word], words.GetValueOrDefault(word), first, many[word]);
            first += many[word];
        }
        _found = [.. rules.OrderBy(one => one.Key).Select(one => (one.Key % Sighting.Rules, one.Value))];
    }

    /// <summary>How many names were read.</summary>
    public int Names { get; }

    /// <summary>Whether every word of the index was counted.</summary>
    internal bool IsWhole { get; }

    internal bool Counted(int word) => _words[word].IsCounted;

    /// <summary>The same for another index.</summary>
    /// <param name="places">By word of that index: where it stands here; negative if it does not.</param>
    internal LookalikeBackground For(int[] places)
    {
        bool[] counted = new bool[places.Length];
        var rules = new Dictionary<int, float>();
        var words = new Dictionary<int, float>();
        for (int word = 0; word < places.Length; word++)
        {
            if (places[word] is var place && (place < 0 || !Counted(place))) continue;
            counted[word] = true;
            foreach ((int rule, float rate) in FoundFor(place)) rules[KeyOf(word, rule)] = rate;
            words[word] = _words[place].Rate;
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

    /// <summary>Reads what is read first for a word, to have it near.</summary>
    internal ulong Touch(int word) => (ulong)_words[word].Many;

    /// <summary>In a million names, by whatever rule.</summary>
    internal double RateOfWord(int word) => _words[word].Rate;

    internal static int KeyOf(int word, int rule) => word * Sighting.Rules + rule;

    private ReadOnlySpan<(int Rule, float Rate)> FoundFor(int word) => _found.AsSpan(_words[word].First, _words[word].Many);

    /// <param name="First">Where its rules begin, in the order of words.</param>
    private readonly record struct OfWord(bool IsCounted, float Rate, int First, int Many);
}
