namespace CertHerald.Names.Lookalikes;

/// <summary>
/// All protected domains, indexed: a name that imitates none costs look-ups only, however many domains there are, and allocates
/// nothing. Immutable and thread-safe; replaced as a whole on change.
/// </summary>
public sealed class LookalikeIndex
{
    [ThreadStatic]
    private static Workplace? t_workplace;

    private readonly ProtectedDomain[] _domains;
    private readonly NameTables _tables;
    private readonly WordIndex _words;
    private readonly SuffixWords _suffixes;
    private readonly Ownership _ownership;

    private readonly LookalikeBackground? _background;
    private readonly int _leastThreshold;
    private readonly WordFacts[] _facts;

    // By word, points that ordinary names take away by whatever rule: near, for most words found are common ones.
    private readonly byte[] _leastCommonness;

    private LookalikeIndex(ProtectedDomain[] domains, NameTables tables, WordIndex words, SuffixWords suffixes, Ownership ownership, LookalikeBackground? background)
    {
        _background = background;
        _leastThreshold = domains.Length == 0 ? 100 : domains.Min(domain => domain.Least);
        _domains = domains;
        _tables = tables;
        _words = words;
        _suffixes = suffixes;
        _ownership = ownership;
        _facts = [.. words.Words.ToArray().Select(word => new WordFacts(word, suffixes.ListOf(word.Domain)))];
        _leastCommonness = [.. words.Words.ToArray().Select(LeastCommonness)];
    }

    internal NameTables Tables => _tables;

    internal ReadOnlySpan<BrandWord> Words => _words.Words;

    /// <summary>Of all domains, what is kept for a digest counted.</summary>
    internal int LeastThreshold => _leastThreshold;

    /// <summary>In the order given.</summary>
    public IReadOnlyList<ProtectedDomain> Domains => _domains;

    /// <summary>Indexes domains. All belong to one user: what one of them owns is never an imitation of another.</summary>
    /// <param name="suffixes">Null: every top-level domain is taken for a registry's suffix, and no other.</param>
    /// <param name="folds">Null: the built-in ones.</param>
    public static LookalikeIndex Build(IEnumerable<ProtectedDomain> domains, PublicSuffixes? suffixes, CharacterFolds? folds = null)
    {
        ProtectedDomain[] all = [.. domains];
        var tables = new NameTables(suffixes, folds ?? CharacterFolds.BuiltIn, HostingSuffixes.Hashes);
        var builder = new WordBuilder(tables);
        for (int i = 0; i < all.Length; i++) builder.Add(all[i], i);
        return new LookalikeIndex(all, tables, new WordIndex([.. builder.Words]), new SuffixWords(builder.Suffixes), new Ownership(all), background: null);
    }

    /// <summary>The same domains, judged against a sample of ordinary names: rules that fire on many of them weigh less.</summary>
    /// <param name="background">Counted by this index.</param>
    public LookalikeIndex With(LookalikeBackground background) => new(_domains, _tables, _words, _suffixes, _ownership, background);

    /// <summary>Whether every rule is judged against ordinary names. Others are weighed by a built-in guess.</summary>
    public bool IsWeighed => _background is { IsWhole: true } || _words.Words.IsEmpty;

