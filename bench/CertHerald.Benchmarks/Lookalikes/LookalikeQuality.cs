using System.Globalization;
using System.Text;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Benchmarks.Lookalikes;

/// <summary>Measures how good the judgement is: recall on real look-alikes, alerts on ordinary names. Prints two tables.</summary>
internal sealed class LookalikeQuality(LookalikeData data, TextWriter output)
{
    private const int SampleSize = 1_000_000, Seed = 20260101;
    private const int High = 80, Medium = 50;

    private static readonly string[] MainClasses =
    [
        "idn_homograph", "ascii_homoglyph", "typo", "combo_hyphen", "combo_concat", "combo_typo", "target_embedding", "subdomain_brand", "sub_typo", "tld_swap",
        "private_suffix_brand", "doppelganger", "dot_hyphen",
    ];

    private readonly List<ReadOnlyMemory<byte>> _sample = [];
    private int _failed;

    /// <summary>Everything. Zero if every must is reached.</summary>
    public int Run(string? highAlertsTo)
    {
        LookalikeData sampled = data.IsDev ? data : new LookalikeData(data.Root, "dev");
        _sample.AddRange(LookalikeData.Reservoir(
            sampled.Part("background_ct.txt").Concat(sampled.Part("background_nrd.txt")).Where(name => !data.IsDev || data.IsInSampleHalf(name)), SampleSize, Seed));
        LookalikeIndex bare = LookalikeIndex.Build(data.Brands, data.Suffixes);
        LookalikeIndex index = bare.With(bare.Count(_sample));

        List<Positive> positives = Positives(index);
        Noise ct = Measured(index, data.Part("background_ct.txt")), nrd = Measured(index, data.Part("background_nrd.txt"));
        Noise popular = NoiseOf(index, data.Table("benign_popular.tsv").Select(row => row[0]));
        string[][] hard = [.. data.Table("hard_negatives_metamask_allowlist.tsv")];

        output.WriteLine("| Id | Measure | Value | Must | Goal | |");
        output.WriteLine("|---|---|---|---|---|---|");
        List<Positive> main = [.. positives.Where(positive => MainClasses.Contains(positive.Class))];
        AtLeast("Q1", "recall, high + medium", Recall(main, Medium), .60, .70);
        AtLeast("Q2", "the same on analyst-labelled rows", Recall([.. main.Where(positive => positive.IsStrong)], Medium), .53, .62);
        AtLeast("Q3", "recall, high", Recall(main, High), .25, .35);
        AtLeast("Q4", "recall, all tiers", Recall(main, 1), .95, .98);
        AtLeast("Q5", "embedding, high", Recall(Of(main, "target_embedding"), High), .98, .99);
        AtLeast("Q5", "private suffix, high", Recall(Of(main, "private_suffix_brand"), High), .95, .98);
        AtLeast("Q5", "doppelganger, high", Recall(Of(main, "doppelganger"), High), .92, .95);
        AtLeast("Q5", "ascii homoglyph, high", Recall(Of(main, "ascii_homoglyph"), High), .82, .90);
        AtLeast("Q5", "IDN, high", Recall(Of(main, "idn_homograph"), High), .80, .88);
        AtMost("Q6", "alerts per 1M names and brand, high: CT", ct.PerMillion(High, data.Brands.Count), 1.0, 0.7);
        AtMost("Q6", "the same: newly registered", nrd.PerMillion(High, data.Brands.Count), 1.3, 0.9);
        AtMost("Q7", "high + medium: CT", ct.PerMillion(Medium, data.Brands.Count), 3.5, 2.5);
        AtMost("Q7", "high + medium: newly registered", nrd.PerMillion(Medium, data.Brands.Count), 4.6, 3.5);
        AtMost("Q8", "popular benign hosts, high", popular.PerMillion(High, data.Brands.Count), 0.9, 0.4);
        (double median, double high) = Ordinary();
        AtMost("Q9", "1,000 ordinary domains, high per 1M names: median", median, 0, 0);
        AtMost("Q9", "the same: 95th percentile", high, 3.5, 2);
        AtMost("Q11", "hard negatives, high", hard.Count(row => index.Judge(Encoding.UTF8.GetBytes(row[0]), High).Count > 0) / (double)hard.Length, .01, 0);
        AtLeast("Q12", "Chromium's vectors: agreement", Vectors(), .90, .95);

        output.WriteLine();
        output.WriteLine("| Class | Names | high | high + medium | all tiers | right class |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (IGrouping<string, Positive> group in positives.GroupBy(positive => positive.Class).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            List<Positive> rows = [.. group];
            double right = rows.Count(row => row.Seen == row.Class) / (double)Math.Max(1, rows.Count(row => row.Score > 0));
            output.WriteLine($"| {group.Key} | {Row.Number(rows.Count)} | {F(Recall(rows, High))} | {F(Recall(rows, Medium))} | {F(Recall(rows, 1))} | {F(right)} |");
        }
        if (highAlertsTo is not null) WriteHighAlerts(highAlertsTo, ct, nrd);
        return _failed == 0 ? 0 : 1;
    }

