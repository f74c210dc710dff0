namespace CertHerald.Names.Lookalikes;

/// <summary>
/// What rules find among ordinary names: for each word of a protected domain and each rule, how many distinct registrable domains
/// of a sample. Belongs to the index that counted it. Immutable and thread-safe.
/// </summary>
public sealed class LookalikeBackground
{
    private readonly WordCount[] _words;
    private readonly RuleCount[] _rules;

    /// <param name="rules">In a million names, by <see cref="KeyOf"/>.</param>
    /// <param name="words">In a million names.</param>
    /// <param name="size">How many words the index has.</param>
    internal LookalikeBackground(int names, Dictionary<int, float> rules, Dictionary<int, float> words, int size)
    {
        Names = names;
        _rules = [.. rules.OrderBy(rule => rule.Key).Select(rule => new RuleCount(rule.Key, rule.Value))];
        _words = new WordCount[size];
        for (int word = 0, at = 0; word < size; word++)
        {
            int first = at;
            while (at < _rules.Length && _rules[at].Key < KeyOf(word + 1, 0)) at++;
            _words[word] = new WordCount(words.GetValueOrDefault(word), first, at - first);
        }
    }

    /// <summary>How many names were read.</summary>
    public int Names { get; }

    /// <summary>In a million names: for which the rule fires with the word, and for which the word does by whatever rule.</summary>
    internal (double Rule, double Word) RatesOf(in Sighting sighting)
    {
        WordCount word = _words[sighting.WordIndex];
        int key = KeyOf(sighting.WordIndex, sighting.Rule);
        foreach (RuleCount rule in _rules.AsSpan(word.First, word.Rules))
            if (rule.Key == key)
                return (rule.Rate, word.Rate);
        return (0, word.Rate);
    }

    internal static int KeyOf(int word, int rule) => word * Sighting.Rules + rule;

    private readonly record struct WordCount(float Rate, int First, int Rules);

    private readonly record struct RuleCount(int Key, float Rate);
}
