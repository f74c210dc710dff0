using System.Text;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>What makes judging quick leaves nothing out: each shortcut against the plain way, over made names.</summary>
public sealed class LookalikeShortcutTests
{
    private static readonly string[] Syllables = ["fa", "ce", "bo", "ok", "pay", "pal", "ran", "shop", "net", "mi", "lo", "ver", "tan", "dor", "card", "win", "qu", "e", "st", "7"];

    [Fact]
    public void What_is_left_out_at_a_glance_could_not_have_had_the_score()
    {
        var random = new Random(1);
        string[] cores = [.. Enumerable.Range(0, 1_500).Select(_ => Core(random)).Distinct(StringComparer.Ordinal), "fb", "ing", "bank-of-examples", "three", "office"];
        LookalikeIndex bare = Looking.For([.. cores.Select((core, at) => (at % 5) switch { 0 => $"{core}.co.uk\tthreshold=30", 1 => $"{core}.net\town={core}.github.io", 2 => $"{core}.com\tkeywords={core}pay", _ => $"{core}.com" })]);
        string[] names = [.. Enumerable.Range(0, 2_500).Select(_ => Imitation(random, cores))];
        LookalikeIndex weighed = bare.With(bare.Count(names.Take(1_000).Select(name => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(name))));

        foreach (LookalikeIndex index in (LookalikeIndex[])[bare, weighed])
        {
            foreach (string name in names)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(name);
                // At 1, everything is judged to its end.
                IReadOnlyList<Lookalike> all = index.Judge(bytes);
                foreach (int least in (int[])[2, 30, 50, 80]) Assert.Equal(Told(all.Where(one => one.Score >= least)), Told(index.Judge(bytes, least)));
                Assert.Equal(all.Any(one => one.IsAlert), index.IsAlert(bytes));
            }
        }

