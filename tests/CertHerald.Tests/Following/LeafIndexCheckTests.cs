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
        Assert.Null(LeafIndexCheck.Report(batch));
        long before = GC.GetAllocatedBytesForCurrentThread();

        LeafIndexCheck.Report(batch);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_real_tile_in_another_place_is_not()
    {
        using RawBatch batch = Tile(at: 256);
        Assert.Equal("index 0 at position 256; 255 more such entries up to 511", LeafIndexCheck.Report(batch)!.Summary);
    }

    private static RawBatch Tile(ulong at)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(at), ExtraDataForm.StaticCt);
        Assert.True(DataTile.TryAppend(RecordedEntries.NavigliTile(0), 0, 256, builder, out _));
        return builder.Build();
    }
}