    /// <summary>
    /// The same domains, judged against what another index was: as far as both have the same words of the same domains. What is
    /// allowed, or owned, may differ: it changes little of what rules find among ordinary names.
    /// </summary>
    /// <param name="other">Where it was not weighed either, nothing changes.</param>
    public LookalikeIndex WeighedAs(LookalikeIndex other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._background is not { } background) return this;
        var places = new Dictionary<(string Domain, string Word, BrandWordKind Kind), int>();
        for (int i = 0; i < other._words.Words.Length; i++) places.TryAdd(other.KeyOf(other._words.Words[i]), i);
        return With(background.For([.. _words.Words.ToArray().Select(word => places.GetValueOrDefault(KeyOf(word), -1))]));
    }

    /// <summary>Counts what rules find among ordinary names. Takes what judging takes, once.</summary>
    /// <param name="names">As certificates hold them; few of them look-alikes.</param>
    public LookalikeBackground Count(IEnumerable<ReadOnlyMemory<byte>> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        Workplace place = t_workplace ??= new Workplace();
        var seen = new HashSet<(int Key, ulong Registrable)>();
        int read = 0;
        place.Seen = (sighting, name) =>
        {
            ulong registrable = name.Below[name.OwnerLabel];
            seen.Add((LookalikeBackground.KeyOf(sighting.WordIndex, sighting.Rule), registrable));
            seen.Add((-1 - sighting.WordIndex, registrable));
        };
        try
        {
            foreach (ReadOnlyMemory<byte> name in names)
            {
                read++;
                _ = Look(name.Span, place, int.MaxValue);
            }
        }
        finally
        {
            place.Seen = null;
        }
        float million = 1e6f / Math.Max(1, read);
        var rules = new Dictionary<int, float>();
        var words = new Dictionary<int, float>();
        foreach ((int key, _) in seen)
        {
            if (key >= 0) rules[key] = rules.GetValueOrDefault(key) + million;
            else words[-1 - key] = words.GetValueOrDefault(-1 - key) + million;
        }
        bool[] counted = new bool[_words.Words.Length];
        Array.Fill(counted, true);
        return new LookalikeBackground(read, counted, rules, words);
    }

    /// <summary>Judges a name against every domain that it may imitate, the strongest first.</summary>
    /// <param name="name">As a certificate holds it: any bytes, any case, with or without wildcard.</param>
    /// <param name="least">Scores below are left out.</param>
    public IReadOnlyList<Lookalike> Judge(ReadOnlySpan<byte> name, int least = 1)
    {
        Workplace place = t_workplace ??= new Workplace();
        if (Look(name, place, least) == 0) return [];
        List<Lookalike>? judged = null;
        foreach (Verdict verdict in place.Verdicts)
            if (verdict.Score >= least)
                (judged ??= []).Add(Describe(place.Name, verdict));
        if (judged is null) return [];
        judged.Sort(static (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : string.CompareOrdinal(a.Domain.Name, b.Domain.Name));
        return judged;
    }

    /// <summary>Whether a name reaches the threshold of some domain. Allocates nothing, whatever the answer.</summary>
    public bool IsAlert(ReadOnlySpan<byte> name)
    {
        Workplace place = t_workplace ??= new Workplace();
        if (Look(name, place, _leastThreshold) == 0) return false;
        foreach (Verdict verdict in place.Verdicts)
            if (verdict.Score >= _domains[verdict.Sighting.Word.Domain].Threshold)
                return true;
        return false;
    }

    /// <summary>Whether a name is an alert, or to be kept for the digest, of some domain. Allocates nothing, whatever the answer.</summary>
    public bool IsKept(ReadOnlySpan<byte> name)
    {
        Workplace place = t_workplace ??= new Workplace();
        if (Look(name, place, _leastThreshold) == 0) return false;
        foreach (Verdict verdict in place.Verdicts)
            if (verdict.Score >= _domains[verdict.Sighting.Word.Domain].Least)
                return true;
        return false;
    }

    /// <summary>Looks at every sighting, for measurement: what was seen, before points.</summary>
    internal void See(ReadOnlySpan<byte> name, Action<Sighting, NameText> take)
    {
        Workplace place = t_workplace ??= new Workplace();
        place.Seen = take;
        _ = Look(name, place, int.MaxValue);
        place.Seen = null;
    }

    /// <summary>Finds, for each domain, the strongest sighting that reaches a score.</summary>
    private int Look(ReadOnlySpan<byte> name, Workplace place, int least)
    {
        if (place.Verdicts.Count > 0) place.Verdicts.Clear();
        if (!place.Name.Read(name, _tables)) return 0;
        place.Hits.Clear();
        Evidence ofName = ContextReader.OfName(place.Name);
        // Who measures sees all.
        int reach = place.Seen is null ? least : 1;
        _words.Find(place.Name, ofName, reach, place.Hits);
        if (place.Hits.Count > 0) JudgeHits(place, ofName, least, reach);
        return place.Verdicts.Count;
    }

    /// <summary>Judges what was found, unless the name is the user's own.</summary>
    private void JudgeHits(Workplace place, Evidence ofName, int least, int reach)
    {
        // Far memory is asked for all before it is needed of one.
        int count = 0;
        ulong touched = 0;
        for (int i = 0; i < place.Hits.Count; i++)
        {
            Hit hit = place.Hits[i];
            if (!Reach.May(place.Name, ofName, hit, _leastCommonness[hit.Word], _suffixes, reach)) continue;
            touched += _facts[hit.Word].Length + _words.Touch(hit.Word) + (_background?.Touch(hit.Word) ?? 0);
            place.InReach[count++] = i;
        }
        place.Touched = touched;

        bool isOwnKnown = false;
        foreach (int i in place.InReach.AsSpan(0, count))
        {
            Hit hit = place.Hits[i];
            ref readonly WordFacts facts = ref _facts[hit.Word];
            if (hit.Slips > 0 && place.Hits.HasExact(hit.Start, hit.End)) continue;
            if (!ContextReader.TryFind(place.Name, ofName, hit, facts, _suffixes, out Scene scene)) continue;
            if (!Reach.May(place.Name, hit, scene, facts, _leastCommonness[hit.Word], reach)) continue;
            if (!isOwnKnown && _ownership.IsOwn(place.Name, place.Exempt)) return;
            isOwnKnown = true;
            if (place.Exempt.Count > 0 && place.Exempt.Contains(facts.Domain)) continue;
            if (!ContextReader.TrySee(place.Name, hit, scene, facts, _words, _suffixes, out Sighting sighting)) continue;
            place.Seen?.Invoke(sighting, place.Name);
            if (least <= 100) Weigh(sighting, facts.Length, place, least);
        }
    }

    private byte LeastCommonness(BrandWord word, int at)
    {
        (double rule, double ofWord) = _background is { } counted && counted.Counted(at) ? (0, counted.RateOfWord(at)) : OrdinaryWords.LeastGuess(word);
        return (byte)LookalikeScores.Commonness(rule, ofWord);
    }

    private void Weigh(Sighting sighting, int length, Workplace place, int least)
    {
        (int points, int detector) = PointsTable.Of(sighting, length);
        if (detector < 0) return;
        if (!Reach.May(place.Name, sighting, points - _leastCommonness[sighting.WordIndex], least)) return;
        (double rule, double word) = _background is { } counted && counted.Counted(sighting.WordIndex) ? (counted.RateOf(sighting), counted.RateOfWord(sighting.WordIndex)) : OrdinaryWords.Guess(sighting);
        points -= LookalikeScores.Commonness(rule, word);
        // What stands around it costs most to find out: not for what cannot reach the score.
        if (!Reach.May(place.Name, sighting, points, least)) return;
        sighting = sighting with { Evidence = sighting.Evidence | ContextReader.Around(place.Name, sighting) };
        int score = Math.Min(points + LookalikeScores.Of(sighting.Evidence, sighting.IsBelow), ServiceHosts.Most(place.Name));
        score = Math.Clamp(LookalikeScores.Demoted(score, rule, sighting.Evidence), 1, 100);
        if (score < least) return;
        var verdict = new Verdict(score, detector, sighting);
        for (int i = 0; i < place.Verdicts.Count; i++)
        {
            if (place.Verdicts[i].Sighting.Word.Domain != sighting.Word.Domain) continue;
            if (verdict.IsStrongerThan(place.Verdicts[i])) place.Verdicts[i] = verdict;
            return;
        }
        place.Verdicts.Add(verdict);
    }

    private (string, string, BrandWordKind) KeyOf(BrandWord word) => (_domains[word.Domain].Name, word.Text, word.Kind);

    private Lookalike Describe(NameText name, in Verdict verdict)
    {
        ILookalikeDetector detector = LookalikeDetectors.All[verdict.Detector];
        ProtectedDomain domain = _domains[verdict.Sighting.Word.Domain];
        Quotation quotation = Explanation.Quote(name, verdict.Sighting, domain.Name);
        return new Lookalike(domain, verdict.Score, detector.Class, quotation.Matched, [detector.Explain(verdict.Sighting, quotation), .. Explanation.Of(verdict.Sighting, name, domain)]);
    }

    private readonly record struct Verdict(int Score, int Detector, Sighting Sighting)
    {
        // The same whatever the order in which words were found.
        public bool IsStrongerThan(in Verdict other) =>
            Score != other.Score ? Score > other.Score
            : Detector != other.Detector ? Detector < other.Detector
            : Sighting.Start != other.Sighting.Start ? Sighting.Start < other.Sighting.Start
            : Sighting.Word.Length != other.Sighting.Word.Length ? Sighting.Word.Length > other.Sighting.Word.Length
            : string.CompareOrdinal(Sighting.Word.Text, other.Sighting.Word.Text) < 0;
    }

    /// <summary>What one thread works with, used again for every name.</summary>
    private sealed class Workplace
    {
        public NameText Name { get; } = new();

        public Hits Hits { get; } = new();

        /// <summary>Which hits are judged further.</summary>
        public int[] InReach { get; } = new int[Hits.Most];

        /// <summary>What was read only to have it near: kept, or nobody would read it.</summary>
        public ulong Touched { get; set; }

        public HashSet<int> Exempt { get; } = [];

        public List<Verdict> Verdicts { get; } = [];

        public Action<Sighting, NameText>? Seen { get; set; }
    }
}
