using System.Net;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Access;

namespace CertHerald.Tests.WebConsole;

public sealed class SignInTests
{
    [Fact]
    public async Task A_link_opens_the_console_once()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string token = rig.Links.Create();

        Answer first = await rig.UseLinkAsync(token);
        Assert.Equal((HttpStatusCode.SeeOther, "/console"), (first.Status, first.Location));
        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/console")).Status);

        Answer second = await rig.UseLinkAsync(token);
        Assert.Equal(HttpStatusCode.Unauthorized, second.Status);
        Assert.Contains("This link has been used", second.Text);
    }

    [Fact]
    public async Task A_link_is_refused_after_ten_minutes()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string token = rig.Links.Create();
        rig.Time.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.UseLinkAsync(token)).Status);
        Assert.Null(rig.SessionCookie);
    }

    [Fact]
    public async Task Whoever_only_fetches_a_link_does_not_use_it_up()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string token = rig.Links.Create();
        using Browser scanner = rig.NewBrowser();
        for (int i = 0; i < 20; i++) Assert.Equal(HttpStatusCode.OK, (await scanner.GetAsync($"/console/login?token={token}")).Status);

        Assert.Equal(HttpStatusCode.SeeOther, (await rig.UseLinkAsync(token)).Status);
    }

    [Fact]
    public async Task A_whole_link_can_be_pasted_on_the_login_page()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string page = await rig.PageAsync("/console/login");

        Answer answer = await rig.Browser.PostAsync("/console/sign-in",
            ("form_token", ConsoleRig.FormToken(page)), ("token", $" http://127.0.0.1:8470/console/login?token={rig.Links.Create()}\n"));

        Assert.Equal(HttpStatusCode.SeeOther, answer.Status);
    }

    [Fact]
    public async Task The_cookie_is_out_of_reach_for_scripts_and_other_sites()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        string cookie = (await rig.UseLinkAsync(rig.Links.Create())).SetCookies.Single(set => set.StartsWith("certherald=", StringComparison.Ordinal));

        Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; path=/", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("domain", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Where_the_public_address_is_HTTPS_cookies_are_bound_to_host_and_HTTPS()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync(alwaysSecure: true);
        // Its own keeping of cookies is what a browser would not do here, by plain HTTP.
        using Browser plain = rig.NewBrowser();
        Answer form = await plain.GetAsync("/console/login");
        string formCookie = Assert.Single(form.SetCookies);
        using var content = new FormUrlEncodedContent([new("form_token", ConsoleRig.FormToken(form.Text)), new("token", rig.Links.Create())]);

        Answer answer = await plain.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/console/sign-in")
        {
            Content = content,
            Headers = { { "Cookie", formCookie.Split(';')[0] } },
        });

        string session = Assert.Single(answer.SetCookies);
        Assert.All([formCookie, session], cookie =>
        {
            Assert.StartsWith("__Host-certherald", cookie);
            Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; path=/", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public async Task After_signing_in_the_page_that_was_asked_for_is_shown()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Answer redirect = await rig.Browser.GetAsync("/console/deliveries?state=dead");
        Assert.Equal(HttpStatusCode.Redirect, redirect.Status);
        Assert.Equal("/console/login?return=%2Fconsole%2Fdeliveries%3Fstate%3Ddead", redirect.Location);

        Answer answer = await rig.UseLinkAsync(rig.Links.Create(), "/console/deliveries?state=dead");

        Assert.Equal("/console/deliveries?state=dead", answer.Location);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("https://evil.example/console")]
    [InlineData("/console\\@evil.example")]
    [InlineData("/console\r\nX-Evil: 1")]
    public async Task Signing_in_never_leads_to_another_site(string back)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Answer answer = await rig.UseLinkAsync(rig.Links.Create(), back);

        Assert.Equal("/console", answer.Location);
        Assert.False(answer.Headers.Contains("X-Evil"));
    }

    [Fact]
    public async Task After_ten_failures_even_a_good_link_must_wait_and_is_not_used_up()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        for (int i = 0; i < 10; i++) Assert.Equal(HttpStatusCode.Unauthorized, (await rig.UseLinkAsync(OpaqueToken.New())).Status);
        string good = rig.Links.Create();

        Answer refused = await rig.UseLinkAsync(good);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal(TimeSpan.FromMinutes(1), refused.Headers.RetryAfter!.Delta);

        rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.SeeOther, (await rig.UseLinkAsync(good)).Status);
    }

    [Fact]
    public async Task A_session_ends_after_twelve_idle_hours()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();

        rig.Time.Advance(TimeSpan.FromHours(12) - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/console")).Status);
        rig.Time.Advance(TimeSpan.FromHours(12));
        Assert.Equal(HttpStatusCode.Redirect, (await rig.Browser.GetAsync("/console")).Status);
    }

    [Fact]
    public async Task A_session_ends_after_seven_days_however_much_it_is_used()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        // The browser drops the cookie by its own clock; the server must not rely on that.
        for (int hours = 6; hours < 7 * 24; hours += 6)
        {
            rig.Time.Advance(TimeSpan.FromHours(6));
            Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/api/logs")).Status);
        }

        rig.Time.Advance(TimeSpan.FromHours(6));
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Browser.GetAsync("/api/logs")).Status);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_for_a_copied_cookie_too()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        var copies = new CookieContainer();
        copies.Add(rig.Address, new Cookie("certherald", rig.SessionCookie!.Value));
        using Browser thief = rig.NewBrowser(copies);
        Assert.Equal(HttpStatusCode.OK, (await thief.GetAsync("/api/logs")).Status);

        Answer answer = await rig.Browser.PostAsync(
            "/console/sign-out", ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console"))));

        Assert.Equal((HttpStatusCode.SeeOther, "/console/login"), (answer.Status, answer.Location));
        Assert.Null(rig.SessionCookie);
        Assert.Equal(HttpStatusCode.Unauthorized, (await thief.GetAsync("/api/logs")).Status);
    }

    [Fact]
    public async Task Forms_of_other_sites_change_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string token = rig.Links.Create();
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync("/console/sign-in", ("token", token))).Status);
        await rig.SignInAsync();

        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync("/console/sign-out", ("form_token", "x"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/console")).Status);
    }

    [Fact]
    public async Task A_form_opened_in_one_session_is_refused_in_another()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        string formToken = ConsoleRig.FormToken(await rig.PageAsync("/console"));
        await rig.SignInAsync();

        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync("/console/sign-out", ("form_token", formToken))).Status);
    }

    [Fact]
    public async Task An_oversized_form_is_refused()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Answer answer = await rig.Browser.PostAsync("/console/sign-in", ("token", new string('x', 20_000)));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
    }

    [Fact]
    public async Task The_store_knows_only_the_hash_of_a_session()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        byte[] id = Encoding.ASCII.GetBytes(rig.SessionCookie!.Value);

        Assert.False(await rig.Store.TouchSessionAsync(id, rig.Time.GetUtcNow(), Sessions.Idle, TestContext.Current.CancellationToken));
        Assert.True(await rig.Store.TouchSessionAsync(SHA256.HashData(id), rig.Time.GetUtcNow(), Sessions.Idle, TestContext.Current.CancellationToken));
    }
}
