using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog.Faults;

/// <summary>F10–F16, F26, F36: heads, and that all goes with them.</summary>
public sealed class HeadFaultsTests
{
    public static TheoryData<LogProtocol> Both => [LogProtocol.Rfc6962, LogProtocol.StaticCt];

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F10_every_second_head_is_an_older_one_over_the_same_tree(LogProtocol protocol)
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        log.Grow(10);
        log.Log.Misbehave("head=older");

        var (older, newer) = (await log.HeadAsync(protocol), await log.HeadAsync(protocol));

        Assert.Equal((600UL, 610UL), (older.Size, newer.Size));
        Assert.True(older.IsSigned && newer.IsSigned && older.Timestamp < newer.Timestamp);
        Assert.Equal(log.Log.RootAt(new TreeSize(600)).ToArray(), older.Root);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F11_a_head_is_signed_anew_at_each_look(LogProtocol protocol)
    {
        await using FaultyLog log = await FaultyLog.WithAsync("head=resign");
        var first = await log.HeadAsync(protocol);
        log.Time.Advance(TimeSpan.FromSeconds(7));
        var second = await log.HeadAsync(protocol);

        Assert.Equal((first.Size, first.Timestamp + 7000, true), (second.Size, second.Timestamp, second.IsSigned));
        Assert.Equal(first.Root, second.Root);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F12_a_fork_has_another_root_of_the_same_size_and_agrees_with_itself(LogProtocol protocol)
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        var honest = await log.HeadAsync(protocol);
        log.Log.Misbehave("head=fork");

        var forked = await log.HeadAsync(protocol);

        Assert.Equal((honest.Size, honest.Timestamp, true), (forked.Size, forked.Timestamp, forked.IsSigned));
        Assert.NotEqual(honest.Root, forked.Root);
        await AgreesWithItselfAsync(log, forked.Root, changed: 599);
        log.Grow(10);
        var grown = await log.HeadAsync(protocol);
        Assert.Equal((610UL, true), (grown.Size, grown.IsSigned));
        Assert.NotEqual(log.Log.RootAt(new TreeSize(610)).ToArray(), grown.Root);
        Assert.Equal(grown.Root, protocol == LogProtocol.Rfc6962 ? await log.RootOfEntriesAsync(610) : await log.RootOfTilesAsync(610));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F13_a_rewritten_tree_is_larger_signed_and_no_extension_of_the_old_one(LogProtocol protocol)
    {
        await using FaultyLog log = await FaultyLog.WithAsync("head=rewrite");
        var before = await log.HeadAsync(protocol);
        Assert.Equal(log.Log.RootAt(new TreeSize(600)).ToArray(), before.Root);
        log.Grow(60);

        var after = await log.HeadAsync(protocol);

        Assert.Equal((660UL, true), (after.Size, after.IsSigned));
        JsonElement proof = (await log.JsonAsync("ct/v1/get-sth-consistency?first=600&second=660")).GetProperty("consistency");
        Assert.False(ProofChecks.IsConsistent(600, 660, before.Root, after.Root, ServedLog.Hashes(proof)));
        await AgreesWithItselfAsync(log, after.Root, changed: 0, size: 660);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962, "badsig")]
    [InlineData(LogProtocol.Rfc6962, "badsig-key")]
    [InlineData(LogProtocol.Rfc6962, "badsig-codes")]
    [InlineData(LogProtocol.Rfc6962, "badsig-tail")]
    [InlineData(LogProtocol.StaticCt, "badsig")]
    [InlineData(LogProtocol.StaticCt, "badsig-key")]
    [InlineData(LogProtocol.StaticCt, "badsig-codes")]
    [InlineData(LogProtocol.StaticCt, "badsig-tail")]
    public async Task F14_a_head_bears_no_signature_of_the_log(LogProtocol protocol, string form)
    {
        await using FaultyLog log = await FaultyLog.WithAsync($"head={form},times=1");
        Assert.False((await log.HeadAsync(protocol)).IsSigned);
        Assert.True((await log.HeadAsync(protocol)).IsSigned);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F15_a_head_is_stuck_while_the_log_grows_and_then_recovers(LogProtocol protocol)
    {
        await using FaultyLog log = await FaultyLog.WithAsync("head=stale,for=1h");
        var stuck = await log.HeadAsync(protocol);
        log.Time.Advance(TimeSpan.FromMinutes(59));
        log.Grow(10);
        var later = await log.HeadAsync(protocol);
        log.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal((stuck.Size, stuck.Timestamp), (later.Size, later.Timestamp));
        Assert.Equal(610UL, (await log.HeadAsync(protocol)).Size);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F16_a_head_is_minutes_ahead(LogProtocol protocol)
    {
        await using FaultyLog log = await FaultyLog.WithAsync("head=future");
        var head = await log.HeadAsync(protocol);
        Assert.True(head.IsSigned);
        Assert.Equal(log.Time.GetUtcNow().AddMinutes(5), DateTimeOffset.FromUnixTimeMilliseconds((long)head.Timestamp));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    public async Task F26_a_log_shows_its_tree_at_a_size(ulong size)
    {
        await using FaultyLog log = await FaultyLog.WithAsync($"size={size}");
        foreach (LogProtocol protocol in Enum.GetValues<LogProtocol>())
        {
            var head = await log.HeadAsync(protocol);
            Assert.Equal((size, true), (head.Size, head.IsSigned));
            Assert.Equal(log.Log.RootAt(new TreeSize(size)).ToArray(), head.Root);
        }
        Assert.Equal(400, await log.StatusAsync($"ct/v1/get-entries?start={size}&end={size}"));
        Assert.Equal(log.Log.RootAt(new TreeSize(size)).ToArray(), await log.RootOfEntriesAsync(size));
        Assert.Equal(log.Log.RootAt(new TreeSize(size)).ToArray(), await log.RootOfTilesAsync(size));
    }

    [Theory]
    [InlineData("at", 600, true)]
    [InlineData("below", 300, true)]
    [InlineData("unlike", 600, false)]
    public async Task F36_a_read_only_log_stands_at_below_or_unlike_its_final_head(string form, ulong shown, bool agrees)
    {
        await using FaultyLog log = await FaultyLog.WithAsync($"freeze={form}");
        log.Grow(10);

        JsonElement listed = (await log.JsonAsync("log_list.json")).GetProperty("operators")[0];
        foreach (JsonElement described in new[] { listed.GetProperty("logs")[0], listed.GetProperty("tiled_logs")[0] })
        {
            JsonElement final = described.GetProperty("state").GetProperty("readonly").GetProperty("final_tree_head");
            Assert.Equal(600UL, final.GetProperty("tree_size").GetUInt64());
            Assert.Equal(agrees, log.Log.RootAt(new TreeSize(600)).ToArray().AsSpan().SequenceEqual(final.GetProperty("sha256_root_hash").GetBytesFromBase64()));
        }
        foreach (LogProtocol protocol in Enum.GetValues<LogProtocol>()) Assert.Equal(shown, (await log.HeadAsync(protocol)).Size);
    }

    /// <summary>Entries, tiles and proofs are those of the tree with this root.</summary>
    private static async Task AgreesWithItselfAsync(FaultyLog log, byte[] root, ulong changed, ulong size = 600)
    {
        Assert.Equal(root, await log.RootOfEntriesAsync(size));
        Assert.Equal(root, await log.RootOfTilesAsync(size));
        ulong tile = changed / 256, width = Math.Min(256, size - 256 * tile);
        byte[] hashes = await log.BytesAsync(FaultyLog.TilePath("0", tile, width));
        byte[] leaf = Assert.Single(await log.EntriesAsync(changed, changed)).LeafInput;
        Assert.Equal(ProofChecks.LeafHash(leaf), hashes[(int)(32 * (changed % 256))..][..32]);
        byte[] upper = await log.BytesAsync(FaultyLog.TilePath("1", 0, size / 256));
        MerkleHash[] full = [.. (await log.BytesAsync("tiles/tile/0/000")).Chunk(32).Select(hash => new MerkleHash(hash))];
        Assert.Equal(upper[..32], Frontier.Empty.Append(full).Root().ToArray());

        foreach (string call in new[] { $"ct/v1/get-entry-and-proof?leaf_index={changed}&tree_size={size}", $"ct/v1/get-proof-by-hash?hash={Uri.EscapeDataString(Convert.ToBase64String(ProofChecks.LeafHash(leaf)))}&tree_size={size}" })
            Assert.True(ProofChecks.IsIncluded(changed, size, ProofChecks.LeafHash(leaf), ServedLog.Hashes((await log.JsonAsync(call)).GetProperty("audit_path")), root));
    }
}
