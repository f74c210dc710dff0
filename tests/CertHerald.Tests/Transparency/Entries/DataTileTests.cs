using System.Security.Cryptography;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Entries;

/// <summary>K7: the real tiles of navigli2025h2.</summary>
public class DataTileTests
{
    [Fact]
    public void K7_leaves_of_the_data_tiles_are_those_of_level_0_and_count_their_places()
    {
        using RawBatch batch = RecordedEntries.NavigliFromTiles(0, 1_024);
        var issuers = new DirectoryInfo(SharedData.PathOf("static-ct", "navigli2025h2", "issuer")).GetFiles().Select(file => file.Name).ToHashSet();
        Assert.Equal(1_024, batch.Count);
        for (int i = 0; i < batch.Count; i++)
        {
            Assert.Equal(RecordedEntries.NavigliTile(i / 256, "0").AsSpan(i % 256 * 32, 32), MerkleHash.BytesOf(batch.LeafHashes()[i]));
            Assert.Equal(EntryFailure.None, LogEntry.Read(batch[i], out LogEntry entry));
            Assert.Equal((ulong)i, entry.LeafIndex);
            Assert.Equal(EntryType.Precert, entry.Type);
            Assert.Equal(ExtraFailure.None, entry.ExtraFailure);
            Assert.Equal(0x30, entry.Tbs[0]);
            Assert.Equal(0x30, entry.PreCertificate[0]);
            Assert.True(entry.Chain.IsEmpty);
            Assert.NotEqual(0, entry.Fingerprints.Length);
            foreach (MerkleHash fingerprint in entry.Fingerprints) Assert.Contains(fingerprint.ToHex(), issuers);
        }
    }

    [Fact]
    public void Rule_5_4_The_same_entries_come_out_of_tiles_and_of_get_entries()
    {
        using RawBatch tiles = RecordedEntries.NavigliFromTiles(0, 1_024);
        using RawBatch rows = RecordedEntries.Read(RecordedEntries.NavigliAnswer(0, 1_024), 0, 1_024);
        for (int i = 0; i < 1_024; i++)
        {
            Assert.True(tiles[i].LeafInput.SequenceEqual(rows[i].LeafInput));
            LogEntry.Read(tiles[i], out LogEntry fromTile);
            LogEntry.Read(rows[i], out LogEntry fromRow);
            Assert.True(fromTile.PreCertificate.SequenceEqual(fromRow.PreCertificate));
            var fingerprints = new List<MerkleHash>();
            foreach (ReadOnlySpan<byte> certificate in fromRow.Chain) fingerprints.Add(new MerkleHash(SHA256.HashData(certificate)));
            Assert.Equal(fingerprints, fromTile.Fingerprints.ToArray());
        }
    }

    [Fact]
    public void A_partial_tile_holds_the_start_of_the_full_one_and_the_full_one_stands_in_for_it()
    {
        byte[] partial = SharedData.Bytes("static-ct", "navigli2025h2", "tile", "data", "003.p", "10");
        using RawBatch fromPartial = Append(partial, 3, 7), fromFull = Append(RecordedEntries.NavigliTile(3), 3, 7);
        Assert.Equal(fromPartial.LeafHashes().ToArray(), fromFull.LeafHashes().ToArray());
        Assert.Equal(7, fromPartial.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(5_000)]
    [InlineData(-1)]
    public void A_cut_tile_gives_the_leaves_before_the_cut_and_names_the_place(int length)
    {
        byte[] tile = RecordedEntries.NavigliTile(0);
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.StaticCt);
        Assert.False(DataTile.TryAppend(tile.AsSpan(0, length < 0 ? tile.Length - 1 : length), 0, 256, builder, out string? problem));
        Assert.Contains($"leaf {builder.Count} ", problem, StringComparison.Ordinal);
        Assert.InRange(builder.Count, 0, 255);
    }

    [Fact]
    public void Bytes_behind_the_256th_leaf_are_refused()
    {
        byte[] tile = [.. RecordedEntries.NavigliTile(0), 0];
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.StaticCt);
        Assert.False(DataTile.TryAppend(tile, 0, 256, builder, out string? problem));
        Assert.Contains("bytes follow", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_leaf_of_an_unknown_type_ends_the_tile()
    {
        byte[] tile = RecordedEntries.NavigliTile(0);
        tile[9] = 2;
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.StaticCt);
        Assert.False(DataTile.TryAppend(tile, 0, 256, builder, out string? problem));
        Assert.StartsWith("leaf 0 ", problem, StringComparison.Ordinal);
    }

    private static RawBatch Append(byte[] tile, int skip, int take)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(768 + (ulong)skip), ExtraDataForm.StaticCt);
        Assert.True(DataTile.TryAppend(tile, skip, take, builder, out string? problem), problem);
        return builder.Build();
    }
}
