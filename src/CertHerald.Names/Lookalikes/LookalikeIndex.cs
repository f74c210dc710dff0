using System.Text;

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

    private LookalikeIndex(ProtectedDomain[] domains, NameTables tables, WordIndex words, SuffixWords suffixes, Ownership ownership)
    {
        _domains = domains;
        _tables = tables;
        _words = words;
        _suffixes = suffixes;
        _ownership = ownership;
    }

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
        return new LookalikeIndex(all, tables, new WordIndex([.. builder.Words]), new SuffixWords(builder.Suffixes), new Ownership(all, suffixes));
    }

    /// <summary>Judges a name against every domain that it may imitate, the strongest first.</summary>
    /// <param name="name">As a certificate holds it: any bytes, any case, with or without wildcard.</param>
    /// <param name="least">Scores below are left out.</param>
    public IReadOnlyList<Lookalike> Judge(ReadOnlySpan<byte> name, int least = 1)
    {
        Workplace place = t_workplace ??= new Workplace();
        if (Look(name, place) == 0) return [];
        var judged = new List<Lookalike>();
        foreach (Verdict verdict in place.Verdicts)
            if (verdict.Score >= least)
                judged.Add(Describe(place.Name, verdict));
        judged.Sort(static (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : string.CompareOrdinal(a.Domain.Name, b.Domain.Name));
        return judged;
    }

    /// <summary>Looks at every sighting, for measurement: what was seen, before points.</summary>
    internal void See(ReadOnlySpan<byte> name, Action<Sighting, NameText> take)
    {
        Workplace place = t_workplace ??= new Workplace();
        place.Seen = take;
        _ = Look(name, place);
        place.Seen = null;
    }

    private int Look(ReadOnlySpan<byte> name, Workplace place)
    {
        place.Verdicts.Clear();
        if (!place.Name.Read(name, _tables)) return 0;
        if (_ownership.IsOwn(place.Name, place.Exempt)) return 0;
        place.Hits.Clear();
        _words.Find(place.Name, place.Hits);
        for (int i = 0; i < place.Hits.Count; i++)
        {
            Hit hit = place.Hits[i];
            BrandWord word = _words.Words[hit.Word];
            if (place.Exempt.Contains(word.Domain)) continue;
            if (!ContextReader.TrySee(place.Name, hit, word, _suffixes, out Sighting sighting)) continue;
            place.Seen?.Invoke(sighting, place.Name);
            Weigh(sighting, place);
        }
        return place.Verdicts.Count;
    }

    private static void Weigh(in Sighting sighting, Workplace place)
    {
        int points = 0, detector = -1;
        for (int i = 0; i < LookalikeDetectors.All.Count; i++)
        {
            int own = LookalikeDetectors.All[i].Points(sighting);
            if (own > points) (points, detector) = (own, i);
        }
        if (detector < 0) return;
        int score = Math.Clamp(points + LookalikeScores.Of(sighting.Evidence), 1, 100);
        var verdict = new Verdict(score, detector, sighting);
        for (int i = 0; i < place.Verdicts.Count; i++)
        {
            if (place.Verdicts[i].Sighting.Word.Domain != sighting.Word.Domain) continue;
            if (score > place.Verdicts[i].Score) place.Verdicts[i] = verdict;
            return;
        }
        place.Verdicts.Add(verdict);
    }

    private Lookalike Describe(NameText name, in Verdict verdict)
    {
        ILookalikeDetector detector = LookalikeDetectors.All[verdict.Detector];
        ProtectedDomain domain = _domains[verdict.Sighting.Word.Domain];
        string matched = Encoding.ASCII.GetString(name.Raw.AsSpan(verdict.Sighting.Start, verdict.Sighting.End - verdict.Sighting.Start));
        var quotation = new Quotation(matched, verdict.Sighting.Word.Written, domain.Name, Encoding.ASCII.GetString(name.Registrable), Encoding.ASCII.GetString(name.Suffix), "");
        return new Lookalike(domain, verdict.Score, detector.Class, matched, [detector.Explain(verdict.Sighting, quotation)]);
    }

    private readonly record struct Verdict(int Score, int Detector, Sighting Sighting);

    /// <summary>What one thread works with, used again for every name.</summary>
    private sealed class Workplace
    {
        public NameText Name { get; } = new();

        public Hits Hits { get; } = new();

        public HashSet<int> Exempt { get; } = [];

        public List<Verdict> Verdicts { get; } = [];

        public Action<Sighting, NameText>? Seen { get; set; }
    }
}
