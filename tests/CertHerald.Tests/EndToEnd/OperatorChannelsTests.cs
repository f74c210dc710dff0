using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>The program tells whoever runs it, by webhook and by mail.</summary>
[Collection(ProgramTests.Name)]
public sealed class OperatorChannelsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task E16_trouble_and_heartbeat_reach_webhook_and_mail_and_a_test_says_how_each_stands()
    {
        await using MailServer mails = await MailServer.StartAsync();
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Receiver gone = Receiver.Start();
        gone.Default = Receiver.Answer(410);
        JsonObject pager = ServiceRig.Webhook("pager", rig.Receiver.Url.ToString(), "operator");
        (pager["dialect"], pager["signed"]) = ("native", false);
        rig.Configuration["webhooks"] = new JsonArray(pager, ServiceRig.Webhook("siem", gone.Url.ToString()));
        rig.Configuration["smtp"] = new JsonObject { ["host"] = "127.0.0.1", ["port"] = mails.Port, ["from"] = "herald@example.com", ["to"] = new JsonArray("ops@example.com") };

        await using (Certherald program = await rig.RunReadyAsync())
        {
            Assert.Equal("heartbeat", JsonElement.Parse((await rig.Receiver.NextAsync()).Body).GetProperty("type").GetString());
            TakenMail alive = await mails.TakenAsync();
            Assert.Contains("\r\nSubject: [CertHerald] alive", Encoding.ASCII.GetString(alive.Content), StringComparison.Ordinal);

            rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
            string[] types = [TypeOf(await rig.Receiver.NextAsync()), TypeOf(await rig.Receiver.NextAsync())];
            Assert.Equal(["delivery.dead", "endpoint.gone"], types.Order(StringComparer.Ordinal));
            TakenMail told = await mails.TakenAsync(mail => Encoding.ASCII.GetString(mail.Content).Contains("410 Gone", StringComparison.Ordinal));
            Assert.Equal(["ops@example.com"], told.To);

            Ended listed = (await Certherald.RunAsync("operators", "list", "--data", rig.Data)).With(0);
            Assert.Equal(2, listed.Lines.Count(line => line.Contains("last took something", StringComparison.Ordinal)));
            Ended tested = (await Certherald.RunAsync("operators", "test", "--data", rig.Data)).With(0);
            Assert.Contains(tested.Lines, line => line.StartsWith("smtp took it: status 250", StringComparison.Ordinal));
            Assert.Contains(tested.Lines, line => line.StartsWith("pager took it: status 200", StringComparison.Ordinal));
            await mails.TakenAsync(mail => Encoding.ASCII.GetString(mail.Content).Contains("\r\nCertHerald-Test: 1\r\n", StringComparison.Ordinal));
            // Too soon after the other: said, and no success.
            Assert.Contains("was tested just now", (await Certherald.RunAsync("operators", "test", "--data", rig.Data)).With(1).Output, StringComparison.Ordinal);
            Assert.Equal(143, await program.StopAsync());
        }

        // Told once, whatever restarts.
        int before = rig.Receiver.Requests.Count;
        await using Certherald again = await rig.RunReadyAsync();
        (await Certherald.RunAsync("operators", "test", "--data", rig.Data)).With(0);
        Assert.Equal(["ping"], rig.Receiver.Requests.Skip(before).Select(TypeOf));
    }

    [Fact]
    public async Task E16_if_no_channel_works_standard_error_and_readiness_say_so()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Receiver gone = Receiver.Start();
        gone.Default = Receiver.Answer(410);
        JsonObject pager = ServiceRig.Webhook("pager", gone.Url.ToString(), "operator");
        (pager["dialect"], pager["signed"]) = ("native", false);
        rig.Configuration["webhooks"] = new JsonArray(pager);
        await using (Certherald first = await rig.RunReadyAsync())
        {
            await first.ErrorLineAsync(line => line.Contains("Webhook pager is on hold", StringComparison.Ordinal));
            Assert.Equal(143, await first.StopAsync());
        }

        await using Certherald program = await rig.RunReadyAsync();
        await program.ErrorLineAsync(line => line.Contains("No operator channel works, so nobody is told of trouble: pager: It answered 410 Gone", StringComparison.Ordinal));
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.GetAsync(new Uri($"{rig.Address}/readyz"), Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        JsonElement check = Assert.Single(
            JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(Cancellation)).GetProperty("checks").EnumerateArray(),
            check => check.GetProperty("name").GetString() == "operator_channels");
        Assert.False(check.GetProperty("ok").GetBoolean());
        Assert.StartsWith("No operator channel works", check.GetProperty("reason").GetString(), StringComparison.Ordinal);
        (await Certherald.RunAsync("operators", "list", "--data", rig.Data)).With(1);
    }

    private static string TypeOf(Received request) => JsonElement.Parse(request.Body).GetProperty("type").GetString()!;
}
