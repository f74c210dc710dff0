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
}
