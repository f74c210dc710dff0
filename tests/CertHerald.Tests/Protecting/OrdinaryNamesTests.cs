using System.Diagnostics.Metrics;
using System.Text;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Protecting;
using CertHerald.Tests.Doubles;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Protecting;

/// <summary>The sample of ordinary names: even, bounded, kept over restarts; and what rules weigh by it.</summary>
public sealed class OrdinaryNamesTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald");

    public void Dispose()
    {
        _scratch.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public async Task The_sample_is_as_large_as_allowed_drawn_from_all_and_there_after_a_restart()
    {
        var sample = new NameSample(1_000, seed: 7);
        using (OrdinaryNames names = Open(sample, Protecting(sample)))
        {
            names.Open();
            for (int batch = 0; batch < 100; batch++)
            {
                Offer(sample, Enumerable.Range(batch * 100, 100).Select(i => $"h{i}.example.net"));
                names.Look();
            }
            await names.StopAsync(TestContext.Current.CancellationToken);
        }

        var again = new NameSample(1_000, seed: 8);
        using OrdinaryNames reopened = Open(again, Protecting(again));
        reopened.Open();
        int[] kept = [.. reopened.Names().Select(name => int.Parse(Encoding.ASCII.GetString(name.Span)[1..^".example.net".Length], System.Globalization.CultureInfo.InvariantCulture))];

        Assert.Equal(1_000, kept.Length);
        Assert.Equal((1_000, 10_000), (reopened.Kept, again.Seen));
        // Of each tenth of what was read, about a tenth of the sample: 100, and nine standard deviations.
        Assert.All(kept.GroupBy(i => i / 1_000), tenth => Assert.InRange(tenth.Count(), 15, 185));
        Assert.Equal(10, kept.Select(i => i / 1_000).Distinct().Count());
    }

    [Fact]
    public void A_file_that_is_none_of_ours_is_begun_anew()
    {
        File.WriteAllText(_scratch.PathOf(SampleFile.Name), new string('x', 10_000));
        var sample = new NameSample(10, seed: 1);
        using OrdinaryNames names = Open(sample, Protecting(sample));

        Offer(sample, ["a.example"]);
        names.Look();

        Assert.Equal("a.example", Encoding.ASCII.GetString(Assert.Single(names.Names().Select(name => name.ToArray()))));
    }

    [Fact]
    public void What_nobody_takes_in_time_is_left_out_and_long_names_keep_their_end()
    {
        var sample = new NameSample(1_000_000, seed: 1);
        string label = new('a', 40);

        Offer(sample, Enumerable.Repeat($"{label}.{label}.example.net", 100_000));

        byte[] slots = new byte[200_000 * NameSample.SlotLength];
        int taken = sample.Take(slots);
        Assert.Equal((16_384, 0), (taken, sample.Take(slots)));
        Assert.Equal($"{label}.example.net", Encoding.ASCII.GetString(slots, 1, slots[0]));
    }

    [Fact]
    public void A_rule_that_fires_on_many_ordinary_names_weighs_less_and_is_weighed_anew_for_what_is_added()
    {
        var sample = new NameSample(1_000, seed: 1);
        ProtectedDomains domains = Protecting(sample, new ProtectedDomain { Name = "example.com" });
        using OrdinaryNames names = Open(sample, domains, fewest: 1_000);
        byte[] name = "orchard-shop.net"u8.ToArray();
        Offer(sample, Enumerable.Range(0, 500).Select(i => $"orchard-{i}x.net").Concat(Enumerable.Range(0, 500).Select(i => $"h{i}.test")));
        names.Look();
        Assert.True(names.IsWeighed);

        domains.Configure([new ProtectedDomain { Name = "orchard.com" }], null);
        Assert.False(names.IsWeighed);
        int guessed = ScoreOf(domains, name);
        names.Look();

        Assert.True(names.IsWeighed);
        Assert.True(ScoreOf(domains, name) < guessed, $"{ScoreOf(domains, name)} is not below {guessed}");
    }

    private static int ScoreOf(ProtectedDomains domains, byte[] name) => Assert.Single(domains.Now.Owners).Index.Judge(name) is [var judged, ..] ? judged.Score : 0;

    private static void Offer(NameSample sample, IEnumerable<string> names)
    {
        NameSampling sampling = sample.Begin();
        foreach (string name in names) sampling.Offer(Encoding.ASCII.GetBytes(name));
        sampling.Finish();
    }

    private ProtectedDomains Protecting(NameSample sample, params ProtectedDomain[] domains) => new(domains, null, null, sample, _meter);

    private OrdinaryNames Open(NameSample sample, ProtectedDomains domains, int fewest = OrdinaryNames.DefaultFewest) =>
        new(sample, domains, Path.GetDirectoryName(_scratch.PathOf("x"))!, _time, NullLogger<OrdinaryNames>.Instance) { Fewest = fewest };
}
