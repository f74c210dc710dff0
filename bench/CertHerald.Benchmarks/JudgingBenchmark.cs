using System.Text;
using CertHerald.Benchmarks.Lookalikes;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.TestLog;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks;

/// <summary>
/// What looking for look-alikes adds to <c>scan</c>, and to an entry in memory: of the log that all else is measured by; of one with
/// real names that imitate nothing, which is what judging real names costs; and of one with all real names, of which the more are
/// found and printed, the more domains are protected. Rules are weighed against ordinary names.
/// </summary>
internal static class JudgingBenchmark
{
    private const int Pairs = 3, Passes = 7, AnswerCount = 256;
    private static readonly (int Domains, string Goal)[] Sizes = [(10, "≤ 1.3×"), (1_000, "≤ 1.4×"), (100_000, "≤ 1.6×")];

    public static async Task<IReadOnlyList<Row>> RunAsync(string program, bool quick)
    {
        ulong entries = quick ? 100_000UL : 1_000_000;
        if (RealNames.Read((int)entries) is not { } names) return [new Row("P6", "reading with look-alikes on", "", "", "left out: no data")];

        RealNames quiet = names.Without(Weighed(names, Sizes[^1].Domains));
        return
        [
            .. await CompareAsync(program, quick, entries, null, names, "entries"),
            .. await CompareAsync(program, quick, entries, quiet.Corpus, names, "entries with real names that imitate nothing"),
            .. await CompareAsync(program, quick, entries, names.Corpus, names, "entries with real names"),
        ];
    }

    private static async Task<Row[]> CompareAsync(string program, bool quick, ulong entries, SyntheticCorpusOptions? corpus, RealNames names, string what)
    {
        await using var log = new BigLog(entries, corpus);
        double[] inMemory = InMemory(names, log.Corpus, out double off, out double[] alerting);
        string list = await log.ListAsync(ListedProtocols.Rfc6962);
        string ordinary = log.Write("ordinary.txt", names.Sample().Select(name => Encoding.UTF8.GetString(name.Span)));
        string[][] judging = [.. Sizes.Select(size => (string[])["--lookalikes", log.Write($"{size.Domains}.tsv", names.Protected(size.Domains)), "--background", ordinary, "--suffixes", names.SuffixList])];
        var rounds = new List<(double Off, double[] On)>();
        // In turn, so that what else the machine does is in all.
        for (int i = 0; i < (quick ? 1 : Pairs); i++)
        {
            double[] on = new double[Sizes.Length];
            double without = await ReadingAsync([]);
            for (int size = 0; size < on.Length; size++) on[size] = await ReadingAsync(judging[size]);
            rounds.Add((without, on));
        }
        double Median(Func<(double Off, double[] On), double> value) => rounds.Select(value).Order().ElementAt(rounds.Count / 2);
        return
        [
            .. Sizes.Select((size, at) => new Row("P6", $"scan of {Row.Number(log.Entries)} {what}, {Row.Number(size.Domains)} protected domains, beside none", $"{Row.Number(Median(round => round.On[at] / round.Off), "0.00")}×", size.Goal,
                $"{Row.Number(Median(round => round.On[at]), "0.0")} CPU-s/M, off {Row.Number(Median(round => round.Off), "0.0")}; {Row.Number(alerting[at] * 100, "0.00")} % of entries are look-alikes; in memory {Row.Number(inMemory[at] / off, "0.00")}×: {Row.Number(inMemory[at] * 1e6, "0.00")} µs an entry, off {Row.Number(off * 1e6, "0.00")}")),
        ];

        async Task<double> ReadingAsync(string[] more) => (await Scan.RunAsync(program, list, await log.ServerAsync(), more)).ReadingPerMillion;
    }

    private static LookalikeIndex Weighed(RealNames names, int domains)
    {
        LookalikeIndex bare = LookalikeIndex.Build([.. names.Protected(domains).Select(name => new ProtectedDomain { Name = name })], names.Data.Suffixes);
        return bare.With(bare.Count(names.Sample()));
    }

    /// <summary>Seconds an entry, static-ct, from tile to findings: the median of passes taken in turn.</summary>
    /// <param name="off">The same, with nothing protected.</param>
    /// <param name="alerting">Of the entries, how many have a look-alike.</param>
    private static double[] InMemory(RealNames names, SyntheticCorpusOptions corpus, out double off, out double[] alerting)
    {
        PipelineBenchmark.Answer[] tiles = PipelineBenchmark.Make(256, PipelineBenchmark.TileOf, AnswerCount, corpus);
        _ = WatchList.TryParse([("bench", 1, ".example.com")], out WatchList watch, out _, out _);
        Inspector[] inspectors =
        [
            new(() => watch),
            .. Sizes.Select(size =>
            {
                var protection = new Protection([new OwnerProtection("", Weighed(names, size.Domains))], names.Data.Suffixes);
                return new Inspector(() => watch, () => protection);
            }),
        ];
        double[][] seconds = [.. inspectors.Select(_ => new double[Passes])];
        int[] found = new int[inspectors.Length];
        foreach (Inspector inspector in inspectors) ReadAll(tiles, inspector);
        for (int pass = 0; pass < Passes; pass++)
            for (int at = 0; at < inspectors.Length; at++)
            {
                TimeSpan before = Measure.Processor;
                found[at] = ReadAll(tiles, inspectors[at]);
                seconds[at][pass] = (Measure.Processor - before).TotalSeconds / (AnswerCount * 256);
            }
        alerting = [.. found.Skip(1).Select(count => count / (AnswerCount * 256.0))];
        double[] medians = [.. seconds.Select(one => one.Order().ElementAt(Passes / 2))];
        off = medians[0];
        return medians[1..];
    }

    private static int ReadAll(PipelineBenchmark.Answer[] answers, Inspector inspector)
    {
        int findings = 0;
        foreach (PipelineBenchmark.Answer answer in answers)
        {
            using RawBatch raw = PipelineBenchmark.Tile(answer);
            if (Batch.Check(answer.Before, raw, [], answer.Head) is not VerifiedBatch) throw new InvalidOperationException("The benchmark measures something else than it says.");
            findings += inspector.Inspect(raw).Count;
        }
        return findings;
    }
}
