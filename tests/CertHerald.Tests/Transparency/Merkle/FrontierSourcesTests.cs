using CertHerald.Transparency.Merkle;
using FsCheck;
using FsCheck.Fluent;

namespace CertHerald.Tests.Transparency.Merkle;

/// <summary>K14: the sources of a frontier (ct.md 4.5) agree.</summary>
public class FrontierSourcesTests
{
    private static readonly MerkleHash[] D = RecursiveTree.Leaves(600, seed: 14);

    [Fact]
    public void K14_consistency_proofs_audit_paths_and_tiles_give_the_same_frontier() =>
        Prop.ForAll(Gen.Choose(1, D.Length).Two().ToArbitrary(), sizes =>
        {
            (int p, int n) = (Math.Min(sizes.Item1, sizes.Item2), Math.Max(sizes.Item1, sizes.Item2));
            if (p == n) return true;
            ReadOnlySpan<MerkleHash> tree = D.AsSpan(0, n);
            var (position, size) = (new TreeSize((ulong)p), new TreeSize((ulong)n));
            MerkleHash root = RecursiveTree.Root(tree);
            Frontier expected = Frontier.Empty.Append(tree[..p]);

            Frontier? path = InclusionProof.FrontierFrom(
                tree[p], new EntryIndex(position.Value), size, RecursiveTree.Path(p, tree), root);
            Frontier? consistency = ConsistencyProof.FrontierFrom(position, size, root, RecursiveTree.Proof(p, tree));
            return expected.Equals(path)
                && expected.Equals(FromTiles(p))
                && (int.IsPow2(p) ? consistency is null : expected.Equals(consistency));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void One_changed_bit_in_a_proof_gives_no_frontier()
    {
        ReadOnlySpan<MerkleHash> tree = D.AsSpan(0, 590);
        MerkleHash root = RecursiveTree.Root(tree);
        MerkleHash[] proof = RecursiveTree.Proof(450, tree), path = RecursiveTree.Path(450, tree);

        for (int i = 0; i < proof.Length; i++)
        {
            MerkleHash[] changed = [.. proof];
            changed[i] = RecursiveTree.Flip(proof[i], i);
            Assert.Null(ConsistencyProof.FrontierFrom(new TreeSize(450), new TreeSize(590), root, changed));
        }
        for (int i = 0; i < path.Length; i++)
        {
            MerkleHash[] changed = [.. path];
            changed[i] = RecursiveTree.Flip(path[i], i);
            Assert.Null(InclusionProof.FrontierFrom(tree[450], new EntryIndex(450), new TreeSize(590), changed, root));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(256)]
    [InlineData(590)]
    [InlineData(591)]
    public void Rule_4_5_Sizes_without_a_frontier_in_their_consistency_proof_are_refused(int p)
    {
        MerkleHash root = RecursiveTree.Root(D.AsSpan(0, 590));
        MerkleHash[] proof = p is > 0 and < 590 ? RecursiveTree.Proof(p, D.AsSpan(0, 590)) : [root];
        Assert.Null(ConsistencyProof.FrontierFrom(new TreeSize((ulong)p), new TreeSize(590), root, proof));
    }

    [Fact]
    public void Audit_paths_computed_from_a_batch_and_its_surroundings_are_those_of_the_definition() =>
        Prop.ForAll(Gen.Choose(0, D.Length).Three().ToArbitrary(), sizes =>
        {
            int[] at = [sizes.Item1, sizes.Item2, sizes.Item3];
            Array.Sort(at);
            ReadOnlySpan<MerkleHash> tree = D.AsSpan(0, at[2]);
            Frontier before = Frontier.Empty.Append(tree[..at[0]]);
            MerkleHash[] after = FrontierTests.SubtreesOf(at[1], at[2], D);
            for (int i = at[0]; i < at[1]; i += 97)
            {
                MerkleHash[] path = InclusionProof.PathFrom(
                    new EntryIndex((ulong)i), before, tree[at[0]..at[1]], after, new TreeSize((ulong)at[2]));
                if (!path.AsSpan().SequenceEqual(RecursiveTree.Path(i, tree))) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();

    /// <summary>The frontier as the tiles of a static-ct log give it, each subtree from the tile that <see cref="Tiles"/> names.</summary>
    private static Frontier FromTiles(int size)
    {
        var hashes = new List<MerkleHash>();
        foreach (Subtree subtree in Subtrees.Of(new TreeSize(0), new TreeSize((ulong)size)))
        {
            TileSlot slot = Tiles.Locate(subtree);
            int width = Tiles.WidthOf(slot.Level, slot.Tile, new TreeSize((ulong)size));
            int each = 1 << 8 * slot.Level;
            var tile = new MerkleHash[width];
            for (int i = 0; i < width; i++)
                tile[i] = RecursiveTree.Root(D.AsSpan(((int)slot.Tile * 256 + i) * each, each));
            Assert.True(HashTile.TrySubtree(tile, slot, out MerkleHash hash));
            hashes.Add(hash);
        }
        Assert.True(Frontier.TryCreate(new TreeSize((ulong)size), [.. hashes], out Frontier? frontier));
        return frontier;
    }
}
