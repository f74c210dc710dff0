using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.TestLog;

namespace CertHerald.Tests.TestLog;

public class LogListTests
{
    [Theory]
    [InlineData(ListedProtocols.Rfc6962, 1, 0)]
    [InlineData(ListedProtocols.StaticCt, 0, 1)]
    [InlineData(ListedProtocols.Both, 1, 1)]
    public async Task The_served_list_names_the_sides_that_were_chosen(ListedProtocols listed, int logs, int tiled)
    {
        await using ServedLog served = await ServedLog.StartAsync(null, new LogServerOptions { Listed = listed });

        JsonElement operators = (await served.GetAsync("log_list.json")).GetProperty("operators");

        Assert.Equal(logs, operators[0].GetProperty("logs").GetArrayLength());
        Assert.Equal(tiled, operators[0].GetProperty("tiled_logs").GetArrayLength());
    }

    [Fact]
    public async Task Both_sides_are_logs_of_their_own_with_addresses_that_answer()
    {
        await using ServedLog served = await ServedLog.StartAsync();

        JsonElement listed = (await served.GetAsync("log_list.json")).GetProperty("operators")[0];

        JsonElement log = listed.GetProperty("logs")[0], tiled = listed.GetProperty("tiled_logs")[0];
        Assert.NotEqual(log.GetProperty("log_id").GetString(), tiled.GetProperty("log_id").GetString());
        foreach (JsonElement side in new[] { log, tiled })
            Assert.Equal(SHA256.HashData(side.GetProperty("key").GetBytesFromBase64()), side.GetProperty("log_id").GetBytesFromBase64());
        await served.GetAsync(log.GetProperty("url").GetString() + "ct/v1/get-sth");
        await served.GetAsync(tiled.GetProperty("submission_url").GetString() + "ct/v1/get-roots");
        Assert.NotEmpty(await served.BytesAsync(tiled.GetProperty("monitoring_url").GetString() + "checkpoint"));
    }

    [Fact]
    public async Task With_one_key_file_both_protocols_are_one_log()
    {
        string folder = Directory.CreateTempSubdirectory("certherald-list-tests-").FullName;
        string key = Path.Combine(folder, "key.pem");
        await using (ServedLog served = await ServedLog.StartAsync(new LogOptions { Rfc6962KeyFile = key, StaticCtKeyFile = key }))
            Assert.Equal(served.Log.Rfc6962Key.Id, served.Log.StaticCtKey.Id);
        Directory.Delete(folder, recursive: true);
    }
}
