using System.Text;
using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Entries;

public class GetEntriesJsonTests
{
    private const string Entry = """{"leaf_input":"AAEC","extra_data":"AwQ="}""";

    [Theory]
    [InlineData("""{"entries":[{"leaf_input":"AAEC","extra_data":"AwQ="}]}""")]
    [InlineData("""{"entries":[{"extra_data":"AwQ=","leaf_input":"AAEC"}]}""")]
    [InlineData("""{"entries":[{"x":[{"leaf_input":"zzzz"}],"leaf_input":"AAEC","extra_data":"AwQ=","y":{}}],"z":[[]]}""")]
    [InlineData(""" { "more":null , "entries" : [ { "leaf_input" : "\u0041AEC" , "extra_data" : "AwQ\u003d" } ] } """)]
    public void Rule_3_1_An_entry_is_read_whatever_stands_around_it(string json)
    {
        using RawBatch batch = RecordedEntries.Read(Encoding.UTF8.GetBytes(json), 7, 1);
        Assert.Equal((7UL, 1, 8UL), (batch.Start.Value, batch.Count, batch.End.Value));
        RawEntry entry = batch[0];
        Assert.Equal(7UL, entry.Index.Value);
        Assert.Equal([0, 1, 2], entry.LeafInput.ToArray());
        Assert.Equal([0, 0, 1, 2], entry.HashedBytes.ToArray());
        Assert.Equal([3, 4], entry.ExtraData.ToArray());
        Assert.Equal(ExtraDataForm.Rfc6962, entry.Form);
        Assert.Equal(MerkleHash.OfLeaf([0, 1, 2]), batch.LeafHashes()[0]);
    }

