using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.WebConsole;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace CertHerald.Benchmarks;

/// <summary>Every page of the console over <see cref="ConsoleData"/>, and the API's lists: asked for one after the other, by somebody who is signed in.</summary>
internal static partial class ConsoleBenchmark
{
    private const int Rounds = 100;

    // Not pages: of who is not signed in, of another site, a stream, a picture, and what is nowhere.
    private static readonly string[] Others = ["/console/login", "/console/openid", "/console/openid/callback", "/console/live", "/console/{*path:nonfile}"];

    // These take what they are about from the query, or are streams.
    private static readonly string[] OtherLists = ["/api/events", "/api/logs/history"];

    public static async Task<IReadOnlyList<Row>> RunAsync()
    {
        var rows = new List<Row>(await RunAsync("SQLite", null));
        if (!PrivatePostgres.IsInstalled) return [.. rows, new Row("S6", "console pages, PostgreSQL", "left out", "", "it is not installed")];
        await using PrivatePostgres server = await PrivatePostgres.StartAsync("-c max_connections=200", CancellationToken.None);
        return [.. rows, .. await RunAsync("PostgreSQL", await server.AddDatabaseAsync("", CancellationToken.None))];
    }

    private static async Task<IReadOnlyList<Row>> RunAsync(string name, string? database)
    {
        Owing found = await Owing.OpenAsync(database);
        await using var data = new ConsoleData(found);
        try
        {
            await data.FillAsync();
            await found.Store.DisposeAsync();

            var options = new CertHeraldOptions
            {
                Data = found.Folder,
                Listen = new Uri("http://127.0.0.1:0"),
                Store = database ?? Stores.Sqlite,
                Logs = new LogOptions { Lists = [], Custom = data.Logs },
                Watch = WatchLists.Read([".example.com", .. ConsoleData.Watched], []),
            };
            await using HeraldHost host = await HeraldHost.StartAsync(() => options, CancellationToken.None, LogLevel.Error);
            await ConsoleData.BeginAsync(host.Store);
            using HttpClient browser = await SignInAsync(host), program = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = host.Address };
            program.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", LocalAccess.Find(found.Folder).Key);
            string[] lists = [.. host.Routes.Where(IsRead).Select(PathOf).Where(path => path.StartsWith("/api/", StringComparison.Ordinal) && !path.Contains('{', StringComparison.Ordinal)).Except(OtherLists).Distinct().Order(StringComparer.Ordinal)];
            return
            [
                await MeasureAsync(browser, name, "console pages", await PagesAsync(host, data)),
                await MeasureAsync(program, name, "the API's lists", lists),
            ];
        }
        finally
        {
            await found.DisposeAsync();
        }
    }

    private static async Task<Row> MeasureAsync(HttpClient browser, string store, string what, IReadOnlyList<string> addresses)
    {
        var slowest = (Page: "", P99: 0.0, Median: 0.0);
        var all = new List<double>();
        foreach (string page in addresses)
        {
            List<double> times = [];
            for (int i = 0; i < Rounds + 10; i++)
            {
                long begun = Stopwatch.GetTimestamp();
                using (HttpResponseMessage answer = await browser.GetAsync(new Uri(page, UriKind.Relative)))
                    if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{page} answers {answer.StatusCode}.");
                // The first ones pay for what is compiled and prepared.
                if (i >= 10) times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }
            times.Sort();
            all.AddRange(times);
            (double median, double p99) = (times[Rounds / 2], times[Rounds * 99 / 100 - 1]);
            Console.Error.WriteLine($"{store} {page}: median {Row.Number(median, "0.0")} ms, p99 {Row.Number(p99, "0.0")} ms");
            if (p99 > slowest.P99) slowest = (page, p99, median);
        }
        all.Sort();
        return new Row("S6", $"{what}, {Row.Number(ConsoleData.Issuances)} issuances, {store}: the slowest of {addresses.Count}", $"p99 {Row.Number(slowest.P99, "0")} ms", "< 100 ms",
            $"{slowest.Page}, median {Row.Number(slowest.Median, "0")} ms; over all median {Row.Number(all[all.Count / 2], "0.0")} ms");
    }

    /// <summary>Addresses of every page, each with what it may be asked for.</summary>
    /// <exception cref="InvalidOperationException">There is a page that nobody wrote down here.</exception>
    private static async Task<IReadOnlyList<string>> PagesAsync(HeraldHost host, ConsoleData data)
    {
        IStore store = host.Store;
        StoredDelivery told = (await store.DeliveriesAsync(new DeliveryFilter(Kind: EventKinds.Lookalike, Limit: 1), CancellationToken.None))[0];
        long malformed = (await store.DeliveriesAsync(new DeliveryFilter(Kind: EventKinds.MalformedCertificate, Limit: 1), CancellationToken.None))[0].Subject;
        long unknown = (await store.DeliveriesAsync(new DeliveryFilter(Webhook: ConsoleData.Held, Limit: 1), CancellationToken.None))[0].Subject;
        long lookalike = (await store.LookalikesAsync(new LookalikeFilter(), CancellationToken.None))[0].Issuance;
        string log = LogPage.PathOf(data.Logs[0].ToLog(out _)!.Id.ToString())["/console/logs/".Length..];
        var pages = new Dictionary<string, string[]>
        {
            ["/console"] = [""],
            ["/console/monitoring/issuances"] = ["", "?before=50000", "?state=unknown", "?state=known", "?state=lookalike", "?q=host-77777", "?q=nowhere", "?q=example&state=known", "?q=example&state=lookalike"],
            ["/console/monitoring/issuances/{id:long}"] = ["77777", $"{unknown}", $"{lookalike}"],
            ["/console/endpoints"] = ["", "?domain=.example.com", "?after=host-50000.example.com"],
            ["/console/deliveries"] =
            [
                "", "?before=50000", .. Enum.GetNames<DeliveryState>().Select(state => $"?state={state.ToLowerInvariant()}"), "?webhook=hook-3", "?webhook=hook-40", "?webhook=hook-3&state=dead", "?webhook=hook-40&state=pending",
            ],
            ["/console/deliveries/{id:long}"] = [$"{data.Tried}", $"{told.Id}"],
            ["/console/lookalikes"] = ["", "?domain=brand-7.example", "?state=all", "?state=dismissed", "?state=allowed", "?state=all&before=1000", "?domain=brand-7.example&state=dismissed"],
            ["/console/lookalikes/{id:long}"] = [$"{data.Large}", $"{data.Bulk}"],
            ["/console/lookalikes/weak"] = ["", "?order=new", "?domain=brand-7.example", "?order=new&before=5000"],
            ["/console/lookalikes/alerts/{id:long}"] = [$"{told.Subject}"],
            ["/console/logs"] = [""],
            ["/console/logs/{id}"] = [log],
            ["/console/malformed/{id:long}"] = [$"{malformed}"],
            ["/console/domains"] = ["", "?q=brand-77"],
            ["/console/known"] = [""],
            ["/console/webhooks"] = [""],
            ["/console/users"] = [""],
            ["/console/api-keys"] = [""],
            ["/console/audit"] = ["", "?before=5000"],
            ["/console/settings"] = [""],
        };
        string[] left = [.. host.Routes.Where(IsRead).Select(PathOf).Where(path => path.StartsWith("/console", StringComparison.Ordinal) && !path.StartsWith("/console/assets/", StringComparison.Ordinal)).Except(Others).Except(pages.Keys)];
        if (left.Length > 0) throw new InvalidOperationException($"Not measured: {string.Join(", ", left)}");
        return [.. pages.SelectMany(page => page.Value.Select(asked => page.Key.Contains('{', StringComparison.Ordinal) ? page.Key[..page.Key.IndexOf('{', StringComparison.Ordinal)] + asked : page.Key + asked))];
    }

    private static string PathOf(RouteEndpoint route) => "/" + route.RoutePattern.RawText!.Trim('/');

    private static bool IsRead(RouteEndpoint route) => route.Metadata.GetMetadata<HttpMethodMetadata>() is not { } methods || methods.HttpMethods.Contains("GET");

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
