using System.Security.Cryptography;
using CertHerald.Transparency.Merkle;
using FsCheck;
using FsCheck.Fluent;

namespace CertHerald.Tests.Transparency.Merkle;

public class FrontierTests
{
    private static readonly MerkleHash[] D = RecursiveTree.Leaves(1_500);

    [Fact]
    public void The_empty_frontier_has_the_root_of_the_empty_tree() =>
        Assert.Equal("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", Frontier.Empty.Root().ToBase64());

    [Fact]
    public void Rule_1_3_Leaves_begin_with_0_nodes_with_1_and_a_tree_splits_at_the_largest_power_of_two_below_its_size()
    {
        byte[][] inputs = [.. Enumerable.Range(0, 7).Select(i => (byte[])[(byte)i, 0xFF])];
        MerkleHash[] leaves = [.. inputs.Select(input => MerkleHash.OfLeaf(input))];
        Assert.All(inputs, input => Assert.Equal(SHA256.HashData([0, .. input]), MerkleHash.OfLeaf(input).ToArray()));
        Assert.Equal("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", MerkleHash.OfEmptyTree.ToBase64());

        // Written out: 3 = 2 + 1, 4 = 2 + 2, 5 = 4 + 1, 6 = 4 + 2, 7 = 4 + 3.
        MerkleHash ab = Node(leaves[0], leaves[1]), cd = Node(leaves[2], leaves[3]), ef = Node(leaves[4], leaves[5]), four = Node(ab, cd);
        MerkleHash[] roots = [leaves[0], ab, Node(ab, leaves[2]), four, Node(four, leaves[4]), Node(four, ef), Node(four, Node(ef, leaves[6]))];
        for (int n = 1; n <= roots.Length; n++) Assert.Equal(roots[n - 1], Frontier.Empty.Append(leaves.AsSpan(0, n)).Root());

        static MerkleHash Node(MerkleHash left, MerkleHash right)
        {
            var node = new MerkleHash(SHA256.HashData([1, .. left.ToArray(), .. right.ToArray()]));
            Assert.Equal(node, MerkleHash.OfNode(left, right));
            return node;
        }
    }

    [Fact]
    public void Rule_4_4_Appending_in_any_chunks_gives_the_root_of_the_recursive_definition() =>
        Prop.ForAll(Gen.Choose(0, 300).ListOf(5).ToArbitrary(), chunks =>
        {
            Frontier frontier = Frontier.Empty;
            int at = 0;
            foreach (int chunk in chunks)
            {
                frontier = frontier.Append(D.AsSpan(at, chunk));
                at += chunk;
                if (frontier.Size.Value != (ulong)at || frontier.Root() != RecursiveTree.Root(D.AsSpan(0, at))) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_hash_of_a_frontier_is_the_root_of_the_subtree_it_stands_for() =>
        Prop.ForAll(Gen.Choose(0, D.Length).ToArbitrary(), size =>
            Frontier.Empty.Append(D.AsSpan(0, size)).Hashes.SequenceEqual(SubtreesOf(0, size)))
        .QuickCheckThrowOnFailure();

    [Fact]
    public void Joining_the_subtrees_of_a_range_is_appending_its_leaves() =>
        Prop.ForAll(Gen.Choose(0, D.Length).Two().ToArbitrary(), sizes =>
        {
            (int a, int b) = (Math.Min(sizes.Item1, sizes.Item2), Math.Max(sizes.Item1, sizes.Item2));
            Frontier before = Frontier.Empty.Append(D.AsSpan(0, a));
            return before.Join(SubtreesOf(a, b), new TreeSize((ulong)b)).Equals(before.Append(D.AsSpan(a, b - a)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Joining_nothing_changes_nothing_and_the_size_shows_it()
    {
        Frontier before = Frontier.Empty.Append(D.AsSpan(0, 7));
        Assert.Same(before, before.Join([], new TreeSize(9)));
    }

    [Fact]
    public void Subtrees_that_do_not_fill_the_range_are_refused()
    {
        Frontier before = Frontier.Empty.Append(D.AsSpan(0, 7));
        Assert.Throws<ArgumentException>(() => before.Join(D.AsSpan(0, 1), new TreeSize(10)));
        Assert.Throws<ArgumentException>(() => before.Join(D.AsSpan(0, 3), new TreeSize(9)));
        Assert.Throws<ArgumentException>(() => before.Join(D.AsSpan(0, 1), new TreeSize(6)));
    }

    [Fact]
    public void A_frontier_comes_back_from_its_bytes_and_only_from_as_many()
    {
        Frontier frontier = Frontier.Empty.Append(D.AsSpan(0, 1_023));
        byte[] bytes = frontier.ToBytes();

        Assert.Equal(10 * MerkleHash.Length, bytes.Length);
        Assert.True(Frontier.TryRead(frontier.Size, bytes, out Frontier? again));
        Assert.Equal(frontier, again);
        Assert.False(Frontier.TryRead(frontier.Size, bytes.AsSpan(1), out _));
        Assert.False(Frontier.TryRead(new TreeSize(1_024), bytes, out _));
        Assert.False(Frontier.TryCreate(new TreeSize(3), D.AsSpan(0, 1), out _));
    }

    [Fact]
    public void A_frontier_that_differs_in_one_bit_is_not_equal()
    {
        Frontier frontier = Frontier.Empty.Append(D.AsSpan(0, 5));
        MerkleHash[] hashes = frontier.Hashes.ToArray();
        hashes[1] = RecursiveTree.Flip(hashes[1], 255);
        Assert.True(Frontier.TryCreate(frontier.Size, hashes, out Frontier? other));
        Assert.NotEqual(frontier, other);
    }

    [Theory]
    [InlineData(0UL, 0UL, "")]
    [InlineData(0UL, 7UL, "2.0 1.2 0.6")]
    [InlineData(5UL, 8UL, "0.5 1.3")]
    [InlineData(3UL, 21UL, "0.3 2.1 3.1 2.4 0.20")]
    [InlineData((1UL << 40) - 1, 1UL << 40, "0.1099511627775")]
    [InlineData(0UL, 1UL << 63, "63.0")]
    public void Ranges_fall_into_maximal_aligned_subtrees(ulong from, ulong until, string expected)
    {
        var parts = new List<string>();
        foreach (Subtree subtree in Subtrees.Of(new TreeSize(from), new TreeSize(until))) parts.Add($"{subtree.Level}.{subtree.Index}");
        Assert.Equal(expected, string.Join(' ', parts));
        Assert.Equal(parts.Count, Subtrees.CountOf(new TreeSize(from), new TreeSize(until)));
    }

    internal static MerkleHash[] SubtreesOf(int from, int until, MerkleHash[]? leaves = null)
    {
        var hashes = new List<MerkleHash>();
        foreach (Subtree subtree in Subtrees.Of(new TreeSize((ulong)from), new TreeSize((ulong)until)))
            hashes.Add(RecursiveTree.Root((leaves ?? D).AsSpan((int)subtree.First.Value, (int)subtree.Count)));
        return [.. hashes];
    }
}