    [Fact]
    public void Rule_3_1_A_slash_inside_base64_may_be_escaped()
    {
        string json = """{"entries":[{"leaf_input":"\/\/\/\/\/w==","extra_data":"/\/8="},{"leaf_input":"AAEC","extra_data":""}]}""";
        using RawBatch batch = RecordedEntries.Read(Encoding.UTF8.GetBytes(json), 0, 2);
        Assert.Equal([255, 255, 255, 255], batch[0].LeafInput.ToArray());
        Assert.Equal([255, 255], batch[0].ExtraData.ToArray());
        Assert.Equal([0, 1, 2], batch[1].LeafInput.ToArray());
        Assert.Empty(batch[1].ExtraData.ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"entries":[]}""")]
    [InlineData("""{"entries":null}""")]
    [InlineData("""{"entries":[null]}""")]
    [InlineData("""{"entries":[{}]}""")]
    [InlineData("""{"entries":[{"leaf_input":"AAEC"}]}""")]
    [InlineData("""{"entries":[{"leaf_input":1,"extra_data":""}]}""")]
    [InlineData("""{"entries":[{"leaf_input":"AAE","extra_data":""}]}""")]
    [InlineData("""{"entries":[{"leaf_input":"AA EC","extra_data":""}]}""")]
    [InlineData("""{"entries":[{"leaf_input":"AAEC\n","extra_data":""}]}""")]
    [InlineData("""{"entries":[{"leaf_input":"AA\u0020\u0020\u0020\u0020EC","extra_data":""}]}""")]
    [InlineData("""{"entries":[{"leaf_input":"AA_C","extra_data":""}]}""")]
    [InlineData("""{"entries":[{"leaf_input":"AAEC","extra_data":"A==="}]}""")]
    [InlineData("""{"entries":[{"leaf_input":"\ud800","extra_data":""}]}""")]
    [InlineData("""{"entries":[{"leaf_input":"AAEC","extra_data":""}]""")]
    [InlineData("""{"entries":[{"leaf_input":"AAEC","extra_data":""}]}}""")]
    public void Rule_3_1_Answers_out_of_form_are_refused(string json)
    {
        Assert.False(GetEntriesJson.TryRead(Encoding.UTF8.GetBytes(json), new EntryIndex(0), 10, out RawBatch? batch, out string? problem));
        Assert.Null(batch);
        Assert.NotEmpty(problem!);
    }

    [Fact]
    public void Long_texts_are_read_in_either_order_and_with_any_escape()
    {
        byte[] leaf = new byte[100_000], extra = new byte[70_001];
        new Random(4096).NextBytes(leaf);
        new Random(3072).NextBytes(extra);
        string plainLeaf = Convert.ToBase64String(leaf), plainExtra = Convert.ToBase64String(extra);
        foreach (Func<string, string> escaped in new Func<string, string>[] { text => text, text => text.Replace("/", "\\/", StringComparison.Ordinal), text => text.Replace("+", "\\u002B", StringComparison.Ordinal) })
        {
            string first = $$"""{"leaf_input":"{{escaped(plainLeaf)}}","extra_data":"{{escaped(plainExtra)}}"}""", second = $$"""{"extra_data":"{{escaped(plainExtra)}}","leaf_input":"{{escaped(plainLeaf)}}"}""";
            using RawBatch batch = RecordedEntries.Read(Encoding.UTF8.GetBytes($$"""{"entries":[{{first}},{{second}},{{Entry}},{{second}},{{first}}]}"""), 0, 5);
            foreach (int place in new[] { 0, 1, 3, 4 })
            {
                Assert.Equal(leaf, batch[place].LeafInput);
                Assert.Equal(extra, batch[place].ExtraData);
            }
            Assert.Equal([0, 0, 1, 2], batch[2].HashedBytes.ToArray());
        }
    }

    [Fact]
    public void What_is_read_is_what_a_json_parser_reads()
    {
        string[] entries =
        [
            Entry, """{"extra_data":"AwQF\/\/8=","leaf_input":"AAECAwQFBgc="}""", """ { "leaf_input" : "\u0041AEC" , "x" : [ {} , "\n" ] , "extra_data" : "" } """,
            """{"leaf_input":"AAEC","leaf_input":"AwQF\/w==","extra_data":"AA=="}""",
        ];
        string[] tails = ["]}", "] }", "],\"more\":[1]}", ",]}", "]", "]}x", "],\"entries\":[]}"];
        var random = new Random(6962);
        int taken = 0, refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            string json = (random.Next(4) == 0 ? "{\"z\":{},\"entries\":[" : "{\"entries\":[")
                + string.Join(',', Enumerable.Range(0, random.Next(5)).Select(_ => random.Next(2) == 0 ? Entry : random.GetItems(entries, 1)[0]))
                + (random.Next(3) == 0 ? random.GetItems(tails, 1)[0] : "]}");
            char[] changed = json.ToCharArray();
            if (random.Next(2) == 0) changed[random.Next(changed.Length)] = "\\\"/=AZ09+ ,:{}[]nu\n\0~"[random.Next(21)];
            json = new string(changed);

            bool isRead = GetEntriesJson.TryRead(Encoding.UTF8.GetBytes(json), new EntryIndex(0), 3, out RawBatch? batch, out _);
            Assert.Equal(Parsed(json, 3), isRead ? Enumerable.Range(0, batch!.Count).Select(i => (Convert.ToHexString(batch[i].LeafInput), Convert.ToHexString(batch[i].ExtraData))) : null);
            batch?.Dispose();
            if (isRead) taken++;
            else refused++;
        }
        Assert.InRange(taken, 2_000, 18_000);
        Assert.InRange(refused, 2_000, 18_000);
    }

    [Fact]
    public void Rule_3_2_More_entries_than_asked_for_are_refused()
    {
        byte[] json = Encoding.UTF8.GetBytes($$"""{"entries":[{{Entry}},{{Entry}},{{Entry}}]}""");
        RecordedEntries.Read(json, 0, 3).Dispose();
        Assert.False(GetEntriesJson.TryRead(json, new EntryIndex(0), 2, out _, out string? problem));
        Assert.Contains("more than the 2", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_array_named_twice_cannot_bring_more_than_asked_for()
    {
        byte[] json = Encoding.UTF8.GetBytes($$"""{"entries":[{{Entry}}],"entries":[{{Entry}}]}""");
        Assert.False(GetEntriesJson.TryRead(json, new EntryIndex(0), 1, out _, out _));
    }

    [Fact]
    public void Nesting_bombs_end_early()
    {
        string bomb = new string('[', 10_000);
        foreach (string json in new[] { bomb, $$"""{"x":{{bomb}}""", $$"""{"entries":[{"x":{{bomb}}""", $$"""{"entries":{{bomb}}""" })
            Assert.False(GetEntriesJson.TryRead(Encoding.UTF8.GetBytes(json), new EntryIndex(0), 10, out _, out _));
    }

    [Fact]
    public void K10_error_bodies_of_the_recorded_server_are_no_entries()
    {
        using JsonDocument errors = SharedData.Json("google-ct-server", "errors.json");
        foreach (JsonProperty error in errors.RootElement.EnumerateObject())
        {
            if (error.Value[0].GetInt32() == 200) continue;
            byte[] body = Encoding.UTF8.GetBytes(error.Value[1].GetString()!);
            Assert.False(GetEntriesJson.TryRead(body, new EntryIndex(0), 10, out _, out _));
        }
    }

    [Fact]
    public void Rows_of_a_log_hash_to_the_leaves_of_its_tiles_and_to_its_roots()
    {
        using RawBatch batch = RecordedEntries.Read(RecordedEntries.NavigliAnswer(0, 1_024), 0, 1_024);
        Assert.Equal(1_024, batch.Count);
        for (int i = 0; i < 1_024; i++)
            Assert.Equal(
                RecordedEntries.NavigliTile(i / 256, "0").AsSpan(i % 256 * 32, 32), MerkleHash.BytesOf(batch.LeafHashes()[i]));
        Assert.Equal("EMfGG85uIddeOXt5/wdQGP3IQd0COCqoLg9Q6CsPLJA=", Frontier.Empty.Append(batch.LeafHashes()).Root().ToBase64());
    }

    [Fact]
    public void A_batch_given_back_is_not_read_any_more()
    {
        RawBatch batch = RecordedEntries.Read(Encoding.UTF8.GetBytes($$"""{"entries":[{{Entry}}]}"""), 0, 1);
        batch.Dispose();
        batch.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { _ = batch[0]; });
        Assert.Throws<ObjectDisposedException>(() => { _ = batch.LeafHashes(); });
    }

    [Fact]
    public void A_batch_grows_to_its_cap_and_not_beyond()
    {
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.Rfc6962, expectedBytes: 0, expectedEntries: 0);
        byte[] large = new byte[16 << 20];
        int added = 0;
        while (builder.Add([1], large)) added++;
        Assert.Equal(RawBatchBuilder.MaxBytes / (large.Length + 2), added);

        using RawBatch batch = builder.Build();
        Assert.Equal(added, batch.Count);
        Assert.Equal([1], batch[added - 1].LeafInput.ToArray());
        Assert.Equal(large.Length, batch[added - 1].ExtraData.Length);
        Assert.Throws<ObjectDisposedException>(() => builder.Build());
    }

    /// <summary>The entries as hexadecimal digits; null if the answer is none.</summary>
    private static List<(string Leaf, string Extra)>? Parsed(string json, int atMost)
    {
        try
        {
            using JsonDocument answer = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 32 });
            if (answer.RootElement.ValueKind != JsonValueKind.Object) return null;
            var entries = new List<(string Leaf, string Extra)>();
            foreach (JsonProperty member in answer.RootElement.EnumerateObject())
                if (member.Name == "entries")
                    foreach (JsonElement entry in member.Value.EnumerateArray()) entries.Add((Text(entry, "leaf_input"), Text(entry, "extra_data")));
            return entries.Count is 0 || entries.Count > atMost ? null : entries;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }

        static string Text(JsonElement entry, string name)
        {
            bool isBlank = entry.GetProperty(name).GetString()?.Any(char.IsWhiteSpace) ?? true;
            return isBlank ? throw new FormatException() : Convert.ToHexString(entry.GetProperty(name).GetBytesFromBase64());
        }
    }
}
