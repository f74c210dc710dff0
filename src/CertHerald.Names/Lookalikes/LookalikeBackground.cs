using System.Collections.Frozen;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// What rules find among ordinary names: for each word of a protected domain and each rule, how many distinct registrable domains
/// of a sample. Belongs to the index that counted it, or took it over. Immutable and thread-safe.
/// </summary>
public sealed class LookalikeBackground
{
    private readonly FrozenDictionary<int, float> _rules;
    private readonly FrozenDictionary<int, float> _words;
    private readonly bool[] _counted;

    /// <param name="counted">By word: whether it was counted. What was, and is in neither table, was found nowhere.</param>
    internal LookalikeBackground(int names, bool[] counted, Dictionary<int, float> rules, Dictionary<int, float> words)
    {
        Names = names;
        _counted = counted;
        IsWhole = Array.TrueForAll(counted, one => one);
        _rules = rules.ToFrozenDictionary();
        _words = words.ToFrozenDictionary();
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
        ILookup<int, (int Rule, float Rate)> ofWord = _rules.ToLookup(one => one.Key / Sighting.Rules, one => (one.Key % Sighting.Rules, one.Value));
        bool[] counted = new bool[places.Length];
        var rules = new Dictionary<int, float>();
        var words = new Dictionary<int, float>();
        for (int word = 0; word < places.Length; word++)
        {
            if (places[word] is var place && (place < 0 || !_counted[place])) continue;
            counted[word] = true;
            foreach ((int rule, float rate) in ofWord[place]) rules[KeyOf(word, rule)] = rate;
            if (_words.TryGetValue(place, out float ofAll)) words[word] = ofAll;
        }
        return new LookalikeBackground(Names, counted, rules, words);
    }

    /// <summary>In a million names.</summary>
    internal double RateOf(in Sighting sighting) => _rules.GetValueOrDefault(KeyOf(sighting.WordIndex, sighting.Rule));

    /// <summary>In a million names, by whatever rule.</summary>
    internal double RateOfWord(int word) => _words.GetValueOrDefault(word);

    internal static int KeyOf(int word, int rule) => word * Sighting.Rules + rule;
}
