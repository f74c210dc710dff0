using System.Net;
using System.Text.RegularExpressions;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.WebConsole;

public sealed class WebhooksPageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_form_adds_a_webhook_and_its_secret_stands_on_the_answering_page_alone()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        string page = await rig.PageAsync("/console/webhooks");

        Answer added = await rig.Browser.PostAsync("/console/webhooks", ("form_token", ConsoleRig.FormToken(page)),
            ("name", "siem"), ("url", "https://user:canary@h.example/canary"), ("dialect", "certspotter"), ("events", "malformed_certificate"), ("signed", "yes"));
        string later = await rig.PageAsync("/console/webhooks");

        Assert.Equal(HttpStatusCode.OK, added.Status);
        string secret = Regex.Match(added.Text, "whsec_[A-Za-z0-9+/=&#;x]+").Value;
        Assert.NotEmpty(secret);
        Assert.DoesNotContain("whsec_", later, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", added.Text + later, StringComparison.Ordinal);
        Assert.Contains("https://h.example/…", WebUtility.HtmlDecode(later), StringComparison.Ordinal);
        Assert.Equal(["malformed_certificate"], Assert.Single(rig.Webhooks.Added).Events);
        Assert.NotNull(Assert.Single(rig.Webhooks.Added).Signer);
    }

    [Fact]
    public async Task What_is_added_can_be_given_a_new_secret_and_removed_and_what_is_configured_cannot()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        (string, string) token = ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console/webhooks")));
        await rig.Browser.PostAsync("/console/webhooks", token, ("name", "siem"), ("url", "https://h.example/"), ("dialect", "native"));

        Assert.Contains("whsec_", (await rig.Browser.PostAsync("/console/webhooks/siem/rotate-secret", token)).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await rig.Browser.PostAsync("/console/webhooks/configured/remove", token)).Status);
        string page = await rig.PageAsync("/console/webhooks");
        Assert.Contains("/console/webhooks/siem/remove", page, StringComparison.Ordinal);
        Assert.DoesNotContain("/console/webhooks/configured/remove", page, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.PostAsync("/console/webhooks/siem/remove", token)).Status);
        Assert.Empty(rig.Webhooks.Added);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.PostAsync("/console/webhooks/siem/remove", token)).Status);
    }

    [Fact]
    public async Task A_webhook_is_held_resumed_and_tested_whether_it_is_configured_or_added()
    {
        await using Receiver receiver = Receiver.Start();
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Webhooks.Configure([Given.Webhook(receiver.Url, "siem")]);
        await rig.SignInAsync();
        string page = await rig.PageAsync("/console/webhooks");
        (string, string) token = ("form_token", ConsoleRig.FormToken(page));
        Assert.DoesNotContain("/console/webhooks/siem/resume", page, StringComparison.Ordinal);

        Answer held = await rig.Browser.PostAsync("/console/webhooks/siem/hold", token, ("reason", SomeFacts.HostileField));
        Assert.Contains("<span class=\"state held\">off</span>", held.Text, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)", held.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", held.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("/console/webhooks/siem/hold", held.Text, StringComparison.Ordinal);
        Assert.Equal(WebhookStatus.Off, (await rig.Store.FindWebhookAsync("siem", Cancellation)).Status);

        Answer resumed = await rig.Browser.PostAsync("/console/webhooks/siem/resume", token);
        Assert.Contains("siem goes on", resumed.Text, StringComparison.Ordinal);
        Assert.Equal(WebhookStatus.Active, (await rig.Store.FindWebhookAsync("siem", Cancellation)).Status);

        Assert.Contains("siem took the test: status 200", (await rig.Browser.PostAsync("/console/webhooks/siem/test", token)).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await rig.Browser.PostAsync("/console/webhooks/siem/test", token)).Status);
        Assert.Single(receiver.Requests);
        foreach (string what in (string[])["hold", "resume", "test"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.PostAsync($"/console/webhooks/nobody/{what}", token)).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync($"/console/webhooks/siem/{what}")).Status);
        }
        Assert.Equal(
            ["/console/webhooks/siem/hold", "/console/webhooks/siem/resume", "/console/webhooks/siem/test"],
            from entry in (await rig.Store.AuditAsync(null, 100, Cancellation)).Reverse() where entry.Outcome == "done" && entry.Resource.Contains("webhooks", StringComparison.Ordinal) select entry.Resource);
    }

    [Theory]
    [InlineData("/console/webhooks")]
    [InlineData("/console/webhooks/siem/rotate-secret")]
    [InlineData("/console/webhooks/siem/remove")]
    public async Task A_form_without_its_token_changes_nothing(string path)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        (string, string) token = ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console/webhooks")));
        await rig.Browser.PostAsync("/console/webhooks", token, ("name", "siem"), ("url", "https://h.example/"), ("dialect", "native"));
        object before = Assert.Single(rig.Webhooks.Added);

        Answer without = await rig.Browser.PostAsync(path, ("name", "other"), ("url", "https://evil.example/"), ("dialect", "native"));
        Answer wrong = await rig.Browser.PostAsync(path, ("form_token", "wrong"), ("name", "other"), ("url", "https://evil.example/"), ("dialect", "native"));
        Answer stranger = await rig.NewBrowser().PostAsync(path, token, ("name", "other"), ("url", "https://evil.example/"), ("dialect", "native"));

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (without.Status, wrong.Status));
        Assert.Equal(HttpStatusCode.Redirect, stranger.Status);
        Assert.Same(before, Assert.Single(rig.Webhooks.Added));
    }

    [Fact]
    public async Task A_mistake_is_told_on_the_page_without_repeating_the_URL()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        (string, string) token = ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console/webhooks")));

        Answer answer = await rig.Browser.PostAsync("/console/webhooks", token, ("name", "siem"), ("url", "ftp://u:canary@h/"), ("dialect", "certspotter"));

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("is not a web address", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", answer.Text, StringComparison.Ordinal);
    }
}
