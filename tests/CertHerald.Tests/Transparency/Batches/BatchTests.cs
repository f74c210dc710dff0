using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Entries;
using CertHerald.Tests.Transparency.Heads;
using CertHerald.Tests.Transparency.Merkle;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Batches;

public class BatchTests
{
    private readonly SigningLog _log = new();

    [Fact]
    public void A_monitor_that_knows_256_entries_of_the_recorded_log_arrives_at_its_signed_heads()
    {
        Frontier at256 = At256();
        VerifiedHead at400 = RecordedHead(400), at700 = RecordedHead(700);

        using RawBatch all = RecordedEntries.Read(SharedData.Bytes("google-ct-server", "get-entries.256-511.json"), 256, 256);
        using RawBatch first = Part(all, 0, 144), second = Part(all, 144, 112);
        var proven = Assert.IsType<VerifiedBatch>(Batch.Check(at256, first, [], at400));
        Assert.Equal(400UL, proven.End.Size.Value);

        var waiting = Assert.IsType<UnprovenBatch>(Batch.Check(proven.End, second, [], at700));
        Assert.Equal(RecordedHeadsTests.Root(512), waiting.End.Root());

        using RawBatch page = RecordedEntries.Read(SharedData.Bytes("google-ct-server", "get-entries.512-767.json"), 512, 256);
        using RawBatch third = Part(page, 0, 188);
        var arrived = Assert.IsType<VerifiedBatch>(Batch.Check(waiting.End, third, [], at700));
        Assert.Equal(RecordedHeadsTests.Root(700), arrived.End.Root());
        using RawBatch last = Part(page, 188, 68);
        Assert.Equal(RecordedHeadsTests.Root(768), arrived.End.Append(last.LeafHashes()).Root());
    }

    [Fact]
    public void One_flipped_byte_in_any_entry_disputes_the_batch()
    {
        Frontier at256 = At256();
        VerifiedHead at400 = RecordedHead(400);
        using RawBatch all = RecordedEntries.Read(SharedData.Bytes("google-ct-server", "get-entries.256-511.json"), 256, 256);
        var random = new Random(400);
        for (int entry = 0; entry < 144; entry++)
        {
            using RawBatch changed = Part(all, 0, 144, flip: entry, random.Next());
            var disputed = Assert.IsType<DisputedBatch>(Batch.Check(at256, changed, [], at400));
            Assert.Equal((at256, at400), (disputed.Before, disputed.Head));
        }
    }

    [Fact]
    public void Entries_out_of_order_or_left_out_dispute_the_batch()
    {
        using RawBatch batch = RecordedEntries.NavigliFromTiles(0, 3);
        ReadOnlySpan<MerkleHash> d = batch.LeafHashes();
        foreach (MerkleHash[] other in new[] { new[] { d[1], d[0], d[2] }, [d[0], d[2], d[2]], [d[0], d[1], d[1]] })
            Assert.IsType<DisputedBatch>(Batch.Check(Frontier.Empty, batch, [], _log.Head(3, RecursiveTree.Root(other))));
        Assert.IsType<VerifiedBatch>(Batch.Check(Frontier.Empty, batch, [], _log.Head(3, RecursiveTree.Root(d))));
    }

    [Theory]
    [InlineData(0, 256)]
    [InlineData(256, 256)]
    [InlineData(300, 10)]
    [InlineData(1_000, 24)]
    public void Subtrees_behind_a_batch_prove_it_far_below_the_head(int start, int count)
    {
        using RawBatch whole = RecordedEntries.NavigliFromTiles(0, 1_024);
        MerkleHash[] d = whole.LeafHashes().ToArray();
        VerifiedHead head = _log.Head(1_024, RecursiveTree.Root(d));
        Frontier before = Frontier.Empty.Append(d.AsSpan(0, start));
        MerkleHash[] after = FrontierTests.SubtreesOf(start + count, 1_024, d);
        using RawBatch raw = RecordedEntries.NavigliFromTiles(start, count);

        var batch = Assert.IsType<VerifiedBatch>(Batch.Check(before, raw, after, head));
        Assert.Same(head, batch.Head);
        for (int i = start; i < start + count; i += 7)
            Assert.Equal(RecursiveTree.Path(i, d), batch.PathTo(new EntryIndex((ulong)i)));

        if (after.Length == 0) return;
        after[^1] = RecursiveTree.Flip(after[^1], 0);
        Assert.IsType<DisputedBatch>(Batch.Check(before, raw, after, head));
    }

    [Fact]
    public void A_consistency_proof_proves_a_batch_below_the_head()
    {
        using RawBatch whole = RecordedEntries.NavigliFromTiles(0, 700), raw = RecordedEntries.NavigliFromTiles(0, 450);
        ReadOnlySpan<MerkleHash> d = whole.LeafHashes();
        VerifiedHead head = _log.Head(700, RecursiveTree.Root(d));
        var batch = Assert.IsType<UnprovenBatch>(Batch.Check(Frontier.Empty, raw, [], head));
        MerkleHash[] proof = RecursiveTree.Proof(450, d);
        Assert.True(batch.IsProvenBy(proof, head));
        proof[2] = RecursiveTree.Flip(proof[2], 9);
        Assert.False(batch.IsProvenBy(proof, head));
    }

    [Fact]
    public void A_batch_that_does_not_start_at_the_frontier_is_a_mistake_of_the_program()
    {
        using RawBatch raw = RecordedEntries.NavigliFromTiles(1, 2);
        Assert.Throws<ArgumentException>(() => Batch.Check(Frontier.Empty, raw, [], _log.Head(3, default)));
    }

    private static Frontier At256()
    {
        using var document = SharedData.Json("google-ct-server", "expected.json");
        Assert.True(MerkleHash.TryParseBase64(document.RootElement.GetProperty("first_256_subtree").GetString(), out MerkleHash subtree));
        Assert.True(Frontier.TryCreate(new TreeSize(256), [subtree], out Frontier? frontier));
        return frontier;
    }

    private static VerifiedHead RecordedHead(int size)
    {
        Assert.True(LogKey.TryCreate(SharedData.Bytes("google-ct-server", "public_key.der"), out LogKey? key, out _));
        VerifiedHead.Verify(RecordedHeadsTests.Head("google-ct-server", $"get-sth.{size}.json"), key, out VerifiedHead? head);
        return head!;
    }

    /// <summary>Some entries of a batch as a batch of their own, perhaps with one byte of one leaf changed.</summary>
    private static RawBatch Part(RawBatch batch, int skip, int take, int flip = -1, int at = 0)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(batch.Start.Value + (ulong)skip), batch.Form);
        for (int i = skip; i < skip + take; i++)
        {
            byte[] leaf = batch[i].LeafInput.ToArray();
            if (i == flip) leaf[at % leaf.Length] ^= 1;
            Assert.True(builder.Add(leaf, batch[i].ExtraData));
        }
        return builder.Build();
    }
}
