using CertHerald.Following;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.TestLog;
using CertHerald.Tests.Fetching;
using CertHerald.Tests.Following;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Inspecting;

/// <summary>Evidence as it comes to be: a real follower read it from a log over HTTP, and a real store kept it.</summary>
internal static class Exhibit
{
    public static async Task<Evidence> OfAsync(LogProtocol protocol, bool isPrecertificate)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, 21);
        using var ca = new TestCa();
        if (isPrecertificate) log.Log.AddPreChain(ca.IssuePrecertificate("shop.example.com", "www.example.com").Chain);
        else log.Log.AddChain(ca.Issue("shop.example.com", "www.example.com").Chain);
        for (int i = 100; i < 105; i++) log.Log.AddEntry(LyingLog.LeafInput(i), [0, 0, 0]);
        log.Log.Publish();
        await using var rig = new FollowingRig(".example.com");

        await rig.FollowToAsync(log.Description, 27);

        Evidence? evidence = null;
        // Noise cannot be read, and is kept as malformed: among the findings, one issuance.
        foreach (CertHerald.Storage.Issuance issuance in await rig.IssuancesAsync())
            evidence = await rig.Store.FindEvidenceAsync(issuance.Id, null, TestContext.Current.CancellationToken);
        Assert.NotNull(evidence);
        return evidence;
    }
}
