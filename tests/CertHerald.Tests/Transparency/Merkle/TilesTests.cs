using System.Runtime.InteropServices;
using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Merkle;

/// <summary>K13, and the tiles of real implementations.</summary>
public class TilesTests
{
    // C2SP static-ct-api: "/" between groups of three digits, all but the last prefixed x.
    [Theory]
    [InlineData(0UL, 256, "tile/0/000")]
    [InlineData(7UL, 256, "tile/0/007")]
    [InlineData(999UL, 256, "tile/0/999")]
    [InlineData(1_000UL, 256, "tile/0/x001/000")]
    [InlineData(1_234_067UL, 256, "tile/0/x001/x234/067")]
    [InlineData(273UL, 112, "tile/0/273.p/112")]
    [InlineData((1UL << 32) - 1, 255, "tile/0/x004/x294/x967/295.p/255")]
    public void K13_Rule_5_2_paths_are_grouped_by_three_digits(ulong tile, int width, string path)
    {
        Assert.Equal(path, Tiles.HashPath(0, tile, width));
        Assert.Equal(path.Replace("/0/", "/data/", StringComparison.Ordinal), Tiles.DataPath(tile, width));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(257)]
    public void Rule_5_2_No_path_has_a_width_that_no_tile_has(int width) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Tiles.HashPath(0, 0, width));

    // ct.md 5.3
    [Theory]
    [InlineData(256UL, 0, 1UL, 0)]
    [InlineData(256UL, 1, 0UL, 1)]
    [InlineData(70_000UL, 0, 273UL, 112)]
    [InlineData(70_000UL, 1, 1UL, 17)]
    [InlineData(70_000UL, 2, 0UL, 1)]
    [InlineData(70_000UL, 3, 0UL, 0)]
    [InlineData((1UL << 40) - 1, 0, (1UL << 32) - 1, 255)]
    [InlineData((1UL << 40) - 1, 4, 0UL, 255)]
    [InlineData((1UL << 40) - 1, 5, 0UL, 0)]
    public void K13_Rule_5_3_levels_have_full_tiles_and_perhaps_one_partial(ulong size, int level, ulong full, int partial)
    {
        var tree = new TreeSize(size);
        Assert.Equal(full, Tiles.FullTiles(level, tree));
        if (full > 0) Assert.Equal(256, Tiles.WidthOf(level, full - 1, tree));
        Assert.Equal(partial, Tiles.WidthOf(level, full, tree));
        Assert.Equal(0, Tiles.WidthOf(level, full + 1, tree));
    }

    [Fact]
    public void K13_every_subtree_of_every_size_up_to_70000_lies_in_a_tile_of_that_size()
    {
        for (ulong size = 0; size <= 70_000; size += size < 600 ? 1UL : 97)
            foreach (Subtree subtree in Subtrees.Of(new TreeSize(0), new TreeSize(size)))
            {
                TileSlot slot = Tiles.Locate(subtree);
                Assert.True(slot.First + slot.Count <= Tiles.WidthOf(slot.Level, slot.Tile, new TreeSize(size)));
                Assert.Equal(subtree.First.Value, (slot.Tile * 256 + (ulong)slot.First) << 8 * slot.Level);
                Assert.Equal(subtree.Count, (ulong)slot.Count << 8 * slot.Level);
            }
    }

    [Fact]
    public void A_tile_of_another_length_is_refused_and_a_full_one_stands_in_for_a_partial_one()
    {
        byte[] full = new byte[8_192];
        Assert.True(HashTile.TryRead(full, 256, out _));
        Assert.True(HashTile.TryRead(full, 3, out ReadOnlySpan<MerkleHash> cut));
        Assert.Equal(3, cut.Length);
        Assert.True(HashTile.TryRead(full.AsSpan(0, 96), 3, out _));
        Assert.False(HashTile.TryRead(full.AsSpan(1), 256, out _));
        Assert.False(HashTile.TryRead(new byte[8_193], 256, out _));
        Assert.False(HashTile.TryRead(full.AsSpan(0, 64), 3, out _));
        Assert.False(HashTile.TryRead([], 0, out _));
    }

    [Fact]
    public void Tlog_tiles_of_sizes_0_to_15_have_the_roots_of_their_checkpoints()
    {
        for (int size = 0; size <= 15; size++)
        {
            byte[] tile = size == 0 ? [] : SharedData.Bytes("static-ct", "tlog-0-15", "tile", "0", "000.p", $"{size}");
            string root = SharedData.Text("static-ct", "tlog-0-15", $"checkpoint.{size}").Split('\n')[2];
            Assert.Equal(root, Frontier.Empty.Append(MemoryMarshal.Cast<byte, MerkleHash>(tile)).Root().ToBase64());
        }
    }

    [Fact]
    public void A_mirrored_tree_of_300_leaves_folds_from_its_tiles_to_its_checkpoint()
    {
        string folder = Directory.GetDirectories(SharedData.PathOf("static-ct", "sunlight-layout", "witness", "mirror"))[0];
        var size = new TreeSize(300);
        var hashes = new List<MerkleHash>();
        foreach (Subtree subtree in Subtrees.Of(new TreeSize(0), size))
        {
            TileSlot slot = Tiles.Locate(subtree);
            int width = Tiles.WidthOf(slot.Level, slot.Tile, size);
            byte[] bytes = File.ReadAllBytes(Path.Combine(folder, Tiles.HashPath(slot.Level, slot.Tile, width)));
            Assert.True(HashTile.TryRead(bytes, width, out ReadOnlySpan<MerkleHash> tile));
            Assert.True(HashTile.TrySubtree(tile, slot, out MerkleHash hash));
            hashes.Add(hash);
        }

        Assert.True(Frontier.TryCreate(size, [.. hashes], out Frontier? frontier));
        Assert.Equal(File.ReadAllLines(Path.Combine(folder, "checkpoint"))[2], frontier.Root().ToBase64());

        // ct.md 5.7: the full tile's root is its hash one level up.
        HashTile.TryRead(File.ReadAllBytes(Path.Combine(folder, "tile", "0", "000")), 256, out ReadOnlySpan<MerkleHash> below);
        Assert.Equal(HashTile.Subtree(below), hashes[0]);
    }

    [Fact]
    public void K7_Navigli_level_0_tiles_have_the_roots_computed_for_their_prefixes()
    {
        var level0 = new List<MerkleHash>();
        for (int tile = 0; tile < 4; tile++)
            level0.AddRange(MemoryMarshal.Cast<byte, MerkleHash>(SharedData.Bytes("static-ct", "navigli2025h2", "tile", "0", $"00{tile}")));

        using JsonDocument roots = SharedData.Json("static-ct", "navigli2025h2", "roots.json");
        foreach (JsonProperty root in roots.RootElement.GetProperty("roots").EnumerateObject())
            Assert.Equal(
                root.Value.GetString(),
                Frontier.Empty.Append(CollectionsMarshal.AsSpan(level0)[..int.Parse(root.Name, null)]).Root().ToBase64());
    }
}
