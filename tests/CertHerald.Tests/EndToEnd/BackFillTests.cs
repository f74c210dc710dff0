using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>A name that is watched since later, searched for in the past by the real program.</summary>
[Collection(ProgramTests.Name)]
public sealed class BackFillTests
{
    [Fact]
    public async Task A_name_is_added_with_its_past_which_is_told_once_and_shown_as_done()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["logs"]!["start"] = "end";
        rig.Log.AddChain(rig.Ca.Issue("old.late.example").Chain);
        rig.Log.AddChain(rig.Ca.Issue("other.example").Chain);
        await using Certherald program = await rig.RunReadyAsync();
        await rig.ReadToHeadAsync();
        Assert.Empty(rig.Receiver.Requests);
        string configuration = rig.WriteConfiguration();

        Ended added = (await Certherald.RunAsync("domains", "add", ".late.example", "--since", "90d", "--config", configuration)).With(0);
        Assert.Contains(".late.example is watched", added.Output, StringComparison.Ordinal);
        Assert.Contains("back-fill 1 searches 2 logs", added.Output, StringComparison.Ordinal);

        Assert.Equal("old.late.example", (await rig.Receiver.NextAsync()).Names());
        JsonElement search = default;
        await Eventually.HappensAsync(async () =>
        {
            search = JsonElement.Parse((await Certherald.RunAsync("back-fills", "list", "--json", "--config", configuration)).With(0).Output)[0];
            return search.GetProperty("state").GetString() == "done";
        });
        Assert.Equal((4UL, 4UL, 0L), (search.GetProperty("read").GetUInt64(), search.GetProperty("total").GetUInt64(), search.GetProperty("seconds_left").GetInt64()));
        // In the other protocol it is the same issuance.
        Assert.Single(rig.Receiver.Requests);

        Assert.Contains("is removed", (await Certherald.RunAsync("back-fills", "remove", "1", "--config", configuration)).With(0).Output, StringComparison.Ordinal);
        Assert.Contains("no search of the past", (await Certherald.RunAsync("back-fills", "list", "--config", configuration)).With(0).Output, StringComparison.Ordinal);
        Assert.Contains("no such back-fill", (await Certherald.RunAsync("back-fills", "pause", "1", "--config", configuration)).With(1).Errors, StringComparison.Ordinal);
        Assert.Contains("--since", (await Certherald.RunAsync("domains", "add", ".late.example", "--since", "soon", "--config", configuration)).With(2).Errors, StringComparison.Ordinal);
    }
}
