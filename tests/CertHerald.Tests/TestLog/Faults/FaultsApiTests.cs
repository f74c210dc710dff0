using System.Net;
using System.Text.Json;

namespace CertHerald.Tests.TestLog.Faults;

/// <summary>POST and GET /testlog/faults.</summary>
public sealed class FaultsApiTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Faults_are_switched_while_the_log_runs()
    {
        await using FaultyLog log = await FaultyLog.StartAsync();

        Assert.Equal((IEnumerable<string>)["page=3", "retry-after=7,on=checkpoint"], await PostAsync(log, "page=3\n\n  retry-after=7,on=checkpoint\r\n"));
        Assert.Equal(3, (await log.EntriesAsync(0, 99)).Length);
        Assert.Equal((429, 200), (await log.StatusAsync("tiles/checkpoint"), await log.StatusAsync("ct/v1/get-sth")));

        Assert.Equal((IEnumerable<string>)["retry-after=7,on=checkpoint", "page=5"], await PostAsync(log, """["-page", "page=5"]"""));
        Assert.Equal(5, (await log.EntriesAsync(0, 99)).Length);

        Assert.Equal((IEnumerable<string>)["count=none"], await PostAsync(log, "clear\ncount=none"));
        Assert.Empty(await log.EntriesAsync(0, 99));
        Assert.Equal(200, await log.StatusAsync("tiles/checkpoint"));

        Assert.Empty(await PostAsync(log, "clear"));
        Assert.Equal(100, (await log.EntriesAsync(0, 99)).Length);
    }

    [Theory]
    [InlineData("page=3\nhead=forkd", "takes older, resign, fork")]
    [InlineData("page=3\n-pages", "there is no fault")]
    [InlineData("[\"page=3\", 7]", "neither text nor a JSON list")]
    [InlineData("[null]", "there is no fault")]
    public async Task A_mistake_changes_nothing(string body, string said)
    {
        await using FaultyLog log = await FaultyLog.WithAsync("align=10");
        using HttpResponseMessage refused = await log.Client.PostAsync("testlog/faults", new StringContent(body), Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains(said, JsonSerializer.Deserialize<JsonElement>(await refused.Content.ReadAsStringAsync(Cancellation)).GetProperty("error_message").GetString(), StringComparison.Ordinal);
        Assert.Equal(["align=10"], log.Log.Faults.Faults.Select(fault => fault.ToString()));
    }

    [Fact]
    public async Task The_list_tells_how_often_each_has_happened_and_may_still()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("page=3,times=5", "retry-after,on=checkpoint");
        await log.EntriesAsync(0, 99);
        await log.EntriesAsync(0, 99);

        JsonElement list = await log.JsonAsync("testlog/faults");

        Assert.Equal(("page=3,times=5", 2L, 3), (list[0].GetProperty("fault").GetString(), list[0].GetProperty("answers").GetInt64(), list[0].GetProperty("left").GetInt32()));
        Assert.Equal((0L, JsonValueKind.Null), (list[1].GetProperty("answers").GetInt64(), list[1].GetProperty("left").ValueKind));
    }

    [Fact]
    public async Task Each_fault_of_several_sees_what_those_before_it_left()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("page=7", "json=slash", "gzip=unasked,on=get-entries");
        using HttpResponseMessage answer = await log.AskAsync("ct/v1/get-entries?start=0&end=99");
        await using var body = new System.IO.Compression.GZipStream(await answer.Content.ReadAsStreamAsync(Cancellation), System.IO.Compression.CompressionMode.Decompress);
        using var reader = new StreamReader(body);
        string text = await reader.ReadToEndAsync(Cancellation);
        Assert.Contains("\\/", text, StringComparison.Ordinal);
        Assert.Equal(7, JsonSerializer.Deserialize<JsonElement>(text).GetProperty("entries").GetArrayLength());
    }

    [Fact]
    public async Task A_log_whose_faults_are_over_is_an_honest_one_again()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("flip=3,times=1", "page=5,for=10s");
        await log.EntriesAsync(0, 9);
        log.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Same(CertHerald.TestLog.Faults.FaultSet.None, log.Log.Faults);
    }

    private static async Task<string[]> PostAsync(FaultyLog log, string body)
    {
        using HttpResponseMessage answer = await log.Client.PostAsync("testlog/faults", new StringContent(body), Cancellation);
        string text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.IsSuccessStatusCode, text);
        return [.. JsonSerializer.Deserialize<JsonElement>(text).EnumerateArray().Select(one => one.GetProperty("fault").GetString()!)];
    }
}
