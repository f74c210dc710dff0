using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Storage;
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

    [Fact]
    public async Task A_preview_says_what_protecting_a_domain_would_have_raised_and_changes_nothing()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Log.AddChain(rig.Ca.Issue("login.faceb00k.com", "www.example.com").Chain);
        rig.Log.AddChain(rig.Ca.Issue("facebook.com.evil.com", "shop.example.com").Chain);
        await using Certherald program = await rig.RunReadyAsync();
        await rig.ReadToHeadAsync();
        string[] where = ["--data", rig.Data], preview = ["domains", "add", "facebook.com", "--lookalikes", "--preview", .. where];

        string shown = (await Certherald.RunAsync(preview)).With(0).Output;
        JsonElement exact = JsonElement.Parse((await Certherald.RunAsync([.. preview, "--json"])).With(0).Output);
        JsonElement less = JsonElement.Parse((await Certherald.RunAsync([.. preview, "--json", "--own", "faceb00k.com", "--allow", "evil.com"])).With(0).Output);

        // Which names are ordinary ones already is a matter of seconds.
        Assert.Matches(@"^facebook\.com, threshold 50: 2 registrable domains would have been told of, in \d+ ordinary names that were read and 4 names of the last certificates that were kept\n", shown);
        Assert.Matches(@"\n  high: 2\n", shown);
        Assert.Matches(@"\n +\d+  login\.faceb00k\.com  faceb00k is drawn like facebook: 0 for o", shown);
        Assert.Matches(@"\n +\d+  facebook\.com\.evil\.com  facebook\.com stands inside evil\.com", shown);
        Assert.Equal(("facebook.com", 50, 2), (exact.GetProperty("domain").GetString(), exact.GetProperty("threshold").GetInt32(), exact.GetProperty("alerts").GetInt32()));
        Assert.Equal(0, less.GetProperty("alerts").GetInt32());
        Assert.DoesNotContain("facebook.com", (await Certherald.RunAsync(["domains", "list", "--lookalikes", .. where])).With(0).Output, StringComparison.Ordinal);
        Ended wrong = (await Certherald.RunAsync(["domains", "add", "no domain", "--lookalikes", "--preview", .. where])).With(2);
        Assert.Contains("write example.com", wrong.Errors, StringComparison.Ordinal);
        Assert.Equal(143, await program.StopAsync());
    }

    [Fact]
    public async Task Weak_ones_are_kept_once_over_a_kill_and_a_command_asks_for_more()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["lookalikes"] = new JsonArray(new JsonObject { ["domain"] = "facebook.com", ["digest"] = 30 });
        rig.Log.AddChain(rig.Ca.Issue("xfacebookx.org").Chain);
        await using (Certherald killed = rig.Run())
        {
            await rig.ReadToHeadAsync();
            await killed.KillAsync();
        }
        await using (Certherald program = await rig.RunReadyAsync())
        {
            string[] where = ["--data", rig.Data];
            Assert.StartsWith("example-shop.com is protected", (await Certherald.RunAsync(["domains", "add", "example-shop.com", "--lookalikes", "--digest", "25", .. where])).With(0).Output, StringComparison.Ordinal);
            Assert.Contains("below the threshold", (await Certherald.RunAsync(["domains", "add", "example-shop.com", "--lookalikes", "--digest", "50", .. where])).With(1).Errors, StringComparison.Ordinal);
            string[] listed = (await Certherald.RunAsync(["domains", "list", "--lookalikes", .. where])).With(0).Output.Trim().Split('\n');
            Assert.EndsWith("threshold 50, digest from 30, configuration", listed.Single(line => line.StartsWith("facebook.com", StringComparison.Ordinal)), StringComparison.Ordinal);
            Assert.Contains("threshold 50, digest from 25, added", listed.Single(line => line.StartsWith("example-shop.com", StringComparison.Ordinal)), StringComparison.Ordinal);
            rig.Log.AddChain(rig.Ca.Issue("www.xfacebookx.org").Chain);
            rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
            await rig.Receiver.NextAsync();
            Assert.Equal(143, await program.StopAsync());
        }

        using var meter = new Meter("CertHerald");
        await using IStore store = Stores.Open("sqlite", rig.Data, TimeProvider.System, meter);
        StoredWeakLookalike kept = Assert.Single(await store.WeakLookalikesAsync(new WeakLookalikeFilter(), TestContext.Current.CancellationToken));
        Assert.Equal(("facebook.com", "xfacebookx.org", 2), (kept.Domain, kept.Registrable, kept.Certificates));
    }
}
