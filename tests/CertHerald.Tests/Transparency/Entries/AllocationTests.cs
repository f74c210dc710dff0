using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Entries;

public class AllocationTests
{
    [Fact]
    public void Reading_and_hashing_get_entries_allocates_the_same_for_500_entries_as_for_1000()
    {
        byte[] half = RecordedEntries.NavigliAnswer(0, 500), whole = RecordedEntries.NavigliAnswer(0, 1_000);
        Assert.Equal(Allocated(() => Json(half)), Allocated(() => Json(whole)));
        Assert.InRange(Allocated(() => Json(whole)), 0, 512);

        static void Json(byte[] answer)
        {
            using RawBatch batch = RecordedEntries.Read(answer, 0, 1_000);
            batch.LeafHashes();
        }
    }

    [Fact]
    public void Reading_and_hashing_tiles_allocates_the_same_for_128_entries_as_for_256()
    {
        byte[] tile = RecordedEntries.NavigliTile(0);
        Assert.Equal(Allocated(() => Tile(tile, 128)), Allocated(() => Tile(tile, 256)));
        Assert.InRange(Allocated(() => Tile(tile, 256)), 0, 512);

        static void Tile(byte[] tile, int take)
        {
            using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.StaticCt, tile.Length + 3 * 256);
            Assert.True(DataTile.TryAppend(tile, 0, take, builder, out _));
            using RawBatch batch = builder.Build();
            batch.LeafHashes();
        }
    }

    [Fact]
    public void Taking_an_entry_apart_allocates_nothing()
    {
        using RawBatch batch = RecordedEntries.Read(RecordedEntries.NavigliAnswer(0, 100), 0, 100);
        Assert.Equal(0, Allocated(() =>
        {
            for (int i = 0; i < batch.Count; i++)
            {
                LogEntry.Read(batch[i], out LogEntry entry);
                foreach (ReadOnlySpan<byte> _ in entry.Chain) { }
                _ = entry.LeafIndex;
            }
        }));
    }

    [Fact]
    public void Appending_to_a_frontier_allocates_the_new_frontier_only()
    {
        MerkleHash[] leaves = Merkle.RecursiveTree.Leaves(1_023);
        Assert.Equal(
            Allocated(() => Frontier.Empty.Append(leaves.AsSpan(0, 511))) + MerkleHash.Length,
            Allocated(() => Frontier.Empty.Append(leaves)));
    }

    /// <summary>Bytes allocated by a run, once pools are filled and code is compiled: the least of several.</summary>
    private static long Allocated(Action action)
    {
        long least = long.MaxValue;
        for (int run = 0; run < 10; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