        static string Told(IEnumerable<Lookalike> judged) => string.Join('\n', judged.Select(one => $"{one.Domain.Name} {one.Score} {one.Class} {one.Matched} {string.Join('|', one.Reasons)}"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_word_that_is_a_slip_or_two_away_is_found(bool areFew)
    {
        var random = new Random(2);
        string[] cores = [.. Enumerable.Range(0, 16_000).Select(_ => Core(random).Replace("7", "z", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)];
        BrandWord[] words = [.. cores.Select((core, at) => new BrandWord(at, core, BrandWordKind.Core) { Raw = Encoding.ASCII.GetBytes(core), Fold = [.. Encoding.ASCII.GetBytes(core).Select(b => Glyphs.Table[b])] })];
        var index = new WordIndex(words, areFew);
        int shortestForTwo = new SlipTable(words, areFew).ShortestForTwo;
        var name = new NameText();
        var tables = new NameTables(Looking.Few, CharacterFolds.BuiltIn, []);
        var hits = new Hits();
        int most = 0;
        for (int i = 0; i < 60; i++)
        {
            Assert.True(name.Read(Encoding.ASCII.GetBytes(Slipped(random, cores[random.Next(cores.Length)], random.Next(1, 3)) + ".com"), tables));
            byte[] text = name.Fold[..name.Length];
            if (text.Length is < SlipTable.ShortestForOne or > 40 || Keywords.IsEveryday(name.Raw.AsSpan(0, name.Length))) continue;
            hits.Clear();
            index.Find(name, Evidence.None, least: 1, hits);

            int[] plain = [.. words.Where(word => Math.Abs(word.Length - text.Length) <= 2 && Plain(text, word.Fold) is var away && away > 0 && away <= (word.Length < SlipTable.ShortestForOne ? 0 : word.Length < shortestForTwo ? 1 : 2) && (away == 1 || text[0] == word.Fold[0])).Select(word => word.Domain)];

            Assert.Equal(plain, Enumerable.Range(0, hits.Count).Select(at => hits[at]).Where(hit => hit.Slips > 0).Select(hit => hit.Word).Order());
            most = Math.Max(most, plain.Length);
        }
        Assert.True(most > 1);
    }

    // Long names fill what is asked at once several times.
    [Fact]
    public void Every_word_that_stands_in_a_name_is_found()
    {
        var random = new Random(5);
        string[] cores = [.. Enumerable.Range(0, 4_000).Select(_ => Core(random).Replace("7", "z", StringComparison.Ordinal)).Where(core => core.Length > 4).Distinct(StringComparer.Ordinal)];
        BrandWord[] words = [.. cores.Select((core, at) => new BrandWord(at, core, BrandWordKind.Core) { Raw = Encoding.ASCII.GetBytes(core), Fold = [.. Encoding.ASCII.GetBytes(core).Select(b => Glyphs.Table[b])] })];
        var index = new WordIndex(words);
        var name = new NameText();
        var tables = new NameTables(Looking.Few, CharacterFolds.BuiltIn, []);
        var hits = new Hits();
        int most = 0;
        for (int i = 0; i < 400; i++)
        {
            string text = string.Concat(Enumerable.Range(0, i % 20 == 0 ? 25 : 3).Select(at => cores[random.Next(cores.Length)][..^random.Next(2)] + (at % 2 == 0 ? "" : "-")));
            Assert.True(name.Read(Encoding.ASCII.GetBytes(text + ".com"), tables));
            hits.Clear();
            index.Find(name, Evidence.None, least: 1, hits);

            var plain = new List<(int, int)>();
            foreach (BrandWord word in words)
                for (int at = 0; at + word.Length <= name.Length; at++)
                    if (name.Fold.AsSpan(at, word.Length).SequenceEqual(word.Fold))
                        plain.Add((word.Domain, at));
            if (hits.Count == Hits.Most) continue;
            // A second reading finds more.
            (int, int)[] found = [.. Enumerable.Range(0, hits.Count).Select(at => hits[at]).Where(hit => hit.Slips == 0 && (!name.HasSecond || plain.Contains((hit.Word, hit.Start)))).Select(hit => (hit.Word, (int)hit.Start)).Distinct().Order()];
            Assert.Equal(plain.Order(), found);
            most = Math.Max(most, plain.Count);
        }
        Assert.True(most > 20);
    }

    [Fact]
    public void Slips_are_counted_as_by_the_textbook()
    {
        var random = new Random(3);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] a = Letters(random), b = Letters(random);
            for (int most = 1; most <= 3; most++) Assert.Equal(Math.Min(Plain(a, b), most + 1), EditDistance.AtMost(a, b, most));
        }

        static byte[] Letters(Random random) => [.. Enumerable.Range(0, random.Next(7)).Select(_ => (byte)('a' + random.Next(3)))];
    }

    [Fact]
    public void No_urgent_word_begins_where_none_may()
    {
        var random = new Random(4);
        int found = 0;
        for (int i = 0; i < 2_000; i++)
        {
            byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(3) == 0 ? "verify" : Syllables[random.Next(Syllables.Length)])));
            ulong starts = Keywords.UrgentStarts.In([.. text, 0]);
            for (int from = 0; from < text.Length; from++)
                for (int to = from + 3; to <= text.Length; to++)
                {
                    if (!Keywords.Urgent.Contains(text.AsSpan(from, to - from))) continue;
                    Assert.Equal(1UL, starts >> from & 1);
                    found++;
                }
        }
        Assert.NotEqual(0, found);
    }

    private static string Core(Random random) => string.Concat(Enumerable.Range(0, random.Next(2, 6)).Select(_ => Syllables[random.Next(Syllables.Length)]));

    private static string Imitation(Random random, string[] cores)
    {
        string[] before = ["", "", "login-", "www", "a.b.", "secure.", "shop", "x--", "fax-"], after = ["", "", "-login", "com", ".com", "-support.x", "24", ".account", "verify"], ends = [".com", ".net", ".co.uk", ".com.mx", ".github.io", ".evil.com", ".ml"];
        return before[random.Next(before.Length)] + Slipped(random, cores[random.Next(cores.Length)], random.Next(4)) + after[random.Next(after.Length)] + ends[random.Next(ends.Length)];
    }

    private static string Slipped(Random random, string text, int slips)
    {
        for (; slips > 0 && text.Length > 2; slips--)
        {
            int at = random.Next(text.Length - 1);
            text = random.Next(5) switch
            {
                0 => text.Remove(at, 1),
                1 => text.Insert(at, Letter()),
                2 => text.Remove(at, 1).Insert(at, Letter()),
                3 => text.Insert(at + 2, text[at..(at + 1)]).Remove(at, 1),
                _ => text.Replace("m", "rn", StringComparison.Ordinal),
            };
        }
        return text;

        string Letter() => ((char)('a' + random.Next(26))).ToString();
    }

    /// <summary>Optimal string alignment, as every textbook has it.</summary>
    private static int Plain(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int[,] away = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) away[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) away[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
            for (int j = 1; j <= b.Length; j++)
            {
                away[i, j] = Math.Min(Math.Min(away[i - 1, j], away[i, j - 1]) + 1, away[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) away[i, j] = Math.Min(away[i, j], away[i - 2, j - 2] + 1);
            }
        return away[a.Length, b.Length];
    }
}
