using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Storage;

/// <summary>Leaves and their audit paths.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task What_a_batch_proves_is_kept_with_its_proof_in_the_same_commit()
    {
        PaperLog log = await BeginAsync(entries: 7);
        Batch batch = log.Read(0, 7);
        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 4, Some.Facts("a.example"))), Some.Unknown(Some.Malformed(batch.Raw, 6)));

        Sighting sighting = await SightingAsync(1);
        Assert.Equal(new SightingProof(new TreeSize(7), DateTimeOffset.FromUnixTimeMilliseconds(1_772_366_400_000), 3), sighting.Proof);
        Evidence evidence = (await Store.FindEvidenceAsync(1, null, Cancellation))!;
        Assert.Null(EvidenceCheck.Refusal(evidence));
        Assert.Equal((log.Id, "paper", 4UL, sighting.LeafHash), (evidence.Log.Id, evidence.Log.Description, evidence.Entry.Index.Value, evidence.Entry.LeafHash));
        Assert.Equal(batch.Raw[4].LeafInput.ToArray(), evidence.Entry.LeafInput.ToArray());

        Evidence malformed = (await Store.FindMalformedEvidenceAsync(1, Cancellation))!;
        Assert.Null(EvidenceCheck.Refusal(malformed));
        Assert.Equal((6UL, null), (malformed.Entry.Index.Value, malformed.Certificate));
        Assert.Null(EvidenceCheck.Refusal((await Store.FindEvidenceAsync(1, (log.Id, new EntryIndex(4)), Cancellation))!));
        Assert.Null(await Store.FindEvidenceAsync(1, (log.Id, new EntryIndex(5)), Cancellation));
        Assert.Null(await Store.FindEvidenceAsync(2, null, Cancellation));
        Assert.Null(await Store.FindMalformedEvidenceAsync(2, Cancellation));
        Assert.Empty(await Store.UnprovedLeavesAsync(log.Id, null, 10, Cancellation));
    }

    [Fact]
    public async Task What_becomes_proven_later_waits_for_its_path_from_then_on_and_keeps_the_first()
    {
        PaperLog log = await BeginAsync(entries: 7);
        Batch first = log.Read(0, 4);
        await CommitAsync(log, first, Some.Unknown(Some.Match(first.Raw, 1, Some.Facts("a.example"))), Some.Unknown(Some.Malformed(first.Raw, 2)), Some.Unknown(Some.Match(first.Raw, 3, Some.Facts("b.example"))));
        Assert.Empty(await Store.UnprovedLeavesAsync(log.Id, null, 10, Cancellation));
        Assert.Null(await Store.FindProvenHeadAsync(log.Id, Cancellation));
        VerifiedHead head = log.Head();
        await Store.KeepHeadAsync(log.Id, head, Cancellation);
        await CommitAsync(log, log.Read(4, 7, head));

        IReadOnlyList<UnprovedLeaf> owed = await Store.UnprovedLeavesAsync(log.Id, null, 2, Cancellation);
        Assert.Equal([1UL, 2UL], owed.Select(leaf => leaf.Index.Value));
        Assert.Equal(3UL, Assert.Single(await Store.UnprovedLeavesAsync(log.Id, owed[1], 2, Cancellation)).Index.Value);
        StoredHead kept = (await Store.FindProvenHeadAsync(log.Id, Cancellation))!;
        Assert.Equal((head.Size, head.Root), (kept.Size, kept.Root));

        using var whole = log.Raw(0, 7);
        MerkleHash[] path = InclusionProof.PathFrom(new EntryIndex(1), Frontier.Empty, whole.LeafHashes(), [], head.Size);
        var proof = new LeafProof(owed[0].Index, owed[0].LeafHash, owed[0].LeafInput!, path, kept, Time.GetUtcNow());
        await Store.KeepProofAsync(log.Id, proof, Cancellation);
        await Store.KeepProofAsync(log.Id, proof with { Path = [] }, Cancellation);

        Assert.Null(EvidenceCheck.Refusal((await Store.FindEvidenceAsync(1, null, Cancellation))!));
        Assert.Equal([2UL, 3UL], (await Store.UnprovedLeavesAsync(log.Id, null, 10, Cancellation)).Select(leaf => leaf.Index.Value));
    }

    [Fact]
    public async Task A_leaf_that_only_a_disputed_batch_has_shown_waits_for_no_path()
    {
        PaperLog log = await BeginAsync(entries: 4);
        Batch disputed = log.Read(0, 4, log.Lie());
        await CommitAsync(log, disputed, Some.Unknown(Some.Match(disputed.Raw, 1, Some.Facts("a.example"))));
        log.Rewrite(1, "the truth");
        Batch again = log.Read(0, 4);
        await CommitAsync(log, again, Some.Unknown(Some.Match(again.Raw, 1, Some.Facts("a.example"))));

        Assert.Empty(await Store.UnprovedLeavesAsync(log.Id, null, 10, Cancellation));
        Assert.Equal([false, true], (await Store.SightingsAsync(1, Cancellation)).Select(sighting => sighting.Proof is not null));
    }

    [Fact]
    public async Task Evidence_outlives_the_heads_that_are_forgotten()
    {
        PaperLog log = await BeginAsync(entries: 100);
        for (ulong size = 1; size <= 100; size++)
        {
            VerifiedHead head = log.Head(size);
            await Store.KeepHeadAsync(log.Id, head, Cancellation);
            Batch batch = log.Read(size - 1, size, head);
            if (size == 1) await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example"))));
            else await CommitAsync(log, batch);
        }

        Evidence evidence = (await Store.FindEvidenceAsync(1, null, Cancellation))!;
        Assert.Null(EvidenceCheck.Refusal(evidence));
        Assert.Equal(1UL, evidence.Inclusion.TreeSize.Value);
    }
}
