using System.Globalization;
using System.Text;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Benchmarks.Lookalikes;

/// <summary>What it costs to keep weak look-alikes for a digest, and how many there are, by the score from which they are kept.</summary>
internal static class LookalikeWeak
{
    private const int Timed = 100_000, Rounds = 5, SampleSize = 1_000_000, Seed = 20260101;

    private static readonly int?[] Floors = [null, 40, 30, 20, 10, 1];

    public static void Run(LookalikeData data, TimeSpan sample, TextWriter output)
    {
        string[] background = [.. data.Part("background_ct.txt")];
        List<ReadOnlyMemory<byte>> ordinary = LookalikeData.Reservoir(background.Where(data.IsInSampleHalf), SampleSize, Seed);
        byte[][] judged = [.. background.Where(name => !data.IsInSampleHalf(name)).Select(Encoding.UTF8.GetBytes)];
        byte[][] timed = [.. background.Where((_, at) => at % 20 == 0).Take(Timed).Select(Encoding.UTF8.GetBytes)];
        new Random(1).Shuffle(timed);
        var registrable = new RegistrableNames(data.Suffixes);
        string[] domains = [.. data.Common("protected_1000.tsv").Select(line => line.Split('\t')[0])];

        output.WriteLine("| Domains | Kept from | µs a name | against none kept | Weak pairs a million names | a domain |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (int count in (int[])[10, 1_000])
        {
            LookalikeIndex bare = LookalikeIndex.Build(domains.Take(count).Select(name => new ProtectedDomain { Name = name }), data.Suffixes);
            LookalikeBackground counted = bare.Count(ordinary);
            LookalikeIndex[] indexes = [.. Floors.Select(floor => LookalikeIndex.Build(
                domains.Take(count).Select(name => new ProtectedDomain { Name = name, DigestFrom = floor }), data.Suffixes).With(counted))];
            double[] best = [.. indexes.Select(_ => double.MaxValue)];
            // In turn, the best of each: what else the machine does hits all alike.
            for (int round = 0; round < Rounds; round++)
                for (int i = 0; i < indexes.Length; i++)
                    best[i] = Math.Min(best[i], Measure.Seconds(() => { foreach (byte[] name in timed) indexes[i].IsKept(name); }, sample, samples: 1) / timed.Length);

            for (int i = 0; i < indexes.Length; i++)
            {
                var pairs = new HashSet<(string, string)>();
                var alerts = new HashSet<(string, string)>();
                foreach (byte[] name in judged)
                {
                    if (!indexes[i].IsKept(name)) continue;
                    foreach (Lookalike one in indexes[i].Judge(name, Floors[i] ?? ProtectedDomain.DefaultThreshold)) (one.IsAlert ? alerts : pairs).Add((registrable.Of(name), one.Domain.Name));
                }
                pairs.ExceptWith(alerts);
                double million = pairs.Count * 1e6 / judged.Length;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {count:N0} | {(Floors[i] is { } floor ? $"{floor}" : "–")} | {best[i] * 1e6:0.00} | {best[i] / best[0]:0.00} | {million:0.0} | {million / count:0.00} |"));
            }
        }
    }
}
