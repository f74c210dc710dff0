using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Fetching;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.Fetching;

public sealed class LogListTests : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-tests-").FullName;
    private readonly Asking _asking = new();

    public void Dispose()
    {
        _asking.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_list_is_read_from_a_file()
    {
        string file = Path.Combine(_folder, "list.json");
        await File.WriteAllBytesAsync(file, List("1.1", logs: 2), Cancellation);

        LogList list = await _asking.Sources.List(LogListOptions.At(file), _folder).RefreshAsync(Cancellation);

        Assert.Equal(2, list.Logs.Count);
        Assert.Empty(list.Refused);
    }

    [Fact]
    public void Rule_7_3_Pending_logs_are_followed_unasked_so_the_list_that_is_read_unasked_is_the_one_that_holds_them()
    {
        var options = new LogOptions();
        Assert.Contains("pending", options.States);
        Assert.EndsWith("/all_logs_list.json", Assert.Single(options.Lists).Location, StringComparison.Ordinal);

        LogList plain = Read("chrome_log_list_80.14"), all = Read("chrome_all_logs_list");
        Assert.DoesNotContain(plain.Logs, log => log.State == LogState.Pending);
        LogDescription[] pending = [.. all.Logs.Where(log => log.State == LogState.Pending)];
        Assert.NotEmpty(pending);
        Assert.All(pending, log => Assert.True(options.Wants(log)));

        static LogList Read(string name)
        {
            Assert.True(LogList.TryRead(SharedData.Bytes("loglist", $"{name}.json"), out LogList? list, out _));
            return list;
        }
    }

    [Fact]
    public async Task A_list_from_a_url_is_asked_for_conditionally_and_kept_on_disk()
    {
        string? condition = null;
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            condition = context.Request.Headers.IfNoneMatch;
            context.Response.Headers.ETag = "\"a\"";
            context.Response.StatusCode = condition is null ? 200 : 304;
            return condition is null ? context.Response.Body.WriteAsync(List("1.1")).AsTask() : Task.CompletedTask;
        });
        LogListSource source = _asking.Sources.List(LogListOptions.At($"{server.Url}v3/list.json?a=b/c"), _folder);

        LogList first = await source.RefreshAsync(Cancellation);
        LogList second = await source.RefreshAsync(Cancellation);

        Assert.Same(first, second);
        Assert.Equal("\"a\"", condition);
        Assert.Equal(["/v3/list.json?a=b/c", "/v3/list.json?a=b/c"], server.Requests);
        Assert.Equal(List("1.1"), await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(_folder)), Cancellation));
        Assert.Empty(_asking.Log.Lines);
    }

    [Fact]
    public async Task What_follows_the_path_of_a_lists_url_is_in_no_message()
    {
        await using ScriptedServer server = await ScriptedServer.AnsweringAsync(500, "text/plain", "down"u8.ToArray());
        LogListSource source = _asking.Sources.List(LogListOptions.At($"{server.Url}v3/list.json?key=canary"), _folder);

        var e = await Assert.ThrowsAsync<LogListUnavailableException>(() => source.RefreshAsync(Cancellation));

        Assert.StartsWith($"log list {server.Url}v3/list.json: log list: list.json: ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", $"{e.Message} {source.Shown} {source.Name} {string.Join(' ', _asking.Log.Lines)}", StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", source.Name);
        Assert.Equal(("https://h.example/a/list.json", "h.example"), (LogListOptions.At("https://me:canary@h.example/a/list.json?b#c").Shown, LogListOptions.At("https://me:canary@h.example/a").Name));
        Assert.Equal(("/etc/lists/list.json", "list.json"), (LogListOptions.At("/etc/lists/list.json").Shown, LogListOptions.At("/etc/lists/list.json").Name));
    }

    [Theory]
    [InlineData(503, "")]
    [InlineData(200, "<html>")]
    [InlineData(200, "{\"operators\":7}")]
    public async Task A_start_without_a_usable_answer_goes_on_with_the_list_on_disk_and_says_so(int status, string body)
    {
        bool isUp = true;
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            context.Response.StatusCode = isUp ? 200 : status;
            return isUp ? context.Response.Body.WriteAsync(List("1.1")).AsTask() : context.Response.WriteAsync(body);
        });
        string location = $"{server.Url}list.json";
        await _asking.Sources.List(LogListOptions.At(location), _folder).RefreshAsync(Cancellation);
        isUp = false;

        LogList list = await _asking.Sources.List(LogListOptions.At(location), _folder).RefreshAsync(Cancellation);

        Assert.Equal("1.1", list.Version);
        Assert.StartsWith("Warning: Log list ", Assert.Single(_asking.Log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_answer_and_without_a_copy_there_is_no_list()
    {
        await using ScriptedServer server = await ScriptedServer.AnsweringAsync(500, "text/plain", "down"u8.ToArray());

        var e = await Assert.ThrowsAsync<LogListUnavailableException>(
            () => _asking.Sources.List(LogListOptions.At($"{server.Url}list.json"), _folder).RefreshAsync(Cancellation));

        Assert.Contains("status 500", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_missing_names_itself()
    {
        string file = Path.Combine(_folder, "nowhere.json");

        var e = await Assert.ThrowsAsync<LogListUnavailableException>(() => _asking.Sources.List(LogListOptions.At(file), _folder).RefreshAsync(Cancellation));

        Assert.Contains("nowhere.json", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_version_never_replaces_a_newer_one_in_force_or_on_disk()
    {
        byte[] served = List("2.10");
        await using ScriptedServer server = await ScriptedServer.StartAsync(context => context.Response.Body.WriteAsync(served).AsTask());
        LogListSource source = _asking.Sources.List(LogListOptions.At($"{server.Url}list.json"), _folder);
        await source.RefreshAsync(Cancellation);
        served = List("2.9");

        Assert.Equal("2.10", (await source.RefreshAsync(Cancellation)).Version);
        Assert.Equal(List("2.10"), await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(_folder)), Cancellation));
        Assert.Contains("older", Assert.Single(_asking.Log.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://lists.example/log_list.json", true)]
    [InlineData("http://127.0.0.1:8080/log_list.json", true)]
    [InlineData("/etc/certherald/list.json", true)]
    [InlineData("list.json", true)]
    [InlineData("http://lists.example/log_list.json", false)]
    [InlineData("https://user:secret@lists.example/log_list.json", false)]
    public void Lists_come_from_files_and_over_https(string location, bool isUsable)
    {
        Assert.Equal(isUsable, LogListSource.IsUsable(location, out string? problem));
        Assert.Equal(isUsable, problem is null);
        Assert.DoesNotContain("secret", problem ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_configured_twice_is_one_and_keeps_its_interval()
    {
        var custom = new CustomLogOptions { Key = Key(0), Url = "http://127.0.0.1:1/", HeadInterval = TimeSpan.FromSeconds(1) };

        ChosenLog chosen = Assert.Single(new LogOptions { Custom = [custom, custom with { HeadInterval = null }] }.CustomLogs());

        Assert.True(chosen.IsCustom);
        Assert.Equal(TimeSpan.FromSeconds(1), chosen.HeadInterval);
    }

    [Theory]
    [InlineData("usable", null, true)]
    [InlineData("retired", null, false)]
    [InlineData(null, "test", true)]
    [InlineData(null, "monitoring_only", false)]
    [InlineData(null, null, false)]
    [InlineData("rejected", "test", false)]
    public void Logs_are_wanted_by_state_and_without_one_by_type(string? state, string? type, bool isWanted) =>
        Assert.Equal(isWanted, new LogOptions { States = ["TEST", "usable"] }.Wants(Assert.Single(Read(List("1", (state, type))).Logs)));

    [Theory]
    [InlineData("end", true)]
    [InlineData("start", true)]
    [InlineData("0", true)]
    [InlineData("12345", true)]
    [InlineData("9223372036854775807", true)]
    [InlineData("9223372036854775808", false)]
    [InlineData("-1", false)]
    [InlineData("END", false)]
    [InlineData("", false)]
    [InlineData("7x", false)]
    [InlineData("7d", true)]
    [InlineData("36h", true)]
    [InlineData("0d", false)]
    [InlineData("d", false)]
    [InlineData("7.5d", false)]
    [InlineData("36501d", false)]
    [InlineData("99999999999999999999d", false)]
    [InlineData("2026-11-01", true)]
    [InlineData("2026-11-01T12:00Z", true)]
    [InlineData("2026-11-01T12:00:00Z", true)]
    [InlineData("2026-11-01T12:00:00.25+01:00", true)]
    [InlineData("2026-11-31", false)]
    [InlineData("2026-11", false)]
    [InlineData("01.11.2026", false)]
    public void Starts_are_end_start_an_index_a_date_or_a_length_of_time(string text, bool isStart) => Assert.Equal(isStart, LogStart.TryParse(text, out _));

    [Theory]
    [InlineData("7d", "2026-11-14T12:00:00Z", "7d")]
    [InlineData("48h", "2026-11-19T12:00:00Z", "2d")]
    [InlineData("36h", "2026-11-20T00:00:00Z", "36h")]
    [InlineData("2026-11-01", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z")]
    [InlineData("2026-11-01T12:00:00.25+01:00", "2026-11-01T11:00:00.25Z", "2026-11-01T11:00:00.25Z")]
    [InlineData("end", null, "end")]
    [InlineData("17", null, "17")]
    public void A_start_by_time_is_counted_from_now_and_written_as_it_is_read(string text, string? since, string written)
    {
        Assert.True(LogStart.TryParse(text, out LogStart start));

        DateTimeOffset? expected = since is null ? null : DateTimeOffset.Parse(since, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(expected, start.SinceAt(new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero)));
        Assert.Equal(written, start.ToString());
        Assert.True(LogStart.TryParse(written, out LogStart again));
        Assert.Equal(start, again);
    }

    [Fact]
    public void No_log_is_begun_beyond_its_head()
    {
        VerifiedHead head = Keys[0].Head(100);

        Assert.Equal(100UL, LogStart.End.At(head).Value);
        Assert.Equal(0UL, LogStart.Beginning.At(head).Value);
        Assert.Equal(99UL, new LogStart(new TreeSize(99)).At(head).Value);
        Assert.Equal(100UL, new LogStart(new TreeSize(101)).At(head).Value);
    }

    [Theory]
    [InlineData(null, null, null, "needs a url")]
    [InlineData("https://a/", "https://b/", "https://c/", "both")]
    [InlineData(null, "https://b/", null, "needs both")]
    [InlineData("ftp://a/", null, null, "ftp://a/")]
    public void A_custom_log_that_cannot_be_read_says_why(string? url, string? submission, string? monitoring, string expected)
    {
        var custom = new CustomLogOptions { Key = Key(0), Url = url, SubmissionUrl = submission, MonitoringUrl = monitoring };

        Assert.Null(custom.ToLog(out string? problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no base64!")]
    [InlineData("AAAA")]
    [InlineData("")]
    public void A_custom_log_with_a_key_of_no_use_says_so(string key)
    {
        Assert.Null(new CustomLogOptions { Key = key, Url = "https://a/" }.ToLog(out string? problem));
        Assert.Contains("key", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Custom_logs_are_of_the_protocol_that_their_addresses_show()
    {
        LogDescription plain = new CustomLogOptions { Key = Key(0), Url = "http://127.0.0.1:1" }.ToLog(out _)!;
        LogDescription tiled = new CustomLogOptions { Key = Key(0), SubmissionUrl = "https://s/x", MonitoringUrl = "https://m/x" }.ToLog(out _)!;

        Assert.Equal((LogProtocol.Rfc6962, "http://127.0.0.1:1/"), (plain.Protocol, plain.Url.AbsoluteUri));
        Assert.Equal((LogProtocol.StaticCt, "https://m/x/", "s/x"), (tiled.Protocol, tiled.Url.AbsoluteUri, tiled.Origin));
    }

    private static readonly SigningKey[] Keys = [new(), new(), new(), new()];

    private static string Key(int i) => Convert.ToBase64String(Keys[i].Public.Spki.Span);

    private static LogList Read(byte[] json)
    {
        Assert.True(LogList.TryRead(json, out LogList? list, out IReadOnlyList<string> problems), string.Join("; ", problems));
        return list;
    }

    private static byte[] List(string version, int logs = 1) => List(version, [.. Enumerable.Repeat<(string?, string?)>(("usable", null), logs)]);

    private static byte[] List(string version, params (string? State, string? Type)[] logs)
    {
        var array = new JsonArray();
        for (int i = 0; i < logs.Length; i++)
        {
            array.Add(new JsonObject
            {
                ["description"] = $"log {i}",
                ["log_id"] = Keys[i].Public.Id.ToString(),
                ["key"] = Key(i),
                ["url"] = $"https://log{i}.ct.example.dev/",
                ["log_type"] = logs[i].Type,
                ["state"] = logs[i].State is { } state ? new JsonObject { [state] = new JsonObject() } : null,
            });
        }

        return Encoding.UTF8.GetBytes(new JsonObject
        {
            ["version"] = version,
            ["operators"] = new JsonArray(new JsonObject { ["name"] = "an operator", ["logs"] = array }),
        }.ToJsonString(new JsonSerializerOptions()));
    }
}
