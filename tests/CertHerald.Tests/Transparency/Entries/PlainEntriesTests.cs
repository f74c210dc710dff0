using System.Text;
using System.Text.Json;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Entries;

public class PlainEntriesTests
{
    private const string Usual =
        """{ "entries": [ { "leaf_input": "AAEC\/+8=", "extra_data": "\/\/8=" },{"leaf_input":"","extra_data":"AwQF"} ] }""";

    [Fact]
    public void The_usual_shape_is_taken_and_every_other_left_to_the_parser()
    {
        Assert.True(TryRead(Usual, 2, out _));
        Assert.True(TryRead(Usual + " \r\n\t", 2, out _));
        Assert.False(TryRead(Usual, 1, out _));
        Assert.False(TryRead(Usual + "x", 2, out _));
        Assert.False(TryRead(Usual[..^1], 2, out _));
        Assert.False(TryRead("""{"entries":[]}""", 2, out _));
        Assert.False(TryRead("""{"entries":[{"extra_data":"","leaf_input":""}]}""", 2, out _));
        Assert.False(TryRead("""{"entries":[{"leaf_input":"","extra_data":"","x":1}]}""", 2, out _));
        Assert.False(TryRead("""{"entries":[{"leaf_input":"AA\u0041=","extra_data":""}]}""", 2, out _));
        Assert.False(TryRead("""{"entries":[{"leaf_input":"AA\"=","extra_data":""}]}""", 2, out _));
        Assert.False(TryRead("""{"entries":[{"leaf_input":"AAA=\","extra_data":""}]}""", 2, out _));
        Assert.False(TryRead("{\"entries\":[{\"leaf_input\":\"AA\n==\",\"extra_data\":\"\"}]}", 2, out _));
    }

    [Fact]
    public void What_is_taken_is_what_a_json_parser_reads()
    {
        var random = new Random(64);
        int taken = 0;
        for (int round = 0; round < 20_000; round++)
        {
            char[] changed = Usual.ToCharArray();
            changed[random.Next(changed.Length)] = "\\\"/=AZ09+ ,:{}[]nu\n\0~"[random.Next(21)];
            string json = new(changed);
            if (!TryRead(json, 2, out List<(byte[] Leaf, byte[] Extra)> found)) continue;

            using JsonDocument parsed = JsonDocument.Parse(json);
            JsonElement[] entries = [.. parsed.RootElement.GetProperty("entries").EnumerateArray()];
            Assert.Equal(entries.Length, found.Count);
            for (int i = 0; i < entries.Length; i++)
            {
                Assert.Equal(entries[i].GetProperty("leaf_input").GetBytesFromBase64(), found[i].Leaf);
                Assert.Equal(entries[i].GetProperty("extra_data").GetBytesFromBase64(), found[i].Extra);
            }
            taken++;
        }
        Assert.InRange(taken, 1_000, 19_000);
    }

    private static bool TryRead(string json, int atMost, out List<(byte[] Leaf, byte[] Extra)> entries)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.Rfc6962);
        bool taken = new PlainEntries(Encoding.UTF8.GetBytes(json)).TryRead(atMost, builder);
        using RawBatch batch = builder.Build();
        entries = [];
        for (int i = 0; i < batch.Count; i++) entries.Add((batch[i].LeafInput.ToArray(), batch[i].ExtraData.ToArray()));
        return taken;
    }
}
