using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using CertHerald.Api;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Api;

public sealed class PrometheusTextTests : IDisposable
{
    private readonly Meter _meter = new("CertHerald");
    private readonly PrometheusText _metrics;

    public PrometheusTextTests() => _metrics = new PrometheusText(_meter, NullLogger<PrometheusText>.Instance);

    public void Dispose()
    {
        _metrics.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void A_counter_keeps_its_name_and_adds_up_by_label()
    {
        Counter<long> entries = _meter.CreateCounter<long>("certherald_entries_total", description: "Entries read.");
        entries.Add(3, new KeyValuePair<string, object?>("log", "a"));
        entries.Add(4, new KeyValuePair<string, object?>("log", "b"));
        entries.Add(5, new KeyValuePair<string, object?>("log", "a"));

        Assert.Equal(
            """
            # HELP certherald_entries_total Entries read.
            # TYPE certherald_entries_total counter
            certherald_entries_total{log="a"} 8
            certherald_entries_total{log="b"} 4

            """,
            _metrics.Write());
    }

    [Fact]
    public void Labels_and_help_are_escaped()
    {
        Counter<int> counter = _meter.CreateCounter<int>("certherald_deliveries_total", description: "back\\slash\nsecond \"line\"");
        counter.Add(1, new("webhook", "q\"b\\n\nx"), new("out-come", null));

        string text = _metrics.Write();

        Assert.Contains("# HELP certherald_deliveries_total back\\\\slash\\nsecond \"line\"\n", text);
        Assert.Contains("certherald_deliveries_total{webhook=\"q\\\"b\\\\n\\nx\",out_come=\"\"} 1\n", text);
        Sample sample = Assert.Single(Samples(text));
        Assert.Equal("q\"b\\n\nx", sample.Labels["webhook"]);
    }

    [Fact]
    public void A_histogram_counts_into_cumulative_buckets()
    {
        Histogram<double> commits = _meter.CreateHistogram<double>(
            "certherald_store_commit_seconds", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (double seconds in new[] { 0.05, 0.1, 0.5, 20 }) commits.Record(seconds);

        List<Sample> samples = Samples(_metrics.Write());

        Assert.Equal(
            [("0.1", 2), ("1", 3), ("+Inf", 4)],
            samples.Where(sample => sample.Name.EndsWith("_bucket", StringComparison.Ordinal)).Select(sample => (sample.Labels["le"], (int)sample.Value)));
        Assert.Equal(20.65, samples.Single(sample => sample.Name == "certherald_store_commit_seconds_sum").Value, precision: 9);
        Assert.Equal(4, samples.Single(sample => sample.Name == "certherald_store_commit_seconds_count").Value);
    }

    [Fact]
    public void Without_advice_a_histogram_covers_milliseconds_to_an_hour()
    {
        _meter.CreateHistogram<double>("certherald_alert_latency_seconds").Record(2);

        string[] bounds = [.. Samples(_metrics.Write()).Where(sample => sample.Labels.ContainsKey("le")).Select(sample => sample.Labels["le"])];

        Assert.Equal(("0.001", "3600", "+Inf"), (bounds[0], bounds[^2], bounds[^1]));
    }

    [Fact]
    public void What_is_no_longer_observed_is_gone()
    {
        var logs = new List<string> { "a", "b" };
        _meter.CreateObservableGauge("certherald_log_position", () => logs.Select(log => new Measurement<long>(7, new KeyValuePair<string, object?>("log", log))));
        Assert.Equal(2, Samples(_metrics.Write()).Count);

        logs.Remove("b");

        Assert.Equal("a", Assert.Single(Samples(_metrics.Write())).Labels["log"]);
        Assert.Contains("# TYPE certherald_log_position gauge\n", _metrics.Write());
    }

    [Fact]
    public void One_instrument_that_cannot_be_observed_hides_no_other()
    {
        _meter.CreateObservableGauge<int>("certherald_broken", new Func<int>(() => throw new InvalidOperationException()));
        _meter.CreateObservableGauge("certherald_whole", () => 1);

        Assert.Equal("certherald_whole", Assert.Single(Samples(_metrics.Write())).Name);
    }

    [Fact]
    public void Two_instruments_of_one_name_are_one_family()
    {
        _meter.CreateCounter<int>("certherald_matches_total").Add(1, new KeyValuePair<string, object?>("kind", "match"));
        _meter.CreateCounter<int>("certherald_matches_total").Add(1, new KeyValuePair<string, object?>("kind", "malformed"));

        string text = _metrics.Write();

        Assert.Equal(2, Samples(text).Count);
        Assert.Single(text.Split('\n'), line => line.StartsWith("# TYPE", StringComparison.Ordinal));
    }

    [Fact]
    public void Labels_without_end_are_summed_under_one()
    {
        Counter<int> counter = _meter.CreateCounter<int>("certherald_requests_total");
        for (int i = 0; i < 5_000; i++) counter.Add(1, new KeyValuePair<string, object?>("from", i));

        List<Sample> samples = Samples(_metrics.Write());

        Assert.Equal(1_001, samples.Count);
        Assert.Equal(5_000, samples.Sum(sample => sample.Value));
    }

    [Fact]
    public void Another_programs_meter_is_not_ours()
    {
        using var other = new Meter("CertHerald");
        other.CreateCounter<int>("foreign_total").Add(1);

        Assert.Empty(_metrics.Write());
    }

    [Fact]
    public async Task The_service_serves_what_was_measured_since_its_start_to_anybody()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Meter.CreateCounter<long>("certherald_malformed_entries_total", description: "Entries nobody could read.")
            .Add(2, new KeyValuePair<string, object?>("log", "Example “2026”"));

        Answer answer = await rig.Browser.GetAsync("/metrics");

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.ContentHeaders.ContentType!.ToString());
        Sample sample = Samples(answer.Text).Single(each => each.Name == "certherald_malformed_entries_total");
        Assert.Equal(("Example “2026”", 2), (sample.Labels["log"], sample.Value));
    }

    private sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

    /// <summary>Reads text format 0.0.4 as Prometheus does, and checks that each family's samples follow its TYPE line.</summary>
    private static List<Sample> Samples(string text)
    {
        var samples = new List<Sample>();
        var families = new HashSet<string>();
        string family = "";
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
                Assert.True(families.Add(family), $"two TYPE lines for {family}");
            }
            if (line[0] == '#') continue;

            int at = line.IndexOfAny(['{', ' ']);
            string name = line[..at];
            Assert.Matches("^[a-zA-Z_:][a-zA-Z0-9_:]*$", name);
            Assert.StartsWith(family, name);
            var labels = new Dictionary<string, string>();
            if (line[at] == '{')
            {
                at++;
                while (line[at] != '}')
                {
                    int equals = line.IndexOf('=', at);
                    string label = line[at..equals];
                    Assert.Matches("^[a-zA-Z_][a-zA-Z0-9_]*$", label);
                    var value = new StringBuilder();
                    for (at = equals + 2; line[at] != '"'; at++)
                        value.Append(line[at] != '\\' ? line[at] : line[++at] == 'n' ? '\n' : line[at]);
                    labels.Add(label, value.ToString());
                    if (line[++at] == ',') at++;
                }
                at++;
            }
            string number = line[(at + 1)..];
            samples.Add(new Sample(name, labels, number == "+Inf" ? double.PositiveInfinity : double.Parse(number, CultureInfo.InvariantCulture)));
        }
        return samples;
    }
}
