using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>Makes the words of protected domains: their own labels, given keywords, and joined forms of short ones.</summary>
internal sealed class WordBuilder(NameTables tables)
{
    private const int ShortestWord = 2, ShortestCoreForSuffix = 4;

    public List<BrandWord> Words { get; } = [];

    /// <summary>By domain, without dots, the longest first.</summary>
    public List<IReadOnlyList<string>> Suffixes { get; } = [];

    public void Add(ProtectedDomain domain, int index)
    {
        var name = new NameText();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var suffixes = new HashSet<string>(StringComparer.Ordinal);
        var texts = new HashSet<string>(StringComparer.Ordinal);
        if (name.Read(Encoding.ASCII.GetBytes(domain.Name), tables)) AddCore(name, index, seen);
        foreach (string keyword in domain.Keywords.Take(ProtectedDomain.MostKeywords))
            if (name.Read(Encoding.UTF8.GetBytes(keyword + ".invalid"), tables))
                Add(name, 0, name.Length, index, BrandWordKind.Keyword, seen);
        foreach (string own in domain.Own.Prepend(domain.Name))
        {
            if (!name.Read(Encoding.ASCII.GetBytes(own), tables)) continue;
            string core = Encoding.Latin1.GetString(name.Raw.AsSpan(name.OwnerStart, name.Length - name.OwnerStart));
            string suffix = Encoding.ASCII.GetString(name.Suffix).Replace(".", "", StringComparison.Ordinal);
            if (seen.TryGetValue(core, out int known))
            {
                suffixes.Add(suffix);
                // Many own what imitates them: a hyphen that stands in it may be left out, and is not theirs elsewhere.
                var written = Written.Of(name, name.OwnerStart, name.Length);
                Words[known] = Words[known] with { MustHyphens = Words[known].MustHyphens & written.Hyphens, MustDouble = Words[known].MustDouble & written.Doubled };
            }
            // A whole domain of the owner's whose label is no word of its own, or too short to stand alone.
            if (!name.IsHosted && name.Suffix.Length < 12 && (core.Length < ShortestCoreForSuffix || !seen.ContainsKey(core)) && core.Length + suffix.Length >= 4 && (suffix is "com" or "net" or "org" || name.Suffix.Contains((byte)'.') || !IsEveryday(core)) && texts.Add(core + suffix))
                AddJoined(core, suffix, index, Encoding.ASCII.GetString(name.Registrable));
        }
        suffixes.Add("com");
        Suffixes.Add([.. suffixes.OrderByDescending(suffix => suffix.Length).ThenBy(suffix => suffix, StringComparer.Ordinal)]);
    }

    // meet.new and docs.app are written in many names that mean neither.
    private static bool IsEveryday(string core) => Keywords.Urgent.Contains(core) || Keywords.Common.Contains(core) || OrdinaryWords.Contains(core);

    private void AddCore(NameText name, int index, Dictionary<string, int> seen)
    {
        Add(name, name.OwnerStart, name.Length, index, BrandWordKind.Core, seen);
    }

    private void Add(NameText name, int start, int end, int index, BrandWordKind kind, Dictionary<string, int> seen)
    {
        if (end - start is < ShortestWord or > DnsName.MaxLabelLength) return;
        byte[] raw = name.Raw[start..end], fold = name.Fold[start..end];
        string text = Encoding.Latin1.GetString(raw);
        var written = Written.Of(name, start, end);
        if (!seen.TryAdd(text, Words.Count))
        {
            Words[seen[text]] = AlsoWritten(Words[seen[text]], written);
            return;
        }
        Words.Add(new BrandWord(index, text, kind)
        {
            Raw = raw,
            Fold = fold,
            Hyphens = written.Hyphens,
            MustHyphens = written.Hyphens,
            Doubled = written.Doubled,
            MustDouble = written.Doubled,
            Written = written.Text,
            IsOrdinary = OrdinaryWords.Contains(text),
        });
    }

    // No hyphen is left out, or put in, where the owner writes it both ways.
    private static BrandWord AlsoWritten(BrandWord word, in Written other) => word with
    {
        Hyphens = word.Hyphens | other.Hyphens,
        MustHyphens = word.MustHyphens & other.Hyphens,
        Doubled = word.Doubled | other.Doubled,
        MustDouble = word.MustDouble & other.Doubled,
    };

    private void AddJoined(string core, string suffix, int index, string written)
    {
        byte[] raw = Encoding.Latin1.GetBytes(core + suffix);
        byte[] fold = [.. raw.Select(b => Glyphs.Table[b])];
        Words.Add(new BrandWord(index, core + suffix, BrandWordKind.Joined) { Raw = raw, Fold = fold, Hyphens = ulong.MaxValue, Joint = core.Length, IsOrdinary = core.Length < ShortestCoreForSuffix || IsEveryday(core), Written = written });
    }

    /// <summary>A word as its owner writes it, and where hyphens stand in it.</summary>
    private readonly record struct Written(string Text, ulong Hyphens, ulong Doubled)
    {
        public static Written Of(NameText name, int start, int end)
        {
            ulong hyphens = 0, doubled = 0;
            var text = new StringBuilder();
            for (int i = start; i < end; i++)
            {
                if (i > start && name.Before[i] != Gap.None)
                {
                    hyphens |= 1UL << (i - start);
                    if (name.Before[i] == Gap.Hyphens) doubled |= 1UL << (i - start);
                    text.Append(name.Before[i] == Gap.Hyphens ? "--" : "-");
                }
                text.Append((char)name.Raw[i]);
            }
            return new Written(text.ToString(), hyphens, doubled);
        }
    }
}
