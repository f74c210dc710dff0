using System.Net;
using System.Text.RegularExpressions;

namespace CertHerald.Tests.WebConsole;

public sealed class WebhooksPageTests
{
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
