using System.Collections;
using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Tests.Docs;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.EndToEnd;

namespace CertHerald.Tests.Packaging;

/// <summary>Dashboard and alert rules, compared with what <c>/metrics</c> serves.</summary>
public sealed partial class DashboardTests
{
    private const string Dashboard = "packaging/grafana/certherald.json", Rules = "packaging/prometheus/certherald.yml";

    [Fact]
    public async Task Every_metric_that_is_named_is_served()
    {
        IReadOnlySet<string> served = await ServedAsync();
        foreach (string file in (string[])[Dashboard, Rules])
        {
            string[] named = [.. Metric().Matches(Repository.Text(file)).Select(match => match.Value).Distinct()];

            Assert.True(named.Length >= 10, $"only {named.Length} in {file}");
            Assert.DoesNotContain(named, name => !served.Contains(name));
        }
    }

    [Fact]
    public void Every_metric_of_the_specification_is_on_the_dashboard_or_in_a_rule()
    {
        string all = Repository.Text(Dashboard) + Repository.Text(Rules);
        string[] promised =
        [
            "log_position", "log_tree_size", "log_verified_size", "log_head_age_seconds", "entries_total", "malformed_entries_total", "log_requests_total", "matches_total",
            "deliveries_total", "delivery_duration_seconds", "oldest_due_delivery_seconds", "alert_latency_seconds", "store_commit_seconds",
        ];
        Assert.DoesNotContain(promised, name => !Regex.IsMatch(all, $@"\bcertherald_{name}(_bucket)?\b"));
    }

    [Fact]
    public void The_dashboard_is_one_that_Grafana_reads_and_its_panels_do_not_overlap()
    {
        JsonElement dashboard = JsonElement.Parse(Repository.Text(Dashboard));
        JsonElement[] panels = [.. dashboard.GetProperty("panels").EnumerateArray()];
        Assert.NotEmpty(panels);
        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        var taken = new HashSet<(int, int)>();
        foreach (JsonElement place in panels.Select(panel => panel.GetProperty("gridPos")))
            for (int x = place.GetProperty("x").GetInt32(); x < place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(); x++)
                for (int y = place.GetProperty("y").GetInt32(); y < place.GetProperty("y").GetInt32() + place.GetProperty("h").GetInt32(); y++)
                    Assert.True(x < 24 && taken.Add((x, y)), $"{x}, {y}");
        Assert.All(panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray()), target =>
        {
            string expression = target.GetProperty("expr").GetString()!;
            Assert.Equal(expression.Count(c => c == '('), expression.Count(c => c == ')'));
            Assert.Equal(expression.Count(c => c == '{'), expression.Count(c => c == '}'));
        });
    }

    [Fact]
    public void Every_rule_has_a_name_an_expression_a_severity_and_a_summary()
    {
        string[] rules = Repository.Text(Rules).Split("      - alert: ")[1..];
        Assert.True(rules.Length >= 10, $"only {rules.Length}");
        Assert.Equal(rules.Length, rules.Select(rule => rule.Split('\n')[0]).Distinct().Count());
        Assert.All(rules, rule =>
        {
            Assert.Matches(@"^\w+\n", rule);
            Assert.Matches(@"\n        expr: ", rule);
            Assert.Matches(@"\n        labels: \{ severity: (critical|warning|info) \}\n", rule);
            Assert.Matches(@"\n          summary: "".+""\n", rule);
        });
    }

    /// <summary>
    /// What Prometheus makes of a service's metrics: names of series. What was not measured yet, such as an incident, is not on the page,
    /// and will be there under its instrument's name.
    /// </summary>
    private static async Task<IReadOnlySet<string>> ServedAsync()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        using var folder = new Scratch();
        rig.Configuration["certstream"] = new JsonObject { ["enabled"] = true };
        string file = folder.Write("certherald.json", rig.Configuration.ToJsonString());
        var served = new HashSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name != "CertHerald") return;
                string[] names = instrument is Histogram<double> ? [instrument.Name + "_bucket", instrument.Name + "_sum", instrument.Name + "_count"] : [instrument.Name];
                lock (served) served.UnionWith(names);
            },
        };
        listener.Start();
        await using HeraldHost service = await HeraldHost.StartAsync(
            () => Configuration.Read(file, new CommandLineOverrides(), new Hashtable()), TestContext.Current.CancellationToken, Microsoft.Extensions.Logging.LogLevel.None);
        using var client = new HttpClient();
        string page = "";
        await Eventually.HappensAsync(async () =>
            (page = await client.GetStringAsync(new Uri(service.Address, "/metrics"), TestContext.Current.CancellationToken)).Contains("certherald_log_position{", StringComparison.Ordinal));
        lock (served)
        {
            // The page's names are the instruments'.
            Assert.DoesNotContain(Series().Matches(page).Select(series => series.Groups[1].Value), name => !served.Contains(name));
            return served.ToHashSet(StringComparer.Ordinal);
        }
    }

    [GeneratedRegex(@"\bcertherald_[a-z_]+")]
    private static partial Regex Metric();

    [GeneratedRegex(@"^(certherald_[a-z_]+)[ {]", RegexOptions.Multiline)]
    private static partial Regex Series();
}
