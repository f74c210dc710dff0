using System.Diagnostics;
using System.Globalization;
using System.Text;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Benchmarks.Lookalikes;

/// <summary>How fast names are judged, and what an index costs: rows L1, L2 and B5.</summary>
internal static class LookalikeSpeed
{
    private const int Names = 100_000;

    // What must be reached: names a second a core, seconds of processor time, MiB.
    private const double MustOf1000 = 0.7e6, MustOf100000 = 0.4e6, MostSeconds = 5, MostHeld = 400;

    /// <param name="sample">How long a sample lasts at least.</param>
    /// <returns>Rows, and whether each reaches its must; B5 has goals only.</returns>
    public static IEnumerable<(Row Row, bool IsMust)> Run(LookalikeData data, TimeSpan sample)
    {
        string[] domains = [.. data.Common("protected_100k.txt")];
        // Both kinds of ordinary names, in turn, in no order that an index has.
        byte[][] names = [.. data.Part("background_ct.txt").Where((_, at) => at % 40 == 0).Take(Names / 2).Concat(data.Part("background_nrd.txt").Where((_, at) => at % 40 == 0).Take(Names / 2)).Select(Encoding.UTF8.GetBytes)];
        new Random(1).Shuffle(names);
        foreach (int count in (int[])[10, 1_000, 100_000])
        {
            ProtectedDomain[] chosen = [.. domains.Take(count).Select(name => new ProtectedDomain { Name = name })];
            long before = GC.GetTotalMemory(forceFullCollection: true);
            TimeSpan start = Measure.Processor;
            var clock = Stopwatch.StartNew();
            LookalikeIndex bare = LookalikeIndex.Build(chosen, data.Suffixes);
            double seconds = clock.Elapsed.TotalSeconds;
            double processor = (Measure.Processor - start).TotalSeconds;
            long held = GC.GetTotalMemory(forceFullCollection: true) - before;
            if (count == 100_000)
            {
                double mebibytes = held / 1048576.0;
                yield return (new Row("L2", $"index {Row.Number(count)} domains", $"{Row.Number(processor, "0.00")} s; {Row.Number(mebibytes)} MiB", "5 s; 400 MiB (1 s; 150 MiB)",
                    $"{Row.Number(seconds, "0.00")} s by the clock"), processor <= MostSeconds && mebibytes <= MostHeld);
            }
            LookalikeIndex index = bare.With(bare.Count(names.Select(name => (ReadOnlyMemory<byte>)name)));
            int alerts = 0;
            double one = Measure.Seconds(() => { alerts = 0; foreach (byte[] name in names) if (index.IsAlert(name)) alerts++; }, sample) / names.Length;
            byte[][] benign = [.. names.Where(name => !index.IsAlert(name))];
            double quiet = Measure.Seconds(() => { foreach (byte[] name in benign) if (index.IsAlert(name)) throw new InvalidOperationException(); }, sample) / benign.Length;
            double bytes = Measure.Bytes(() => { foreach (byte[] name in benign) index.IsAlert(name); }, calls: 2) / benign.Length;
            if (count >= 1_000)
            {
                yield return (new Row("L1", $"names a second a core, {Row.Number(count)} domains", $"{Row.Number(1e-6 / one, "0.00")} M", count == 1_000 ? "0.7 M (1.2 M)" : "0.4 M (0.8 M)",
                    string.Create(CultureInfo.InvariantCulture, $"{alerts * 100.0 / names.Length:0.00} % alert")), 1 / one >= (count == 1_000 ? MustOf1000 : MustOf100000));
            }
            yield return (new Row("B5", $"judge one benign name, {Row.Number(count)} domains", $"{Row.Number(quiet * 1e6, "0.00")} µs", count == 10 ? "≤ 0.5 µs" : count == 100_000 ? "≤ 1.5 µs" : "", $"{Row.Number(bytes, "0.0")} bytes"), true);
            // Where several owners protect, one gate with the words of all stands before their indexes.
            var gate = new LookalikeGate([index]);
            int passing = benign.Count(name => gate.MayImitate(name));
            double gated = Measure.Seconds(() => { foreach (byte[] name in benign) gate.MayImitate(name); }, sample) / benign.Length;
            yield return (new Row("B5", $"ask the gate for one benign name, {Row.Number(count)} domains", $"{Row.Number(gated * 1e6, "0.00")} µs", "",
                string.Create(CultureInfo.InvariantCulture, $"{passing * 100.0 / benign.Length:0.0} % pass it")), true);
            GC.KeepAlive(index);
        }
    }
}
