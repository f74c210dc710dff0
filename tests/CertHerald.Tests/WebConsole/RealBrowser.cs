using System.Collections.Concurrent;
using System.Text.Json;
using CertHerald.Tests.Docs;
using CertHerald.Tests.Doubles;
using Microsoft.Playwright;

namespace CertHerald.Tests.WebConsole;

/// <summary>Chromium, as people use it, driven by Playwright; and axe, which looks for what shuts people out.</summary>
internal sealed class RealBrowser : IAsyncDisposable
{
    // A failing test must end, a busy machine may take its time.
    private const int Patience = 60_000;

    private static readonly string[] Standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly string _axe;

    private RealBrowser(IPlaywright playwright, IBrowser browser, string axe) => (_playwright, _browser, _axe) = (playwright, browser, axe);

    /// <summary>What pages complained of, in every context: refused scripts and styles, exceptions, failed requests.</summary>
    public ConcurrentQueue<string> Complaints { get; } = [];

    /// <summary>Skips the test where Chromium or axe is not installed.</summary>
    public static async Task<RealBrowser> StartAsync()
    {
        string chromium = Tool.Find("chromium"), axe = Path.Combine(Repository.Root, "artifacts", "reference", "node_modules", "axe-core", "axe.min.js");
        Assert.SkipUnless(File.Exists(axe), "left out: axe-core is not installed; ./test installs it");
        Assertions.SetDefaultExpectTimeout(Patience);
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium,
            // As root, its sandbox does not start. It opens nothing but our own pages.
            Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
            Timeout = Patience,
        });
        return new RealBrowser(playwright, browser, await File.ReadAllTextAsync(axe, TestContext.Current.CancellationToken));
    }

    /// <summary>Somebody's browser window. What its pages complain of is kept.</summary>
    public async Task<IPage> OpenAsync(Uri address, IEnumerable<Cookie>? cookies = null, bool withoutScript = false)
    {
        IBrowserContext context = await _browser.NewContextAsync(new()
        {
            BaseURL = address.ToString(),
            JavaScriptEnabled = !withoutScript,
            ViewportSize = new() { Width = 1280, Height = 800 },
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(Patience);
        // Through the debugger: the pages' own policy admits no such script.
        if (!withoutScript) await context.AddInitScriptAsync(_axe);
        if (cookies is not null) await context.AddCookiesAsync(cookies);
        context.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") Complaints.Enqueue($"{message.Page?.Url}: {message.Text}");
        };
        context.WebError += (_, error) => Complaints.Enqueue($"{error.Page?.Url}: {error.Error}");
        return await context.NewPageAsync();
    }

    /// <summary>What axe finds that shuts people out, seriously or wholly.</summary>
    /// <param name="onlyContrast">Another colour scheme changes nothing else.</param>
    public static async Task<IReadOnlyList<string>> FaultsAsync(IPage page, bool onlyContrast)
    {
        JsonElement found = (await page.EvaluateAsync(
            """
            async only => {
                const result = await axe.run(document, { resultTypes: ["violations"], runOnly: only });
                return result.violations.filter(one => one.impact === "serious" || one.impact === "critical")
                    .flatMap(one => one.nodes.map(node => one.id + ": " + node.html.slice(0, 200) + " " + node.failureSummary));
            }
            """,
            onlyContrast ? ["color-contrast"] : Standards))!.Value;
        return [.. found.EnumerateArray().Select(one => $"{page.Url}: {one.GetString()}")];
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
