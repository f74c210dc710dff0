using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>An imitation, from the log to the receiver.</summary>
[Collection(ProgramTests.Name)]
public sealed class LookalikeTests
{
    [Fact]
    public async Task M19_a_certificate_with_two_offending_names_is_one_phishing_change_also_after_a_kill()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["lookalikes"] = new JsonArray("facebook.com");
        JsonObject webhook = ServiceRig.Webhook("app", rig.Receiver.Url.ToString(), "lookalike");
        webhook["dialect"] = "meta";
        webhook["app_secret"] = "0123456789abcdef0123456789abcdef";
        rig.Configuration["webhooks"] = new JsonArray(webhook);
        rig.Log.AddChain(rig.Ca.Issue("www.facebook.com", "notebook.com").Chain);
        rig.Log.AddChain(rig.Ca.Issue("evil.com", "facebook.com.evil.com", "*.facebook.com.evil.com").Chain);

        Received told;
        await using (Certherald killed = rig.Run())
        {
            told = await rig.Receiver.NextAsync();
            await rig.ReadToHeadAsync();
            await killed.KillAsync();
        }
        await using Certherald program = await rig.RunReadyAsync();
        rig.Log.AddChain(rig.Ca.Issue("facebook.com.evil.com").Chain);
        rig.Log.AddChain(rig.Ca.Issue("faceb00k.com").Chain);
        Received next = await rig.Receiver.NextAsync();
        Assert.Equal(143, await program.StopAsync());

        JsonElement change = Assert.Single(told.Json().GetProperty("entry")[0].GetProperty("changes").EnumerateArray());
        Assert.Equal("phishing", change.GetProperty("field").GetString());
        Assert.Equal(["*.facebook.com.evil.com", "facebook.com.evil.com"], change.GetProperty("value").GetProperty("phishing_domains").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal("facebook.com", change.GetProperty("value").GetProperty("phished_domain").GetString());
        Assert.Equal("faceb00k.com", next.Json().GetProperty("entry")[0].GetProperty("changes")[0].GetProperty("value").GetProperty("phishing_domains")[0].GetString());
        Assert.Equal(2, rig.Receiver.Requests.Count);
    }
}
