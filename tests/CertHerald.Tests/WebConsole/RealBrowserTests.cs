using System.Text.RegularExpressions;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Docs;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;
using CertHerald.Transparency.Merkle;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CertHerald.Tests.WebConsole;

/// <summary>The console as people see it. One service and one browser serve all of it: both are slow to start.</summary>
public sealed partial class RealBrowserTests
{
    private static readonly string[] AllPages =
    [
        "/console", "/console/monitoring/issuances", "/console/monitoring/issuances?q=nowhere", "/console/monitoring/issuances/1", "/console/monitoring/issuances/2", "/console/lookalikes",
        "/console/lookalikes/1", "/console/lookalikes/weak", "/console/endpoints", "/console/domains", "/console/known", "/console/logs", "/console/deliveries", "/console/deliveries/1", "/console/webhooks", "/console/users",
        "/console/api-keys", "/console/settings", "/console/audit", "/console/malformed/1", "/console/nowhere",
    ];

    private static readonly string Screenshots = Path.Combine(Repository.Root, "artifacts", "screenshots");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_console_in_a_real_browser_can_be_used_by_everybody_and_runs_nothing_that_is_not_ours()
    {
        await using RealBrowser browser = await RealBrowser.StartAsync();
        await using ConsoleRig rig = await FilledRigAsync();
        IPage page = await browser.OpenAsync(rig.Address);
        page.Dialog += (_, dialog) => browser.Complaints.Enqueue($"{page.Url}: a dialog: {dialog.Message}");

        List<string> faults = [.. await LookAtAsync(page, "login", () => page.GotoAsync("/console/login")), .. await LookAtAsync(page, "login-link", () => page.GotoAsync($"/console/login?token={rig.Links.Create()}"))];
        await SignInByKeyboardAsync(rig, page);
        await AuthoriseAsync(page);
        await AllowAsync(page);
        await ReplayAsync(rig, page);
        await WatchAsync(rig, page);
        await HostileTextIsInertAsync(page);

        string log = (await page.Locator("table.logs a.name").First.GetAttributeAsync("href"))!;
        foreach (string path in AllPages.Append(log)) faults.AddRange(await LookAtAsync(page, NameOf(path), () => page.GotoAsync(path)));
        faults.AddRange(await LookAtAsync(page, "replay", () => CountReplaysAsync(page)));
        Assert.True(faults.Count == 0, string.Join('\n', faults));

        await WithoutScriptAsync(browser, rig, await page.Context.CookiesAsync());
        await SignOutEndsAllPagesAsync(rig, page);

        // What is not there is answered with 404, and Chromium calls that a failure.
        string complaints = string.Join('\n', browser.Complaints.Where(complaint => !complaint.Contains("/console/nowhere: Failed to load resource", StringComparison.Ordinal)));
        Assert.True(complaints.Length == 0, complaints);
    }

