using System.IO.Compression;
using System.Net;
using System.Text;
using CertHerald.Fetching;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace CertHerald.Tests.Fetching;

public sealed class LogHttpTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_whole_answer_arrives_byte_for_byte()
    {
        byte[] body = Body(100_000);
        await using ScriptedServer server = await ScriptedServer.AnsweringAsync(200, "application/json", body);
        using var asking = new Asking();

        using LogAnswer answer = await asking.Http(server.Url).GetAsync("get", LogHttp.LargeCap, RequestPriority.Tip, Cancellation);

        Assert.Equal(body, answer.Body.ToArray());
        Assert.Equal(["/get"], server.Requests);
        Assert.Equal(["ok"], asking.Outcomes);
    }

    [Fact]
    public async Task A_body_of_unknown_length_arrives_byte_for_byte()
    {
        byte[] body = Body(100_000);
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            for (int at = 0; at < body.Length; at += 7_000)
            {
                await context.Response.Body.WriteAsync(body.AsMemory(at, Math.Min(7_000, body.Length - at)));
                await context.Response.Body.FlushAsync();
            }
        });
        using var asking = new Asking();

        using LogAnswer answer = await asking.Http(server.Url).GetAsync("get", LogHttp.LargeCap, RequestPriority.Tip, Cancellation);

        Assert.Equal(body, answer.Body.ToArray());
    }

    [Fact]
    public async Task Rule_5_6_Gzip_that_nobody_asked_for_is_read()
    {
        byte[] body = Body(10_000);
        string? accepted = null;
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            accepted = context.Request.Headers.AcceptEncoding;
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.Body.WriteAsync(Gzip(body));
        });
        using var asking = new Asking();

        using LogAnswer answer = await asking.Http(server.Url).GetAsync("get", LogHttp.LargeCap, RequestPriority.Tip, Cancellation);

        Assert.Equal(body, answer.Body.ToArray());
        Assert.Equal("gzip; q=0.0", accepted);
    }

    [Fact]
    public async Task Rule_3_7_Requests_say_who_asks_and_whom_to_write_to()
    {
        string? agent = null;
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            agent = context.Request.Headers.UserAgent;
            return context.Response.WriteAsync("{}");
        });
        using var asking = new Asking();

        (await asking.Http(server.Url).GetAsync("get", LogHttp.SmallCap, RequestPriority.Tip, Cancellation)).Dispose();

        Assert.Matches(@"^CertHerald/[0-9][^ ]* \(\+ops@certherald\.invalid\)$", agent);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a@b.c\r\nX-Injected: 1")]
    [InlineData("a) (b")]
    public async Task A_contact_that_cannot_stand_in_a_header_is_left_out(string contact)
    {
        string? agent = null;
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            agent = context.Request.Headers.UserAgent;
            return Task.CompletedTask;
        });
        using HttpClient client = LogHttp.CreateClient(contact, LogHttp.CreateHandler());

        (await client.GetAsync(server.Url, Cancellation)).Dispose();

        Assert.Matches("^CertHerald/[0-9][^ ()]*$", agent);
    }

    [Theory]
    [InlineData(404, "no such call")]
    [InlineData(500, "")]
    [InlineData(204, "")]
    [InlineData(206, "half")]
    public async Task Any_status_but_200_is_an_error_that_names_it(int status, string body)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return body.Length == 0 ? Task.CompletedTask : context.Response.WriteAsync(body);
        });

        LogUnavailableException e = await FailureAsync(server);

        Assert.Equal((HttpStatusCode)status, e.Status);
        Assert.StartsWith($"a log: get: status {status}", e.Message, StringComparison.Ordinal);
        Assert.Contains(body, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_page_is_quoted_in_part_and_without_its_control_characters()
    {
        await using ScriptedServer server = await ScriptedServer.AnsweringAsync(
            503, "text/html", Encoding.UTF8.GetBytes("<h1>\u001b[31m\"Störung\"\r\n" + new string('x', 5_000)));

        LogUnavailableException e = await FailureAsync(server);

        Assert.Contains("<h1>\\x1b[31m\\x22St\\xc3\\xb6rung\\x22\\x0d\\x0a", e.Message, StringComparison.Ordinal);
        Assert.True(e.Message.Length < 250, e.Message);
    }

    [Theory]
    [InlineData("1.5", 2)]
    [InlineData("Sat, 21 Nov 2026 12:00:30 UTC", 30)]
    [InlineData("whenever", null)]
    [InlineData(null, null)]
    public async Task What_a_refusal_asks_for_is_passed_on(string? header, int? seconds)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            context.Response.StatusCode = 429;
            if (header is not null) context.Response.Headers["Retry-After"] = header;
            return Task.CompletedTask;
        });
        using var asking = new Asking(new ManualTime(Noon));

        LogUnavailableException e = await FailureAsync(server, asking);

        Assert.Equal(seconds, (int?)e.RetryAfter?.TotalSeconds);
        Assert.Equal(["refused"], asking.Outcomes);
    }

    [Fact]
    public async Task A_host_that_asked_for_patience_hears_nothing_until_it_is_over()
    {
        var time = new ManualTime(Noon);
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers["Retry-After"] = "10";
            return Task.CompletedTask;
        });
        using var asking = new Asking(time);
        await FailureAsync(server, asking);

        Task<LogAnswer> second = asking.Http(server.Url).GetAsync("again", LogHttp.SmallCap, RequestPriority.Head, Cancellation);
        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Single(server.Requests);

        time.Advance(TimeSpan.FromSeconds(0.2));
        await Assert.ThrowsAsync<LogUnavailableException>(() => second);
        Assert.Equal(["/get", "/again"], server.Requests);
    }

    [Fact]
    public async Task A_web_page_in_place_of_an_answer_is_an_error()
    {
        await using ScriptedServer server = await ScriptedServer.AnsweringAsync(200, "text/html; charset=utf-8", "<html>sorry</html>"u8.ToArray());
        using var asking = new Asking();

        LogUnavailableException e = await FailureAsync(server, asking);

        Assert.Contains("web page", e.Message, StringComparison.Ordinal);
        Assert.Contains("<html>sorry", e.Message, StringComparison.Ordinal);
        Assert.Equal(["unusable"], asking.Outcomes);
    }

    [Fact]
    public async Task An_empty_body_is_an_error()
    {
        await using ScriptedServer server = await ScriptedServer.AnsweringAsync(200, "application/json", []);

        Assert.Contains("empty", (await FailureAsync(server)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cut_body_is_an_error(bool lengthIsKnown)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            if (lengthIsKnown) context.Response.ContentLength = 1_000;
            await context.Response.WriteAsync("{\"entries\":[");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        using var asking = new Asking();

        await FailureAsync(server, asking);

        Assert.Equal(["unreachable"], asking.Outcomes);
    }

    [Fact]
    public async Task Nothing_listening_is_an_error()
    {
        ScriptedServer server = await ScriptedServer.AnsweringAsync(200, "text/plain", "x"u8.ToArray());
        Uri url = server.Url;
        await server.DisposeAsync();
        using var asking = new Asking();

        await Assert.ThrowsAsync<LogUnavailableException>(
            () => asking.Http(url).GetAsync("get", LogHttp.SmallCap, RequestPriority.Tip, Cancellation));

        Assert.Equal(["unreachable"], asking.Outcomes);
    }

    [Fact]
    public async Task A_declared_length_above_the_limit_is_refused_before_it_is_read()
    {
        var refused = new TaskCompletionSource();
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            context.Response.ContentLength = LogHttp.SmallCap + 1;
            await context.Response.Body.FlushAsync();
            context.RequestAborted.Register(refused.SetResult);
            await refused.Task;
        });

        Assert.Contains($"{LogHttp.SmallCap + 1} bytes", (await FailureAsync(server)).Message, StringComparison.Ordinal);
        await refused.Task.WaitAsync(Cancellation);
    }

    [Fact]
    public async Task Rule_3_5_Exactly_the_limit_passes_and_one_byte_more_does_not()
    {
        byte[] body = Body(LogHttp.SmallCap);
        int more = 0;
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            await context.Response.Body.WriteAsync(body);
            await context.Response.Body.FlushAsync();
            await context.Response.Body.WriteAsync(new byte[more]);
        });
        using var asking = new Asking();

        using (LogAnswer answer = await asking.Http(server.Url).GetAsync("get", LogHttp.SmallCap, RequestPriority.Tip, Cancellation))
            Assert.Equal(body.Length, answer.Body.Length);

        more = 1;
        await FailureAsync(server, asking);
    }

    [Fact]
    public async Task Rule_3_5_A_gzip_bomb_is_stopped_at_the_limit()
    {
        byte[] bomb = Gzip(new byte[256 << 20]);
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.Body.WriteAsync(bomb);
        });
        using var asking = new Asking();
        LogHttp http = asking.Http(server.Url);

        LogUnavailableException e = await Assert.ThrowsAsync<LogUnavailableException>(
            () => http.GetAsync("get", LogHttp.LargeCap, RequestPriority.Tip, Cancellation));

        Assert.Contains($"more than {LogHttp.LargeCap} bytes", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962, "head", 64 << 10)]
    [InlineData(LogProtocol.Rfc6962, "consistency", 64 << 10)]
    [InlineData(LogProtocol.Rfc6962, "inclusion", 64 << 10)]
    [InlineData(LogProtocol.Rfc6962, "entries", 64 << 20)]
    [InlineData(LogProtocol.StaticCt, "head", 64 << 10)]
    [InlineData(LogProtocol.StaticCt, "issuer", 64 << 10)]
    [InlineData(LogProtocol.StaticCt, "entries", 64 << 20)]
    [InlineData(LogProtocol.StaticCt, "subtrees", 8_192)]
    [InlineData(LogProtocol.StaticCt, "list", 64 << 20)]
    public async Task Rule_3_5_Each_kind_of_answer_has_its_limit(LogProtocol protocol, string kind, int limit)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, 300);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        ILogSource source = log.Asking.Sources.For(log.Description, RequestPriority.Tip, isCustom: true);
        using var scratch = new Scratch();
        log.Lie = async (_, context, _) =>
        {
            context.Response.ContentLength = limit + 1;
            await context.Response.StartAsync();
            return true;
        };

        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => kind switch
        {
            "head" => source.GetHeadAsync(Cancellation),
            "consistency" => source.ProvesAsync(new TreeSize(200), head.Root, head, Cancellation),
            "inclusion" => source.GetInclusionAsync(new EntryIndex(7), head.Root, head, Cancellation),
            "issuer" => source.GetIssuerAsync(head.Root, Cancellation),
            "subtrees" => source.GetSubtreesAsync(new TreeSize(0), new TreeSize(256), Cancellation),
            "list" => log.Asking.Sources.List(LogListOptions.At(log.Description.Url + "list.json"), scratch.Folder).RefreshAsync(Cancellation),
            _ => source.GetEntriesAsync(new EntryIndex(0), 1, head.Size, Cancellation),
        });

        Assert.Contains($"{limit + 1} bytes, above the limit of {limit}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule_3_5_Nothing_but_gzip_is_unpacked()
    {
        byte[] body = Body(5_000);
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true)) brotli.Write(body);
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            context.Response.Headers.ContentEncoding = "br";
            await context.Response.Body.WriteAsync(packed.ToArray());
        });
        using var asking = new Asking();

        using LogAnswer answer = await asking.Http(server.Url).GetAsync("get", LogHttp.SmallCap, RequestPriority.Tip, Cancellation);

        Assert.Equal(packed.ToArray(), answer.Body.ToArray());
    }

    [Fact]
    public async Task Broken_gzip_is_an_error()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.WriteAsync("this is no gzip at all");
        });

        await FailureAsync(server);
    }

    [Fact]
    public async Task Rule_3_6_A_redirect_is_not_followed_and_its_target_sees_nothing()
    {
        await using ScriptedServer target = await ScriptedServer.AnsweringAsync(200, "application/json", "{}"u8.ToArray());
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            context.Response.Redirect(target.Url.AbsoluteUri);
            return Task.CompletedTask;
        });

        Assert.Equal(HttpStatusCode.Found, (await FailureAsync(server)).Status);
        Assert.Empty(target.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_log_that_stalls_is_given_up_when_its_time_is_over(bool inTheBody)
    {
        var time = new ManualTime(Noon);
        var stalled = new TaskCompletionSource();
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            if (inTheBody)
            {
                await context.Response.WriteAsync("{\"entries\":[");
                await context.Response.Body.FlushAsync();
            }

            stalled.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        using var asking = new Asking(time);

        Task<LogAnswer> answer = asking.Http(server.Url).GetAsync("get", LogHttp.LargeCap, RequestPriority.Tip, Cancellation);
        await stalled.Task.WaitAsync(Cancellation);
        time.Advance(LogHttp.DefaultLimit - TimeSpan.FromSeconds(1));
        Assert.False(answer.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        LogUnavailableException e = await Assert.ThrowsAsync<LogUnavailableException>(() => answer);
        Assert.Contains("30 s", e.Message, StringComparison.Ordinal);
        Assert.Equal(["timeout"], asking.Outcomes);
    }

    [Fact]
    public async Task Cancelling_is_no_error_of_the_log()
    {
        using var stop = new CancellationTokenSource();
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            stop.Cancel();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        using var asking = new Asking();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => asking.Http(server.Url).GetAsync("get", LogHttp.SmallCap, RequestPriority.Tip, stop.Token));

        Assert.Empty(asking.Outcomes);
    }

    [Theory]
    [InlineData("max-age=20", "5", 15)]
    [InlineData("max-age=3600", null, 60)]
    [InlineData("max-age=5", "9", 0)]
    [InlineData(null, null, 0)]
    public async Task How_long_an_answer_is_fresh_is_its_age_limit_less_its_age_up_to_a_minute(string? cacheControl, string? age, int seconds)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            if (cacheControl is not null) context.Response.Headers.CacheControl = cacheControl;
            if (age is not null) context.Response.Headers.Age = age;
            return context.Response.WriteAsync("{}");
        });
        using var asking = new Asking();

        using LogAnswer answer = await asking.Http(server.Url).GetAsync("get", LogHttp.SmallCap, RequestPriority.Head, Cancellation);

        Assert.Equal(TimeSpan.FromSeconds(seconds), answer.FreshFor);
    }

    private static async Task<LogUnavailableException> FailureAsync(ScriptedServer server, Asking? asking = null)
    {
        using Asking? own = asking is null ? new Asking() : null;
        return await Assert.ThrowsAsync<LogUnavailableException>(
            () => (asking ?? own)!.Http(server.Url).GetAsync("get", LogHttp.SmallCap, RequestPriority.Tip, Cancellation));
    }

    private static byte[] Body(int length)
    {
        byte[] body = new byte[length];
        new Random(1).NextBytes(body);
        return body;
    }

    private static byte[] Gzip(byte[] plain)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(plain);
        return packed.ToArray();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rule_3_6_A_logs_TLS_certificate_is_verified_unless_the_configuration_says_otherwise(bool takesAny)
    {
        await using var log = new CertHerald.TestLog.Log();
        await using CertHerald.TestLog.LogServer server = await CertHerald.TestLog.LogServer.StartAsync(log, cancellation: TestContext.Current.CancellationToken);
        log.Misbehave("gone=tls");
        using HttpClient client = LogHttp.CreateClient("", LogHttp.CreateHandler(takesAny));
        Task<string> asked = client.GetStringAsync(new UriBuilder(server.Url) { Scheme = "https", Path = "/ct/v1/get-sth" }.Uri, TestContext.Current.CancellationToken);

        if (takesAny) Assert.Contains("tree_size", await asked, StringComparison.Ordinal);
        else Assert.Equal(HttpRequestError.SecureConnectionError, (await Assert.ThrowsAsync<HttpRequestException>(() => asked)).HttpRequestError);
    }
}