    private List<Positive> Positives(LookalikeIndex index)
    {
        var positives = new List<Positive>();
        foreach (string[] row in data.Table("positives.tsv"))
        {
            ProtectedDomain brand = data.Brands[data.BrandIndex[row[1]]];
            Lookalike? judged = index.Judge(Encoding.UTF8.GetBytes(row[0])).FirstOrDefault(one => ReferenceEquals(one.Domain, brand));
            positives.Add(new Positive(row[2], row[5] == "strong", judged?.Score ?? 0, judged?.Class.Name() ?? ""));
        }
        return positives;
    }

    private Noise Measured(LookalikeIndex index, IEnumerable<string> names) => NoiseOf(index, names.Where(name => !data.IsDev || !data.IsInSampleHalf(name)));

    /// <summary>Distinct pairs of registrable and protected domain, and their best names.</summary>
    private Noise NoiseOf(LookalikeIndex index, IEnumerable<string> names)
    {
        var noise = new Noise();
        foreach (string name in names)
        {
            noise.Names++;
            byte[] bytes = Encoding.UTF8.GetBytes(name);
            foreach (Lookalike judged in index.Judge(bytes, Medium))
            {
                string registrable = data.Suffixes.TryGetRegistrable(bytes, out ReadOnlySpan<byte> part) ? Encoding.UTF8.GetString(part) : name;
                (string, string) pair = (registrable, judged.Domain.Name);
                if (!noise.Pairs.TryGetValue(pair, out (int Score, string Name, Lookalike Judged) best) || judged.Score > best.Score) noise.Pairs[pair] = (judged.Score, name, judged);
            }
        }
        return noise;
    }

    private (double Median, double High) Ordinary()
    {
        ProtectedDomain[] domains = [.. data.Common("protected_1000.tsv").Select(line => new ProtectedDomain { Name = line.Split('\t')[0] })];
        LookalikeIndex bare = LookalikeIndex.Build(domains, data.Suffixes);
        LookalikeIndex index = bare.With(bare.Count(_sample));
        Noise ct = Measured(index, data.Part("background_ct.txt")), nrd = Measured(index, data.Part("background_nrd.txt"));
        var alerts = domains.ToDictionary(domain => domain.Name, _ => 0.0);
        foreach (Noise noise in (Noise[])[ct, nrd])
            foreach (((_, string domain), (int score, _, _)) in noise.Pairs)
                if (score >= High)
                    alerts[domain] += 1e6 / (ct.Names + nrd.Names);
        double[] sorted = [.. alerts.Values.Order()];
        return (sorted[sorted.Length / 2], sorted[(int)(sorted.Length * .95)]);
    }

    private double Vectors()
    {
        int all = 0, same = 0;
        foreach (string line in data.Common("chromium_vectors.tsv").Where(line => line[0] != '#'))
        {
            string[] row = line.Split('\t');
            LookalikeIndex index = LookalikeIndex.Build([new ProtectedDomain { Name = row[1] }], data.Suffixes);
            IReadOnlyList<Lookalike> judged = index.Judge(Encoding.UTF8.GetBytes(row[0]), Medium);
            bool isSame = judged.Count > 0 == (row[2] == "flag");
            all++;
            if (isSame) same++;
            else output.WriteLine($"<!-- {row[0]} for {row[1]}: Chromium {row[2]}, we {index.Judge(Encoding.UTF8.GetBytes(row[0])).Select(one => $"{one.Score} {one.Class.Name()}").FirstOrDefault() ?? "nothing"} -->");
        }
        return same / (double)all;
    }

    /// <summary>200 high alerts on ordinary names, for a person to read.</summary>
    private static void WriteHighAlerts(string path, params Noise[] noises)
    {
        var random = new Random(Seed);
        File.WriteAllLines(path, noises.SelectMany(noise => noise.Pairs.Values.Where(pair => pair.Score >= High).OrderBy(pair => pair.Name, StringComparer.Ordinal))
            .OrderBy(_ => random.Next()).Take(200).Select(pair => $"{pair.Name}\t{pair.Judged.Domain.Name}\t{pair.Score}\t{pair.Judged.Class.Name()}\t{string.Join("; ", pair.Judged.Reasons)}"));
    }

    private static List<Positive> Of(List<Positive> positives, string name) => [.. positives.Where(positive => positive.Class == name)];

    private static double Recall(List<Positive> positives, int least) => positives.Count(positive => positive.Score >= least) / (double)Math.Max(1, positives.Count);

    private void AtLeast(string id, string measure, double value, double must, double goal) => Print(id, measure, value, must, goal, value >= must, value >= goal);

    private void AtMost(string id, string measure, double value, double must, double goal) => Print(id, measure, value, must, goal, value <= must, value <= goal);

    private void Print(string id, string measure, double value, double must, double goal, bool isMust, bool isGoal)
    {
        if (!isMust) _failed++;
        output.WriteLine($"| {id} | {measure} | {F(value)} | {F(must)} | {F(goal)} | {(isGoal ? "goal" : isMust ? "must" : "**missed**")} |");
    }

    private static string F(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private sealed record Positive(string Class, bool IsStrong, int Score, string Seen);

    private sealed class Noise
    {
        public int Names { get; set; }

        public Dictionary<(string Registrable, string Domain), (int Score, string Name, Lookalike Judged)> Pairs { get; } = [];

        public double PerMillion(int least, int brands) => Pairs.Values.Count(pair => pair.Score >= least) * 1e6 / Names / brands;
    }
}
