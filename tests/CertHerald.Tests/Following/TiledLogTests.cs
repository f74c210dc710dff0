using System.Text;
using System.Text.RegularExpressions;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using LogKey = CertHerald.Transparency.Logs.LogKey;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>What a tiled log is asked for, and where, from its first entry to its head and beyond (ct.md 5.1, 5.11, 6.5).</summary>
public sealed partial class TiledLogTests : IAsyncDisposable
{
    private readonly FollowingRig _rig = new(".example.com") { Behind = 500 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rule_5_1_All_is_read_below_the_monitoring_prefix_and_the_submission_prefix_only_names_the_log()
    {
        await using ScriptedServer submission = await ScriptedServer.AnsweringAsync(200, "text/plain", "not for monitors"u8.ToArray());
        using var ca = new TestCa();
        await using var log = new Log();
        for (int i = 0; i < 300; i++) log.AddChain(ca.Issue(Some.Numbered("n", i) + (i % 100 == 0 ? ".example.com" : ".example.org")).Chain);
        log.Publish();
        var serving = new LogServerOptions { Origin = submission.Url.Authority };
        await using LogServer monitoring = await LogServer.StartAsync(log, serving, Cancellation);
        Assert.True(LogKey.TryCreate(log.StaticCtKey.Spki.Span, out LogKey? key, out _));
        LogDescription description = LogDescription.Custom(key, LogProtocol.StaticCt, monitoring.MonitoringUrl.AbsoluteUri, submission.Url.AbsoluteUri, "a log");

        await _rig.FollowToAsync(description, 300);

        Assert.Equal(submission.Url.Authority, description.Origin);
        Assert.Empty(submission.Requests);
        Assert.Equal(3, (await _rig.IssuancesAsync()).Count);
        Assert.All(await _rig.IssuancesAsync(), issuance => Assert.NotNull(issuance.Certificate.IssuerPubkeySha256));
        // The checkpoint bears the name that the submission prefix gives.
        Assert.Empty(await _rig.Store.IncidentsAsync(10, Cancellation));
    }

    [Fact]
    public async Task Rule_5_11_Names_tiles_are_never_asked_for_nor_anything_else_that_no_head_vouches_for()
    {
        await using LyingLog log = await GrowAsync(700);
        FollowedLog followed = _rig.Follow(log.Description, LogStart.Beginning);
        // The tip opens anew at the head, what lies behind it is caught up with and joined; then the log grows.
        await _rig.ReachAsync(followed, 700);
        await _rig.JoinAsync(followed);
        using var ca = new TestCa();
        log.Log.AddChain(ca.Issue("late.example.com").Chain);
        log.Log.Publish();
        await _rig.ReachAsync(followed, 701);
        await _rig.StopAsync(followed);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        Assert.NotNull(await reader.GetInclusionAsync(new EntryIndex(300), log.Log.LeafHashAt(new EntryIndex(300)), head, Cancellation));

        string[] asked = [.. log.Requests];
        foreach (string kind in (string[])["checkpoint", "tile/data/", "tile/0/", "tile/1/", "issuer/"])
            Assert.Contains(asked, path => path.StartsWith(kind, StringComparison.Ordinal));
        Assert.All(asked, path => Assert.Matches(Proven(), path));
        Assert.Equal(8, (await _rig.IssuancesAsync()).Count);
    }

    [Fact]
    public async Task Rule_6_5_A_checkpoint_is_kept_as_it_was_served_with_the_lines_that_nobody_knows()
    {
        await using LyingLog log = await GrowAsync(10);
        byte[]? served = null;
        log.Lie = async (path, context, body) =>
        {
            if (!path.EndsWith("checkpoint", StringComparison.Ordinal)) return false;
            served = [.. body, .. Encoding.UTF8.GetBytes($"— grease.example {Convert.ToBase64String(new byte[20])}\n")];
            await context.Response.Body.WriteAsync(served);
            return true;
        };

        await _rig.FollowToAsync(log.Description, 10);

        StoredHead kept = (await _rig.Store.FindProvenHeadAsync(log.Description.Id, Cancellation))!;
        Assert.Equal(served, kept.Verbatim);
        Assert.Equal(log.Log.Head.Root, kept.Root);
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    /// <summary>A log in which every hundredth entry is watched.</summary>
    private static async Task<LyingLog> GrowAsync(int entries)
    {
        LyingLog log = await LyingLog.StartAsync(LogProtocol.StaticCt, 0);
        using var ca = new TestCa();
        byte[] other = ca.Issue("other.example.org").Der;
        for (int i = 0; i < entries; i++)
            log.Log.AddChain(i % 100 == 0 ? ca.Issue(Some.Numbered("n", i) + ".example.com").Chain : [other, ca.Intermediate.RawData, ca.Root.RawData]);
        log.Log.Publish();
        return log;
    }

    [GeneratedRegex(@"^(checkpoint|tile/([0-5]|data)/(x\d{3}/)*\d{3}(\.p/[1-9]\d{0,2})?|issuer/[0-9a-f]{64})$")]
    private static partial Regex Proven();
}
