using System.Runtime.Intrinsics;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Merkle;

public class NodeHasherTests
{
    private delegate void PairHasher(ReadOnlySpan<MerkleHash> children, Span<MerkleHash> parents);

    [Fact]
    public void The_plain_way_is_the_definition()
    {
        MerkleHash[] pair = RecursiveTree.Leaves(2), parent = new MerkleHash[1];
        NodeHasher.HashOneByOne(pair, parent);
        Assert.Equal(RecursiveTree.Root(pair), parent[0]);
    }

    [Fact]
    public void Any_number_of_nodes_is_hashed_as_one_by_one() => AgreesWithThePlainWay(NodeHasher.HashPairs);

    [Fact]
    public void Sixteen_lanes_hash_as_one_by_one()
    {
        Assert.SkipUnless(Lanes512.IsSupported, "left out: this processor has no AVX-512");
        AgreesWithThePlainWay(Sha256Lanes<Vector512<uint>, Lanes512>.HashPairs);
    }

    [Fact]
    public void Eight_lanes_hash_as_one_by_one()
    {
        Assert.SkipUnless(Lanes256.IsSupported, "left out: this processor has no AVX2");
        AgreesWithThePlainWay(Sha256Lanes<Vector256<uint>, Lanes256>.HashPairs);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Parents_may_lie_over_their_children(int offset)
    {
        for (int n = 0; n <= 40; n++)
        {
            MerkleHash[] children = RecursiveTree.Leaves(2 * n + 1, seed: n), expected = new MerkleHash[n];
            NodeHasher.HashOneByOne(children.AsSpan(0, 2 * n), expected);
            NodeHasher.HashPairs(children.AsSpan(0, 2 * n), children.AsSpan(offset));
            Assert.Equal(expected, children[offset..(offset + n)]);
        }
    }

    [Fact]
    public void Odd_children_and_too_few_parents_are_refused()
    {
        MerkleHash[] hashes = RecursiveTree.Leaves(4);
        Assert.Throws<ArgumentException>(() => NodeHasher.HashPairs(hashes.AsSpan(0, 3), hashes));
        Assert.Throws<ArgumentException>(() => NodeHasher.HashPairs(hashes, hashes.AsSpan(0, 1)));
    }

    private static void AgreesWithThePlainWay(PairHasher hasher)
    {
        for (int n = 0; n <= 40; n++)
        {
            MerkleHash[] children = RecursiveTree.Leaves(2 * n, seed: 100 + n);
            MerkleHash[] expected = new MerkleHash[n], found = new MerkleHash[n];
            NodeHasher.HashOneByOne(children, expected);
            hasher(children, found);
            Assert.Equal(expected, found);
        }
    }
}
