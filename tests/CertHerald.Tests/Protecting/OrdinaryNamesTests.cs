using System.Diagnostics.Metrics;
using System.Text;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Protecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Protecting;

/// <summary>The sample of ordinary names: even, bounded, kept over restarts; and what rules weigh by it.</summary>
public sealed class OrdinaryNamesTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

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
                names.Look(Cancellation);
            }
            await names.StopAsync(Cancellation);
        }

        var again = new NameSample(1_000, seed: 8);
        using OrdinaryNames reopened = Open(again, Protecting(again));
        reopened.Open();
        int[] kept = [.. reopened.Names(Cancellation).Select(name => int.Parse(Encoding.ASCII.GetString(name.Span)[1..^".example.net".Length], System.Globalization.CultureInfo.InvariantCulture))];

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
        names.Look(Cancellation);

        Assert.Equal("a.example", Encoding.ASCII.GetString(Assert.Single(names.Names(Cancellation).Select(name => name.ToArray()))));
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
        names.Look(Cancellation);
        Assert.True(names.IsWeighed);

        domains.Configure([new ProtectedDomain { Name = "orchard.com" }], null);
        Assert.False(names.IsWeighed);
        int guessed = ScoreOf(domains, name);
        names.Look(Cancellation);

        Assert.True(names.IsWeighed);
        Assert.True(ScoreOf(domains, name) < guessed, $"{ScoreOf(domains, name)} is not below {guessed}");
    }

    [Fact]
    public void What_did_not_change_stays_as_it_was_weighed()
    {
        var sample = new NameSample(1_000, seed: 1);
        ProtectedDomain orchard = new() { Name = "orchard.com", Keywords = ["orchardly"] };
        ProtectedDomains domains = Protecting(sample, orchard);
        domains.Load([new StoredProtectedDomain(1, "app:1", orchard, default)], []);
        using OrdinaryNames names = Open(sample, domains, fewest: 1_000);
        Offer(sample, Enumerable.Range(0, 500).Select(i => $"orchard-{i}x.net").Concat(Enumerable.Range(0, 500).Select(i => $"h{i}.test")));
        names.Look(Cancellation);
        Protection weighed = domains.Now;

        // The same again, as after every reload; and what is about somebody who protects nothing.
        domains.Configure([orchard with { Keywords = ["orchardly"] }], null);
        domains.Own(new Dictionary<string, IReadOnlyList<string>> { ["app:2"] = ["other.example"] });
        domains.Load([new StoredProtectedDomain(1, "app:1", orchard, default)], [new AllowedName("app:3", "orchard.com", "orchard.example", default)]);
        Assert.Same(weighed, domains.Now);

        // What is allowed changes nothing of what rules find among ordinary names, and what is added is no other's business.
        byte[] name = "orchard-shop.net"u8.ToArray();
        int score = ScoreOf(weighed.Owners[0], name);
        Assert.NotEqual(score, ScoreOf(new OwnerProtection("", LookalikeIndex.Build([orchard], null)), name));
        domains.Load([new StoredProtectedDomain(1, "app:1", orchard, default)], [new AllowedName("", "orchard.com", "orchard.example", default)]);
        Assert.True(names.IsWeighed);
        Assert.Empty(domains.Now.Owners[0].Index.Judge("orchard.example"u8));
        Assert.Same(weighed.Owners[1], domains.Now.Owners[1]);
        domains.Configure([orchard, new ProtectedDomain { Name = "lemonade.example" }], null);
        Assert.Equal(score, ScoreOf(domains.Now.Owners[0], name));
        Assert.False(names.IsWeighed);
        names.Look(Cancellation);
        Assert.True(names.IsWeighed);

        // What changes while it is counted does not undo the counting.
        LookalikeIndex counted = names.Weighed(LookalikeIndex.Build([orchard], null), Cancellation);
        domains.Configure([new ProtectedDomain { Name = "pear.example" }], null);
        domains.Configure([new ProtectedDomain { Name = "pear.example" }, orchard with { Threshold = 60 }], null);
        Assert.NotEqual(score, ScoreOf(domains.Now.Owners[0], name));
        domains.Weigh("", counted);
        Assert.Equal(score, ScoreOf(domains.Now.Owners[0], name));
    }

    [Fact]
    public async Task A_stop_while_rules_are_counted_waits_for_nothing_and_keeps_what_was_drawn()
    {
        var sample = new NameSample(1_000, seed: 1);
        using OrdinaryNames names = Open(sample, Protecting(sample, new ProtectedDomain { Name = "orchard.com" }), fewest: 1);
        Offer(sample, Enumerable.Range(0, 500).Select(i => $"h{i}.test"));
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();

        Assert.Throws<OperationCanceledException>(() => names.Look(stopped.Token));
        Offer(sample, ["last.test"]);
        await names.StopAsync(Cancellation);

        Assert.False(names.IsWeighed);
        var again = new NameSample(1_000, seed: 1);
        using OrdinaryNames reopened = Open(again, Protecting(again));
        reopened.Open();
        Assert.Equal(501, reopened.Kept);
        Assert.Contains("last.test", reopened.Names(Cancellation).Select(name => Encoding.ASCII.GetString(name.Span)));
    }

    private static int ScoreOf(ProtectedDomains domains, byte[] name) => ScoreOf(Assert.Single(domains.Now.Owners), name);

    private static int ScoreOf(OwnerProtection owner, byte[] name) => owner.Index.Judge(name) is [var judged, ..] ? judged.Score : 0;

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
