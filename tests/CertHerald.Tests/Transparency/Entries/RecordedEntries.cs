using System.Text;
using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Entries;

/// <summary>Entries of real logs, in both protocols.</summary>
internal static class RecordedEntries
{
    /// <summary>navigli2025h2, 0 to 1,023, as an answer to get-entries.</summary>
    public static byte[] NavigliAnswer(int start, int count)
    {
        var rows = SharedData.Lines("get-entries", "navigli2025h2-0-1023.entries.jsonl.gz").Skip(start).Take(count);
        return Encoding.UTF8.GetBytes($$"""{"entries":[{{string.Join(',', rows)}}]}""");
    }

    public static byte[] NavigliTile(int tile, string kind = "data") =>
        SharedData.Bytes("static-ct", "navigli2025h2", "tile", kind, $"00{tile}");

    public static RawBatch Read(byte[] answer, ulong start, int atMost)
    {
        Assert.True(GetEntriesJson.TryRead(answer, new EntryIndex(start), atMost, out RawBatch? batch, out string? problem), problem);
        return batch;
    }

    public static RawBatch NavigliFromTiles(int start, int count)
    {
        using var builder = new RawBatchBuilder(new EntryIndex((ulong)start), ExtraDataForm.StaticCt);
        for (int at = start; at < start + count;)
        {
            int skip = at % 256, take = Math.Min(256 - skip, start + count - at);
            Assert.True(DataTile.TryAppend(NavigliTile(at / 256), skip, take, builder, out string? problem), problem);
            at += take;
        }
        return builder.Build();
    }

    /// <summary>One entry alone.</summary>
    public static RawBatch One(byte[] leafInput, byte[] extraData, ExtraDataForm form = ExtraDataForm.Rfc6962)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(0), form);
        Assert.True(builder.Add(leafInput, extraData));
        return builder.Build();
    }

    /// <summary>Every blob of the fuzzing corpora.</summary>
    public static IEnumerable<byte[]> Blobs()
    {
        foreach (string file in Directory.GetFiles(SharedData.PathOf("fuzz"), "*.jsonl.gz"))
            foreach (JsonElement blob in SharedData.JsonLines("fuzz", Path.GetFileName(file)))
                yield return blob.GetProperty("data").GetBytesFromBase64();
    }
}
