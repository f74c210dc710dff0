using CertHerald.Following;
using CertHerald.Tests.Transparency.Entries;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Following;

public sealed class LeafIndexCheckTests
{
    [Fact]
    public void A_real_tile_in_its_place_is_in_order_and_costs_no_memory()
    {
        using RawBatch batch = Tile(at: 0);
        Assert.Null(LeafIndexCheck.Report(batch, isArchived: false));
        long before = GC.GetAllocatedBytesForCurrentThread();

        LeafIndexCheck.Report(batch, isArchived: false);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_real_tile_in_another_place_is_not()
    {
        using RawBatch batch = Tile(at: 256);
        Assert.Equal("index 0 at position 256; 255 more such entries up to 511", LeafIndexCheck.Report(batch, isArchived: false)!.Summary);
    }

    [Fact]
    public void Rule_5_5_An_archived_log_bears_no_index_and_a_wrong_one_is_still_wrong()
    {
        using var builder = new RawBatchBuilder(new EntryIndex(7), ExtraDataForm.StaticCt);
        Assert.True(builder.Add([.. CertHerald.Tests.Fetching.LyingLog.LeafInput(7)[..^10], 0, 0], []));
        using RawBatch bare = builder.Build();
        Assert.NotNull(LeafIndexCheck.Report(bare, isArchived: false));
        Assert.Null(LeafIndexCheck.Report(bare, isArchived: true));

        using RawBatch elsewhere = Tile(at: 256);
        Assert.NotNull(LeafIndexCheck.Report(elsewhere, isArchived: true));
    }

    private static RawBatch Tile(ulong at)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(at), ExtraDataForm.StaticCt);
        Assert.True(DataTile.TryAppend(RecordedEntries.NavigliTile(0), 0, 256, builder, out _));
        return builder.Build();
    }
}
