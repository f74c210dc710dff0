using System.Net;
using System.Text.RegularExpressions;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;

namespace CertHerald.Tests.WebConsole;

public sealed partial class ReplayPageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Several_are_counted_first_and_sent_again_by_the_form_that_says_how_many()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Webhooks.Configure([Given.Webhook(new Uri("http://127.0.0.1:9/"), "siem")]);
        for (int i = 0; i < 3; i++) await rig.CommitAsync(SomeFacts.Of($"{i}.example.com"), webhooks: "siem");
        await rig.SignInAsync();
        (string, string) token = ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console/deliveries")));
        foreach (StoredDelivery one in await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation))
            await rig.Browser.PostAsync($"/console/deliveries/{one.Id}/cancel", token);
        Assert.Equal(3, (await rig.Store.DeliveriesAsync(new DeliveryFilter(State: DeliveryState.Cancelled), Cancellation)).Count);

        Answer counted = await rig.Browser.PostAsync(
            "/console/deliveries/replay", token, ("state", ""), ("webhook", "siem"), ("from", "2026-11-21T11:59"), ("until", "2026-11-21T12:01"), ("as_new", "yes"));
        Assert.Contains("Send these 3 again", counted.Text, StringComparison.Ordinal);
        Assert.Equal(3, (await rig.Store.DeliveriesAsync(new DeliveryFilter(State: DeliveryState.Cancelled), Cancellation)).Count);

        (string, string)[] fields = [.. (from Match field in HiddenField().Matches(counted.Text) select (Name: field.Groups[1].Value, WebUtility.HtmlDecode(field.Groups[2].Value))).DistinctBy(field => field.Name)];
        Assert.Contains(("confirmed", "yes"), fields);
        Answer sent = await rig.Browser.PostAsync("/console/deliveries/replay", [.. fields]);

        Assert.Contains("<dt>Sent again</dt><dd>3</dd>", sent.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<button type=\"submit\">Send", sent.Text, StringComparison.Ordinal);
        Assert.Equal(3, (await rig.Store.DeliveriesAsync(new DeliveryFilter(State: DeliveryState.Pending), Cancellation)).Count);
    }

    [Fact]
    public async Task What_cannot_be_meant_is_said_and_hostile_text_stays_text()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("a.example.com"), webhooks: "siem");
        await rig.SignInAsync();
        (string, string) token = ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console/deliveries")));

        foreach ((string state, string from, string says) in new[] { ("", "", "Say what to replay"), ("dead", "yesterday", "2026-11-21T10:00"), (SomeFacts.HostileField, "", "dead, held or undelivered") })
        {
            Answer refused = await rig.Browser.PostAsync("/console/deliveries/replay", token, ("state", state), ("from", from), ("confirmed", "yes"));
            Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
            Assert.Contains(says, WebUtility.HtmlDecode(refused.Text), StringComparison.Ordinal);
        }
        Answer none = await rig.Browser.PostAsync("/console/deliveries/replay", token, ("state", "dead"), ("webhook", SomeFacts.HostileField));
        Assert.Contains("No delivery is like that", none.Text, StringComparison.Ordinal);
        Answer shown = await rig.Browser.PostAsync("/console/deliveries/replay", token, ("state", "undelivered"), ("webhook", "siem"), ("as_new", SomeFacts.HostileField));
        Assert.Contains("Send it again", shown.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", none.Text + shown.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task One_that_waits_is_called_off_on_its_page_and_forms_without_their_token_change_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("a.example.com"), webhooks: "siem");
        await rig.SignInAsync();
        string page = await rig.PageAsync("/console/deliveries/1");
        Assert.Contains("/console/deliveries/1/cancel", page, StringComparison.Ordinal);
        (string, string) token = ("form_token", ConsoleRig.FormToken(page));

        foreach (string path in (string[])["/console/deliveries/1/cancel", "/console/deliveries/1/replay", "/console/deliveries/replay"])
            Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync(path, ("form_token", "wrong"), ("state", "undelivered"), ("confirmed", "yes"))).Status);
        Assert.Equal(DeliveryState.Pending, Assert.Single(await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).State);

        Answer called = await rig.Browser.PostAsync("/console/deliveries/1/cancel", token);

        Assert.Equal((HttpStatusCode.SeeOther, "/console/deliveries/1"), (called.Status, called.Location));
        Assert.DoesNotContain("/console/deliveries/1/cancel", await rig.PageAsync("/console/deliveries/1"), StringComparison.Ordinal);
        Assert.Contains(await rig.Store.AuditAsync(null, 10, Cancellation), entry => entry is { Resource: "/console/deliveries/1/cancel", Outcome: "done" });
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"")]
    private static partial Regex HiddenField();
}
