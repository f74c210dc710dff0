using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using Microsoft.Extensions.Logging;

namespace CertHerald.Benchmarks;

/// <summary>The console's pages over 100,000 issuances, one in twenty of them unknown and owed to a webhook: asked for one after the other, by somebody who is signed in.</summary>
internal static partial class ConsoleBenchmark
{
    private const int Issuances = 100_000, AtOnce = 500, Rounds = 100;

    private static readonly string[] Pages =
    [
        "/console", "/console/monitoring/issuances", "/console/monitoring/issuances?before=50000", "/console/monitoring/issuances?state=unknown", "/console/monitoring/issuances?state=lookalike",
        "/console/monitoring/issuances?q=host-77777", "/console/monitoring/issuances?q=nowhere", "/console/monitoring/issuances?q=example&state=known", "/console/monitoring/issuances/77777",
        "/console/deliveries", "/console/deliveries?state=dead", "/console/logs", "/console/lookalikes", "/console/endpoints", "/console/domains", "/console/known", "/console/webhooks", "/console/audit", "/console/settings",
    ];

    public static async Task<IReadOnlyList<Row>> RunAsync()
    {
        var rows = new List<Row> { await RunAsync("SQLite", null) };
        if (!PrivatePostgres.IsInstalled) return [.. rows, new Row("S6", "console pages, PostgreSQL", "left out", "", "it is not installed")];
        await using PrivatePostgres server = await PrivatePostgres.StartAsync("-c max_connections=200", CancellationToken.None);
        return [.. rows, await RunAsync("PostgreSQL", await server.AddDatabaseAsync("", CancellationToken.None))];
    }

    private static async Task<Row> RunAsync(string name, string? database)
    {
        Owing found = await Owing.OpenAsync(database);
        for (int i = 0; i < Issuances; i += AtOnce)
            await found.FindAsync(AtOnce, index => ($"host-{index}.example.com", index % 20 != 0), "hook");
        await found.Store.DisposeAsync();

        var options = new CertHeraldOptions { Data = found.Folder, Listen = new Uri("http://127.0.0.1:0"), Store = database ?? Stores.Sqlite, Logs = new LogOptions { Lists = [] }, Watch = WatchLists.Read([".example.com"], []) };
        await using (HeraldHost host = await HeraldHost.StartAsync(() => options, CancellationToken.None, LogLevel.Error))
        using (HttpClient browser = await SignInAsync(host))
        {
            var slowest = (Page: "", P99: 0.0, Median: 0.0);
            var all = new List<double>();
            foreach (string page in Pages)
            {
                List<double> times = [];
                for (int i = 0; i < Rounds + 10; i++)
                {
                    long begun = Stopwatch.GetTimestamp();
                    (await browser.GetAsync(new Uri(page, UriKind.Relative))).EnsureSuccessStatusCode();
                    // The first ones pay for what is compiled and prepared.
                    if (i >= 10) times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                }
                times.Sort();
                all.AddRange(times);
                Console.Error.WriteLine($"{name} {page}: median {Row.Number(times[Rounds / 2], "0.0")} ms, p99 {Row.Number(times[Rounds * 99 / 100 - 1], "0.0")} ms");
                if (times[Rounds * 99 / 100 - 1] > slowest.P99) slowest = (page, times[Rounds * 99 / 100 - 1], times[Rounds / 2]);
            }
            all.Sort();
            return new Row("S6", $"console pages, {Row.Number(Issuances)} issuances, {name}: the slowest of {Pages.Length}", $"p99 {Row.Number(slowest.P99, "0")} ms", "< 100 ms",
                $"{slowest.Page}, median {Row.Number(slowest.Median, "0")} ms; over all pages median {Row.Number(all[all.Count / 2], "0.0")} ms");
        }
    }

    private static async Task<HttpClient> SignInAsync(HeraldHost host)
    {
        var browser = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer(), UseProxy = false }) { BaseAddress = host.Address };
        string link = host.CreateLoginLink("");
        string form = await browser.GetStringAsync(new Uri(link, UriKind.Relative));
        string token = WebUtility.HtmlDecode(FormToken().Match(form).Groups[1].Value);
        using var fields = new FormUrlEncodedContent([KeyValuePair.Create("form_token", token), KeyValuePair.Create("token", link)]);
        (await browser.PostAsync(new Uri("/console/sign-in", UriKind.Relative), fields)).EnsureSuccessStatusCode();
        return browser;
    }

    [GeneratedRegex("name=\"form_token\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();
}
