using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.EndToEnd;

namespace CertHerald.Tests.Cli;

/// <summary><c>issuances</c> and <c>endpoints</c>, asked of the real program.</summary>
[Collection(ProgramTests.Name)]
public sealed class FoundCommandsTests
{
    [Fact]
    public async Task What_was_found_is_listed_and_shown_with_its_revocation_and_each_name_with_the_end_of_its_certificate()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Certherald program = await rig.RunReadyAsync();
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
        string id = (await rig.Receiver.NextAsync()).Json().GetProperty("id").GetString()!;
        string[] where = ["--config", rig.WriteConfiguration()];

        string list = (await Certherald.RunAsync(["issuances", "list", .. where])).With(0).Output;
        string shown = (await Certherald.RunAsync(["issuances", "show", id, .. where])).With(0).Output;
        string names = (await Certherald.RunAsync(["endpoints", "list", .. where])).With(0).Output;
        JsonElement json = JsonElement.Parse((await Certherald.RunAsync(["endpoints", "list", "--domain", ".example.com", "--limit", "5", "--json", .. where])).With(0).Output);

        Assert.Contains(" unknown ", list, StringComparison.Ordinal);
        Assert.EndsWith("www.example.com", list.Trim(), StringComparison.Ordinal);
        Assert.Contains("\nrevocation  not known (", shown, StringComparison.Ordinal);
        Assert.StartsWith("www.example.com ", names, StringComparison.Ordinal);
        Assert.Contains($"issuance {id}", names, StringComparison.Ordinal);
        Assert.Equal(("www.example.com", id), (json[0].GetProperty("dns_name").GetString(), json[0].GetProperty("certificate").GetProperty("id").GetString()));
        Assert.Contains("There is no such", (await Certherald.RunAsync(["issuances", "show", "999", .. where])).With(1).Errors, StringComparison.Ordinal);
    }
}
