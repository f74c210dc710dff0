using System.Net;
using System.Net.Http.Headers;
using CertHerald.Access;
using CertHerald.Api.Feeds;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.Api.Feeds;

public sealed class PageChangesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_open_page_hears_which_of_its_parts_have_changed_and_that_its_session_ended()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        using HttpClient client = ClientOf(rig);
        using var lines = new StreamReader(await client.GetStreamAsync(new Uri("/console/live", UriKind.Relative), Cancellation));
        Assert.Equal("begin", await NextEventAsync(rig, lines));

        await rig.CommitAsync(SomeFacts.Of("shop.example.com"));
        await HearsAsync(rig, lines, "logs", "issuances", "deliveries");
        await rig.DisputeAsync();
        await HearsAsync(rig, lines, "incidents");

        await rig.Browser.PostAsync("/console/sign-out", ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console"))));
        string last;
        do last = await NextEventAsync(rig, lines);
        while (last == "changed");
        Assert.Equal("ended", last);
        Assert.Equal("data:\n\n", await lines.ReadToEndAsync(Cancellation));
    }

    [Fact]
    public async Task More_pages_than_may_listen_stay_as_they_are_and_nobody_listens_without_a_session()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Assert.Equal(HttpStatusCode.Redirect, (await rig.Browser.GetAsync("/console/live")).Status);
        await rig.SignInAsync();
        using HttpClient client = ClientOf(rig);
        var streams = new List<Stream>();
        for (int i = 0; i < PageChanges.MostPages; i++) streams.Add(await client.GetStreamAsync(new Uri("/console/live", UriKind.Relative), Cancellation));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await rig.Browser.GetAsync("/console/live")).Status);

        foreach (Stream stream in streams) await stream.DisposeAsync();
    }

    [Fact]
    public async Task A_page_that_renews_itself_keeps_no_session_alive()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        using HttpClient client = ClientOf(rig);
        client.DefaultRequestHeaders.Add("X-Live", "1");

        rig.Time.Advance(Sessions.Idle - TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/console", UriKind.Relative), Cancellation)).StatusCode);
        rig.Time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(HttpStatusCode.Redirect, (await client.GetAsync(new Uri("/console", UriKind.Relative), Cancellation)).StatusCode);
    }

    private static HttpClient ClientOf(ConsoleRig rig)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = rig.Address };
        client.DefaultRequestHeaders.Add("Cookie", $"{rig.SessionCookie!.Name}={rig.SessionCookie.Value}");
        return client;
    }

    /// <summary>All these have changed, told at one look or at several: the service may look between two commits.</summary>
    private static async Task HearsAsync(ConsoleRig rig, StreamReader lines, params string[] parts)
    {
        HashSet<string> missing = [.. parts];
        while (missing.Count > 0)
        {
            Assert.Equal("changed", await NextEventAsync(rig, lines));
            missing.ExceptWith((await lines.ReadLineAsync(Cancellation))!["data: ".Length..].Split(' '));
        }
    }

    /// <summary>Lets the service look until it tells something.</summary>
    private static async Task<string> NextEventAsync(ConsoleRig rig, StreamReader lines)
    {
        const string Event = "event: ";
        while (true)
        {
            Task<string?> next = lines.ReadLineAsync(Cancellation).AsTask();
            while (await Task.WhenAny(next, rig.Time.WaitForTimerAsync(PageChanges.LookEvery)) != next) rig.Time.Advance(PageChanges.LookEvery);
            if ((await next)!.StartsWith(Event, StringComparison.Ordinal)) return (await next)![Event.Length..];
        }
    }
}
