using CertHerald.TestLog;

namespace CertHerald.Tests.TestLog.Faults;

/// <summary>F1–F4, F17, F18, F32, as they look on the wire.</summary>
public sealed class EntryFaultsTests
{
    [Theory]
    [InlineData("page=1", 1)]
    [InlineData("page=32", 32)]
    public async Task F1_answers_are_as_short_as_the_page(string fault, int count)
    {
        await using FaultyLog log = await FaultyLog.WithAsync(fault);
        Assert.Equal(count, (await log.EntriesAsync(7, 599)).Length);
        Assert.Single(await log.EntriesAsync(599, 599));
    }

    [Fact]
    public async Task F1_random_pages_differ_and_hold_the_entries_asked_for()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("page=random");
        var counts = new HashSet<int>();
        for (int i = 0; i < 20; i++)
        {
            (byte[] LeafInput, byte[] ExtraData)[] entries = await log.EntriesAsync(100, 599);
            counts.Add(entries.Length);
            Assert.Equal(log.Log.ReadEntry(new(100)).LeafInput, entries[0].LeafInput);
        }
        Assert.InRange(counts.Max(), 1, 500);
        Assert.True(counts.Count > 1);
    }

    [Fact]
    public async Task F2_answers_end_at_multiples()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("align=100");
        Assert.Equal(100, (await log.EntriesAsync(0, 599)).Length);
        Assert.Equal(33, (await log.EntriesAsync(67, 599)).Length);
        Assert.Equal(5, (await log.EntriesAsync(510, 514)).Length);
    }

    [Fact]
    public async Task F3_an_answer_has_no_entries_or_one_more_than_asked_for()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("count=none,times=1");
        Assert.Empty(await log.EntriesAsync(0, 9));
        Assert.Equal(10, (await log.EntriesAsync(0, 9)).Length);
        log.Log.Misbehave("count=more");
        Assert.Equal(11, (await log.EntriesAsync(0, 9)).Length);
    }

    [Fact]
    public async Task F4_an_end_beyond_the_head_is_refused()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("end=strict");
        Assert.Equal(400, await log.StatusAsync("ct/v1/get-entries?start=590&end=600"));
        Assert.Equal(10, (await log.EntriesAsync(590, 599)).Length);
    }

    [Fact]
    public async Task F17_a_flipped_leaf_is_served_in_both_protocols_and_hashed_in_none()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("flip=100");
        byte[] root = (await log.HeadAsync(LogProtocol.StaticCt)).Root;

        byte[] served = (await log.EntriesAsync(90, 110))[10].LeafInput, honest = log.Log.ReadEntry(new(100)).LeafInput;
        byte[] inTile = FaultyLog.LeavesOf(await log.BytesAsync("tiles/tile/data/000")).ElementAt(100);

        Assert.NotEqual(honest, served);
        Assert.Equal(served, inTile);
        Assert.Equal(honest.Length, served.Length);
        Assert.NotEqual(root, await log.RootOfEntriesAsync(600));
        Assert.NotEqual(root, await log.RootOfTilesAsync(600));
        log.Log.Behave();
        Assert.Equal(root, await log.RootOfEntriesAsync(600));
        Assert.Equal(root, await log.RootOfTilesAsync(600));
    }

    [Fact]
    public async Task F17_a_leaf_is_flipped_once_if_so_told_and_only_where_it_is_served()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("flip=100,times=1");
        await log.EntriesAsync(0, 99);
        Assert.NotEqual(log.Log.ReadEntry(new(100)).LeafInput, Assert.Single(await log.EntriesAsync(100, 100)).LeafInput);
        Assert.Equal(log.Log.ReadEntry(new(100)).LeafInput, Assert.Single(await log.EntriesAsync(100, 100)).LeafInput);
        Assert.Empty(log.Log.Faults.Faults);
    }

    [Fact]
    public async Task F18_a_missing_range_is_refused_while_all_around_it_is_given()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("missing=300-310,for=30s");
        Assert.Equal(300, (await log.EntriesAsync(0, 599)).Length);
        Assert.Equal(500, await log.StatusAsync("ct/v1/get-entries?start=300&end=400"));
        Assert.Equal(500, await log.StatusAsync("ct/v1/get-entries?start=310&end=400"));
        Assert.Equal(500, await log.StatusAsync("ct/v1/get-entry-and-proof?leaf_index=305&tree_size=600"));
        Assert.Equal(289, (await log.EntriesAsync(311, 599)).Length);
        foreach ((string tile, int status) in new[] { ("data/000", 200), ("data/001", 500), ("data/002.p/88", 200), ("0/001", 200) })
            Assert.Equal(status, await log.StatusAsync("tiles/tile/" + tile));

        log.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(600, (await log.EntriesAsync(0, 599)).Length);
        Assert.Equal(200, await log.StatusAsync("tiles/tile/data/001"));
    }

    [Fact]
    public async Task F32_what_is_pruned_is_gone_and_the_right_edge_stays()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("prune=512");
        foreach (string gone in new[] { "tiles/tile/data/000", "tiles/tile/data/001", "tiles/tile/0/000", "tiles/tile/0/001", "ct/v1/get-entries?start=0&end=5", "ct/v1/get-entries?start=511&end=599" })
            Assert.Equal(404, await log.StatusAsync(gone));
        foreach (string kept in new[] { "tiles/tile/data/002.p/88", "tiles/tile/0/002.p/88", "tiles/tile/1/000.p/2", "ct/v1/get-entries?start=512&end=599", "tiles/checkpoint" })
            Assert.Equal(200, await log.StatusAsync(kept));
    }
}