    /// <summary>The link's page has one button, which is pressed as it opens; past the skip link the content follows.</summary>
    private static async Task SignInByKeyboardAsync(ConsoleRig rig, IPage page)
    {
        await page.GotoAsync($"/console/login?token={rig.Links.Create()}");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign in to the console" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/console");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("main")).ToBeFocusedAsync();
    }

    /// <summary>From the list to the certificate, and its key is mine: with the keyboard only.</summary>
    private static async Task AuthoriseAsync(IPage page)
    {
        await page.GotoAsync("/console/monitoring/issuances?q=shop");
        await TabToAsync(page, "a[href='/console/monitoring/issuances/1']");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Is it yours?" })).ToBeVisibleAsync();
        await TabToAsync(page, "form[action$='authorize-key'] button");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1 .state")).ToHaveTextAsync("known");
    }

    private static async Task AllowAsync(IPage page)
    {
        await page.GotoAsync("/console/lookalikes");
        await TabToAsync(page, "form[action$='/allow'] button");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("is allowed, with all below it");
    }

    private static async Task ReplayAsync(ConsoleRig rig, IPage page)
    {
        await page.GotoAsync("/console/deliveries?state=dead");
        await page.Locator("table a").First.ClickAsync();
        await page.WaitForURLAsync("**/console/deliveries/1");
        await TabToAsync(page, "form[action$='/replay'] button");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1 .state")).ToHaveTextAsync("pending");
        Assert.Empty(await rig.Store.DeliveriesAsync(new DeliveryFilter(State: DeliveryState.Dead), Cancellation));
    }

    /// <summary>A log catches up while its page stands open: figures change, the page is not loaded again, and focus stays where it is.</summary>
    private static async Task WatchAsync(ConsoleRig rig, IPage page)
    {
        await rig.AnnounceAsync(400);
        await page.GotoAsync("/console/logs");
        ILocator state = page.Locator("table.logs .state").First, name = page.Locator("table.logs a.name").First;
        await Expect(state).ToHaveTextAsync("400 behind");
        await Expect(page.Locator("#live")).ToBeVisibleAsync();
        await page.EvaluateAsync("window.loadedOnce = true");
        await name.FocusAsync();

        await rig.ReadAsync(150);
        await ShowsAsync(rig, state, "250 behind");
        await rig.ReadAsync(250);
        await ShowsAsync(rig, state, "at the head");

        Assert.True(await page.EvaluateAsync<bool>("window.loadedOnce === true"));
        await Expect(name).ToBeFocusedAsync();
    }

    private static async Task HostileTextIsInertAsync(IPage page)
    {
        await page.GotoAsync("/console/monitoring/issuances/2");
        Assert.Equal(0, await page.Locator("main script, main img, main [onerror]").CountAsync());
        string text = await page.Locator("main").InnerTextAsync();
        Assert.Contains("<script>alert(1)</script>", text, StringComparison.Ordinal);
        Assert.Contains("U+202E", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text, c => c is '\u202E' or '\0' or '\u001B');
        await page.GotoAsync("/console/logs");
    }

    /// <summary>What shuts people out of a page, in light and in dark; pictures of it are kept.</summary>
    private static async Task<IReadOnlyList<string>> LookAtAsync(IPage page, string name, Func<Task> open)
    {
        var faults = new List<string>();
        await page.SetViewportSizeAsync(1280, 800);
        Task<IResponse> renewed = page.WaitForResponseAsync(response => response.Request.Headers.ContainsKey("x-live"));
        await open();
        // What is looked at is the page as it is after it has renewed itself for the first time, and then stays.
        if (await page.Locator("[data-live][id]").CountAsync() > 0)
        {
            await (await renewed).FinishedAsync();
            await page.EvaluateAsync("() => new Promise(done => setTimeout(done))");
        }
        foreach (ColorScheme scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            faults.AddRange(await RealBrowser.FaultsAsync(page, onlyContrast: scheme == ColorScheme.Dark));
            foreach ((string size, int width, int height) in ((string, int, int)[])[("wide", 1280, 800), ("narrow", 390, 844)])
            {
                await page.SetViewportSizeAsync(width, height);
                await page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"{name}-{size}-{scheme.ToString().ToLowerInvariant()}.png"), FullPage = (size, scheme) == ("wide", ColorScheme.Light) });
                if (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > document.documentElement.clientWidth")) faults.Add($"{page.Url} is wider than {width} pixels");
            }
            await page.SetViewportSizeAsync(1280, 800);
        }
        return faults;
    }

    private static string NameOf(string path) => path.StartsWith("/console/logs/", StringComparison.Ordinal)
        ? "log"
        : path.Replace("/console", "overview", StringComparison.Ordinal).Replace("overview/", "", StringComparison.Ordinal).Replace("?q=", "-", StringComparison.Ordinal).Replace('/', '-');

    /// <summary>Only a form leads to the page that says how many deliveries would be sent again.</summary>
    private static async Task CountReplaysAsync(IPage page)
    {
        await page.GotoAsync("/console/deliveries");
        await page.Locator("summary").ClickAsync();
        await page.Locator("details select[name=state]").SelectOptionAsync("undelivered");
        await page.GetByRole(AriaRole.Button, new() { Name = "Count them" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { NameRegex = SendAgain() })).ToBeVisibleAsync();
    }

    /// <summary>Pages are whole without a script: a form leads on, and plots are there.</summary>
    private static async Task WithoutScriptAsync(RealBrowser browser, ConsoleRig rig, IReadOnlyList<BrowserContextCookiesResult> cookies)
    {
        IPage page = await browser.OpenAsync(rig.Address, cookies.Select(cookie => new Cookie { Name = cookie.Name, Value = cookie.Value, Domain = cookie.Domain, Path = cookie.Path }), withoutScript: true);
        await page.GotoAsync("/console/domains");
        await page.GetByLabel("Name").FillAsync(".new.example");
        await page.GetByRole(AriaRole.Button, new() { Name = "Watch" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync(".new.example is watched from now on.");
        await page.GotoAsync("/console");
        await Expect(page.Locator("figure.plot svg").First).ToBeVisibleAsync();
        await Expect(page.Locator("#live")).ToBeHiddenAsync();
        await page.Context.CloseAsync();
    }

    /// <summary>Signing out on one page ends what another one of the same session still shows.</summary>
    private static async Task SignOutEndsAllPagesAsync(ConsoleRig rig, IPage page)
    {
        await page.GotoAsync("/console");
        await Expect(page.Locator("#live")).ToBeVisibleAsync();
        IPage other = await page.Context.NewPageAsync();
        await other.GotoAsync("/console/known");
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await other.WaitForURLAsync("**/console/login*");
        await ShowsAsync(rig, page.Locator("h1"), "Sign in");
    }

    /// <summary>Lets the service look again and again, until the page shows it.</summary>
    private static Task ShowsAsync(ConsoleRig rig, ILocator where, string text) => Eventually.HappensAsync(async () =>
    {
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        return await where.TextContentAsync() == text;
    });

    /// <summary>Presses Tab until the focus is there, as who has no mouse does.</summary>
    private static async Task TabToAsync(IPage page, string selector)
    {
        for (int i = 0; i < 60; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector)) return;
        }
        Assert.Fail($"{page.Url}: {selector} cannot be reached by keyboard");
    }

    [GeneratedRegex("^Send .* again$")]
    private static partial Regex SendAgain();

    /// <summary>Something on every page: what is well, what went wrong, what wants to do harm, and what is long.</summary>
    private static async Task<ConsoleRig> FilledRigAsync()
    {
        ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Webhooks.Configure([Given.Webhook(new Uri("http://127.0.0.1:9/"), "siem"), Given.Webhook(new Uri("https://chat.example.com/hooks/a-rather-long-path/that-goes-on"), "chat-of-the-team-that-is-on-call")]);
        await rig.CommitAsync(SomeFacts.Of("shop.example.com") with { IpAddresses = [] }, known: false, "issued by a CA that is not authorised", "siem");
        await rig.CommitAsync(SomeFacts.HostileOf(6), known: false, SomeFacts.Hostile, "siem");
        await rig.CommitAsync(SomeFacts.Of("www.example.com", "example.com", "a.very.long.name.that.goes.on.and.on.in.the.way.of.kubernetes.cluster.local.internal.services.example.com"), known: true, "its key is authorised");
        for (int i = 0; i < 6; i++) await rig.CommitAsync(SomeFacts.Of($"node-{i}.cluster.example.com"), known: i % 2 == 0, "its key is authorised", i % 2 == 0 ? [] : ["siem", "chat-of-the-team-that-is-on-call"]);
        await rig.CommitMalformedAsync("its subject alternative names end too early", [.. Enumerable.Range(0, 200).Select(i => (byte)i)], "siem");

        Assert.Equal(System.Net.HttpStatusCode.Created, (await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/example.com")).Status);
        foreach ((string name, int score) in ((string, int)[])[("examp1e.com", 93), ("xn--exmple-cua.com", 88), ("login-example.com.secure-customer-verification-portal-of-the-bank.test", 61)])
            await rig.CommitLookalikeAsync(Some.Facts(name), new LookalikeMatch(ProtectedDomainOwners.Operator, "example.com", name, [new LookalikeName(name, score, "homoglyph", ["reads like example.com", "registered lately"])]));
        await rig.CommitWeakAsync([.. new[] { "theexamples.org", "xn--exmples-cua.com", SomeFacts.Hostile + ".test" }.Select(name =>
            new WeakLookalike(new EntryIndex(0), "example.com", name, new LookalikeName(name, 47, "combo_concat", ["example stands in it, written together with other words"]), Some.Hash(name)))]);
        await rig.CommitWeakAsync(new WeakLookalike(new EntryIndex(0), "example.com", "theexamples.org", new LookalikeName("theexamples.org", 47, "combo_concat", []), Some.Hash("renewed")));

        DateTimeOffset now = rig.Time.GetUtcNow();
        StoredDelivery delivery = (await rig.Store.ClaimDueAsync("siem", 1, now, now.AddMinutes(1), default)).Single();
        await rig.Store.FreezeAsync(delivery, """{"kind":"unknown_certificate","names":["shop.example.com"]}"""u8.ToArray());
        await rig.Store.CompleteAsync(delivery, new StoredAttempt(delivery.Id, now, TimeSpan.FromMilliseconds(1234), 500, "status", SomeFacts.Hostile, "answered <script>\u202E\0\xFF"u8.ToArray()), DeliveryState.Dead, now);

        await rig.AskAsync(HttpMethod.Post, "/api/domains/.example.com");
        await rig.AskAsync(HttpMethod.Post, "/api/domains/shop.example.org");
        await rig.AskAsync(HttpMethod.Post, "/api/api-keys", new { name = "the SIEM", scopes = new[] { "read" } });
        await rig.AskAsync(HttpMethod.Put, "/api/users/mallory/password", new { password = "correct horse battery staple" });
        FollowedLog log = rig.Follow();
        for (int i = 0; i < 8640; i++)
            log.History.Add(new LogSample(now.AddSeconds(10 * (i - 8640)), 180 + 60 * Math.Sin(i / 700.0) + i % 7, i > 8500 ? 0 : Math.Max(0, 4000 * Math.Sin(i / 900.0)), 20 + i % 60));
        return rig;
    }
}
