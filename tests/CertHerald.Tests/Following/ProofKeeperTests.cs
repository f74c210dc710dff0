using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.Logging.Abstractions;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>Audit paths that reading did not yield.</summary>
public sealed class ProofKeeperTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rule_9_3_what_was_caught_up_with_gets_its_proof_later()
    {
        await using LyingLog log = await CatchUpLogAsync();
        await using var rig = new FollowingRig(".example.com");
        await rig.FollowToAsync(log.Description, 350);
        Sighting early = Assert.Single(await rig.SightingsAsync());
        Assert.True(early.Proven);
        Assert.Null(early.Proof);
        Assert.Null(await rig.Store.FindEvidenceAsync(1, null, Cancellation));

        Assert.True(await AskAsync(rig, log));

        SightingProof proof = Assert.Single(await rig.SightingsAsync()).Proof!;
        Assert.Equal((350UL, 9), (proof.TreeSize.Value, proof.Hashes));
        Evidence evidence = (await rig.Store.FindEvidenceAsync(1, (log.Description.Id, new EntryIndex(5)), Cancellation))!;
        Assert.Null(EvidenceCheck.Refusal(evidence));
        Assert.Empty(await rig.Store.UnprovedLeavesAsync(log.Description.Id, null, 10, Cancellation));
    }

    [Theory]
    [InlineData("get-proof-by-hash", true)]
    [InlineData("get-entry-and-proof", true)]
    [InlineData("-proof", false)]
    public async Task A_log_without_one_call_is_asked_by_the_other_and_one_without_both_leaves_evidence_missing(string missing, bool isHad)
    {
        await using LyingLog log = await CatchUpLogAsync();
        await using var rig = new FollowingRig(".example.com");
        await rig.FollowToAsync(log.Description, 350);
        log.Lie = (path, context, _) =>
        {
            bool isMissing = path.Contains(missing, StringComparison.Ordinal) || (missing == "-proof" && path.Contains("get-proof", StringComparison.Ordinal));
            if (isMissing) context.Response.StatusCode = 404;
            return Task.FromResult(isMissing);
        };

        Assert.Equal(isHad, await AskAsync(rig, log));

        Assert.Equal(isHad, Assert.Single(await rig.SightingsAsync()).Proof is not null);
    }

    [Fact]
    public async Task F25_a_path_that_does_not_lead_to_the_head_is_not_kept()
    {
        await using LyingLog log = await CatchUpLogAsync();
        await using var rig = new FollowingRig(".example.com");
        await rig.FollowToAsync(log.Description, 350);
        log.Lie = async (path, context, body) =>
        {
            if (!path.Contains("proof", StringComparison.Ordinal)) return false;
            System.Text.Json.Nodes.JsonNode answer = System.Text.Json.Nodes.JsonNode.Parse(body)!;
            answer["audit_path"]![0] = MerkleHash.OfLeaf("another"u8).ToBase64();
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, answer.ToJsonString());
            return true;
        };

        Assert.False(await AskAsync(rig, log));

        Assert.Null(Assert.Single(await rig.SightingsAsync()).Proof);
    }

    [Fact]
    public async Task Rule_8_11_a_leaf_whose_proof_fails_keeps_no_other_from_its_own()
    {
        await using LyingLog log = await CatchUpLogAsync(5, 7);
        await using var rig = new FollowingRig(".example.com");
        await rig.FollowToAsync(log.Description, 350);
        string first = Uri.EscapeDataString(log.Log.LeafHashAt(new EntryIndex(5)).ToBase64());
        log.Lie = (path, context, _) =>
        {
            bool fails = path.Contains(first, StringComparison.Ordinal) || path.Contains("leaf_index=5&", StringComparison.Ordinal);
            if (fails) context.Response.StatusCode = 500;
            return Task.FromResult(fails);
        };

        Assert.False(await AskAsync(rig, log));

        Assert.Equal([(5UL, false), (7UL, true)], (await rig.SightingsAsync()).OrderBy(one => one.Index.Value).Select(one => (one.Index.Value, one.Proof is not null)));
    }

    [Fact]
    public async Task Rule_8_9_a_log_that_says_it_is_asked_too_much_is_left_alone_at_once_and_asked_on_from_there()
    {
        await using LyingLog log = await CatchUpLogAsync(5, 7);
        await using var rig = new FollowingRig(".example.com");
        await rig.FollowToAsync(log.Description, 350);
        bool refuses = true;
        int asked = 0;
        log.Lie = (path, context, _) =>
        {
            if (!path.Contains("proof", StringComparison.Ordinal) || !Volatile.Read(ref refuses)) return Task.FromResult(false);
            Interlocked.Increment(ref asked);
            context.Response.StatusCode = 429;
            return Task.FromResult(true);
        };
        using var keeper = new ProofKeeper(() => [], _ => throw new NotSupportedException(), rig.Store, rig.Time, NullLogger<ProofKeeper>.Instance);
        // A clock that runs: it waits for the pacer, not for us.
        using var asking = new Asking();
        using LogReader reader = asking.Sources.Read(log.Description, RequestPriority.CatchUp, isCustom: true);

        await Assert.ThrowsAsync<LogUnavailableException>(() => keeper.AskAsync(log.Description.Id, reader, Cancellation));
        Assert.Equal(1, asked);
        Volatile.Write(ref refuses, false);
        Assert.False(await keeper.AskAsync(log.Description.Id, reader, Cancellation));
        Assert.Equal([(5UL, false), (7UL, true)], (await rig.SightingsAsync()).OrderBy(one => one.Index.Value).Select(one => (one.Index.Value, one.Proof is not null)));
        Assert.True(await keeper.AskAsync(log.Description.Id, reader, Cancellation));
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962, 1)]
    [InlineData(LogProtocol.Rfc6962, 300)]
    [InlineData(LogProtocol.StaticCt, 1)]
    [InlineData(LogProtocol.StaticCt, 2)]
    [InlineData(LogProtocol.StaticCt, 255)]
    [InlineData(LogProtocol.StaticCt, 256)]
    [InlineData(LogProtocol.StaticCt, 257)]
    [InlineData(LogProtocol.StaticCt, 1_300)]
    public async Task Every_entry_s_audit_path_can_be_had_from_a_log(LogProtocol protocol, int entries)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, entries);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        for (int i = 0; i < entries; i += entries / 20 + 1)
        {
            var index = new EntryIndex((ulong)i);
            MerkleHash leaf = log.Log.LeafHashAt(index);
            Assert.NotNull(await reader.GetInclusionAsync(index, leaf, head, Cancellation));
            Assert.Null(await reader.GetInclusionAsync(index, MerkleHash.OfLeaf("another"u8), head, Cancellation));
            Assert.Equal(leaf, MerkleHash.OfLeaf((await reader.GetLeafAsync(index, leaf, head, Cancellation))!));
        }
    }

    [Fact]
    public async Task It_runs_beside_the_followers_and_a_log_s_trouble_ends_nothing()
    {
        await using LyingLog log = await CatchUpLogAsync();
        await using var rig = new FollowingRig(".example.com");
        FollowedLog followed = await rig.FollowToAsync(log.Description, 350);
        int asked = 0;
        log.Lie = (path, context, _) =>
        {
            bool isRefused = path.Contains("proof", StringComparison.Ordinal) && Interlocked.Increment(ref asked) <= 2;
            if (isRefused) context.Response.StatusCode = 500;
            return Task.FromResult(isRefused);
        };
        // A clock of its own: the requests' limits stand still.
        var time = new ManualTime();
        using var keeper = new ProofKeeper(
            () => [followed], one => rig.Asking.Sources.Read(one.Log, RequestPriority.CatchUp, isCustom: true), rig.Store, time, NullLogger<ProofKeeper>.Instance);

        await keeper.StartAsync(Cancellation);
        await Eventually.HappensAsync(async () =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return Assert.Single(await rig.SightingsAsync()).Proof is not null;
        });
        await keeper.StopAsync(Cancellation);

        Assert.Equal(FollowState.Following, followed.Standing.State);
        Assert.Equal(3, asked);
    }

    private static Task<bool> AskAsync(FollowingRig rig, LyingLog log)
    {
        using var keeper = new ProofKeeper(() => [], _ => throw new NotSupportedException(), rig.Store, rig.Time, NullLogger<ProofKeeper>.Instance);
        return AskAsync(keeper);

        async Task<bool> AskAsync(ProofKeeper one)
        {
            using LogReader reader = rig.Asking.Sources.Read(log.Description, RequestPriority.CatchUp, isCustom: true);
            return await one.AskAsync(log.Description.Id, reader, Cancellation);
        }
    }

    /// <summary>Entry 5 shows a watched name, and the log gives a hundred entries at a time: its batch does not reach the head.</summary>
    private static Task<LyingLog> CatchUpLogAsync() => CatchUpLogAsync(5);

    private static async Task<LyingLog> CatchUpLogAsync(params int[] watched)
    {
        LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 0, maxEntriesPerAnswer: 100);
        using var ca = new TestCa();
        byte[] other = ca.Issue("www.example.org").Der;
        for (int i = 0; i < 350; i++) log.Log.AddChain(watched.Contains(i) ? ca.Issue(i == 5 ? "shop.example.com" : $"shop{i}.example.com").Chain : [other, ca.Intermediate.RawData, ca.Root.RawData]);
        log.Log.Publish();
        return log;
    }
}
