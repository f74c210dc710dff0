using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>From a log to a receiver who believes nobody.</summary>
[Collection(ProgramTests.Name)]
public sealed class EvidenceTests
{
    [Fact]
    public async Task An_alert_s_evidence_is_verified_as_the_receiver_got_it_and_only_who_asked_has_it()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using var plain = Receiver.Start();
        rig.Configuration["webhooks"]![0]!["evidence"] = true;
        rig.Configuration["webhooks"]!.AsArray().Add(ServiceRig.Webhook("plain", plain.Url.ToString()));
        rig.Log.AddPreChain(rig.Ca.IssuePrecertificate("www.example.com").Chain);
        rig.Log.AddChain(rig.Ca.Issue("shop.example.com").Chain);
        await using Certherald program = await rig.RunReadyAsync();

        Received[] alerts = [await rig.Receiver.NextAsync(), await rig.Receiver.NextAsync()];
        Received[] plainAlerts = [await plain.NextAsync(), await plain.NextAsync()];
        Assert.Equal(143, await program.StopAsync());

        Assert.All(plainAlerts, alert => Assert.False(alert.Json().TryGetProperty("certherald", out _)));
        foreach (Received alert in alerts)
        {
            string said = (await Certherald.RunAsync(["verify", "-"], alert.Body)).With(0).Output;
            Assert.Contains($"for {alert.Names()} issued by", said, StringComparison.Ordinal);
            byte[] changed = [.. alert.Body];
            changed[^200] ^= 1;
            (await Certherald.RunAsync(["verify", "-"], changed)).With(1);
        }
    }
}
