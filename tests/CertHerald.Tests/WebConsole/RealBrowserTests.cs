using Microsoft.Playwright;
using CertHerald.Tests.Docs;

namespace CertHerald.Tests.WebConsole;

public sealed class RealBrowserTests
{
    [Fact]
    public async Task The_login_page_opens()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await using RealBrowser browser = await RealBrowser.StartAsync();
        IPage page = await browser.OpenAsync(rig.Address);
        await page.GotoAsync($"/console/login?token={rig.Links.Create()}");
        await page.ScreenshotAsync(new() { Path = Path.Combine(Repository.Root, "artifacts", "screenshots", "login.png") });
        Assert.Empty(await browser.FaultsAsync(page));
        Assert.Empty(browser.Complaints);
    }
}
