using System.Collections.Frozen;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// What rules find among ordinary names: for each word of a protected domain and each rule, how many distinct registrable domains
/// of a sample. Belongs to the index that counted it. Immutable and thread-safe.
/// </summary>
public sealed class LookalikeBackground
{
    private readonly FrozenDictionary<int, float> _rules;
    private readonly FrozenDictionary<int, float> _words;

    internal LookalikeBackground(int names, Dictionary<int, float> rules, Dictionary<int, float> words)
    {
        Names = names;
        _rules = rules.ToFrozenDictionary();
        _words = words.ToFrozenDictionary();
    }

    /// <summary>How many names were read.</summary>
    public int Names { get; }

    /// <summary>In a million names.</summary>
    internal double RateOf(in Sighting sighting) => _rules.GetValueOrDefault(KeyOf(sighting.WordIndex, sighting.Rule));

    /// <summary>In a million names, by whatever rule.</summary>
    internal double RateOfWord(int word) => _words.GetValueOrDefault(word);

    internal static int KeyOf(int word, int rule) => word * Sighting.Rules + rule;
}
