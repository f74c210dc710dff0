using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog.Faults;

/// <summary>F5–F9, F24, F25, F27, F35, F37, F39, delay and rate: how answers travel.</summary>
public sealed class SendingFaultsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Heads => ["ct/v1/get-sth", "tiles/checkpoint"];

    public static TheoryData<string> Reads => ["ct/v1/get-sth", "ct/v1/get-entries?start=0&end=9", "tiles/checkpoint", "tiles/tile/data/000", "tiles/tile/0/000"];

    [Theory]
    [InlineData("retry-after", "2")]
    [InlineData("retry-after=30", "30")]
    [InlineData("retry-after=1.5", "1.5")]
    [InlineData("retry-after=gmt", "Sun, 01 Mar 2026 12:00:05 GMT")]
    [InlineData("retry-after=utc", "Sun, 01 Mar 2026 12:00:05 UTC")]
    [InlineData("retry-after=past", "Sun, 01 Mar 2026 11:00:00 GMT")]
    [InlineData("retry-after=year", "31536000")]
    [InlineData("retry-after=garbage", "in a while")]
    [InlineData("retry-after=none", null)]
    public async Task F5_429_comes_with_every_form_of_retry_after(string fault, string? header)
    {
        await using FaultyLog log = await FaultyLog.WithAsync(fault);
        foreach (string path in Reads)
        {
            using HttpResponseMessage answer = await log.AskAsync(path);
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.Equal(header, answer.Headers.NonValidated.TryGetValues("Retry-After", out var values) ? values.ToString() : null);
        }
    }

    [Theory]
    [MemberData(nameof(Reads))]
    public async Task F6_answers_of_no_use_come_in_every_kind(string path)
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        byte[] honest = await log.BytesAsync(path);

        foreach (int status in new[] { 403, 500, 503 })
        {
            log.Log.Misbehave($"body={status},times=1");
            Assert.Equal(status, await log.StatusAsync(path));
        }
        log.Log.Misbehave("body=html,times=1");
        using (HttpResponseMessage answer = await log.AskAsync(path))
            Assert.Equal((HttpStatusCode.OK, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        log.Log.Misbehave("body=empty,times=1");
        Assert.Empty(await log.BytesAsync(path));
        log.Log.Misbehave("body=cut,times=1");
        await Assert.ThrowsAnyAsync<Exception>(() => log.BytesAsync(path));
        Assert.Equal(honest, await log.BytesAsync(path));
    }

    [Theory]
    [MemberData(nameof(Reads))]
    public async Task F7_an_answer_does_not_come_or_not_to_its_end(string path)
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        byte[] honest = await log.BytesAsync(path);

        log.Log.Misbehave("slow=headers,times=1");
        Task<HttpResponseMessage> silent = log.AskAsync(path);
        await Doubles.Eventually.HappensAsync(() => log.Log.Faults.Faults.Count == 0);
        log.Log.Misbehave("slow=stall,times=1");
        using HttpResponseMessage stalled = await log.AskAsync(path);
        await using Stream body = await stalled.Content.ReadAsStreamAsync(Cancellation);
        byte[] half = new byte[honest.Length / 2];
        await body.ReadExactlyAsync(half, Cancellation);
        ValueTask<int> more = body.ReadAsync(new byte[1], Cancellation);
        Assert.Equal(honest[..half.Length], half);

        log.Log.Misbehave("slow=reset,times=1");
        await Assert.ThrowsAnyAsync<Exception>(() => log.BytesAsync(path));
        Assert.False(silent.IsCompleted);
        Assert.False(more.IsCompleted);
    }

    [Fact]
    public async Task F7_a_body_comes_a_byte_a_second()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("slow=body,times=1");
        byte[] honest = "{\"tree_size\""u8.ToArray();
        using HttpResponseMessage answer = await log.AskAsync("ct/v1/get-sth");
        await using Stream body = await answer.Content.ReadAsStreamAsync(Cancellation);
        byte[] read = new byte[3];
        await body.ReadExactlyAsync(read.AsMemory(0, 1), Cancellation);
        for (int at = 1; at < read.Length; at++)
        {
            ValueTask<int> next = body.ReadAsync(read.AsMemory(at, 1), Cancellation);
            await log.Time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
            Assert.False(next.IsCompleted);
            log.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(1, await next);
        }
        Assert.Equal(honest[..3], read);
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public async Task F8_a_bomb_is_a_gigabyte_however_it_is_sent(string path)
    {
        await using FaultyLog log = await FaultyLog.WithAsync("bomb=length,times=1");
        using (HttpResponseMessage declared = await log.AskAsync(path)) Assert.Equal(1L << 30, declared.Content.Headers.ContentLength);
        log.Log.Misbehave("bomb=body,times=1");
        using (HttpResponseMessage plain = await log.AskAsync(path))
        {
            Assert.Null(plain.Content.Headers.ContentLength);
            await ReadsMoreThanAsync(await plain.Content.ReadAsStreamAsync(Cancellation), 16 << 20);
        }
        log.Log.Misbehave("bomb=gzip,times=1");
        using HttpResponseMessage packed = await log.AskAsync(path);
        Assert.Equal(["gzip"], packed.Content.Headers.ContentEncoding);
        await ReadsMoreThanAsync(new GZipStream(await packed.Content.ReadAsStreamAsync(Cancellation), CompressionMode.Decompress), 16 << 20);
    }

    [Theory]
    [InlineData("ct/v1/get-sth")]
    [InlineData("ct/v1/get-entries?start=0&end=20")]
    [InlineData("ct/v1/get-sth-consistency?first=3&second=600")]
    public async Task F9_json_is_written_in_other_ways_and_means_the_same(string path)
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        string honest = await log.TextAsync(path);
        // A signature is new each time; one without a slash shows nothing.
        for (int tries = 0; tries < 100 && !honest.Contains('/', StringComparison.Ordinal); tries++)
        {
            log.Log.Publish();
            honest = await log.TextAsync(path);
        }

        log.Log.Misbehave("json=slash,times=1");
        string slashed = await log.TextAsync(path);
        Assert.Contains("\\/", slashed, StringComparison.Ordinal);
        Assert.Equal(honest, slashed.Replace("\\/", "/", StringComparison.Ordinal));

        log.Log.Misbehave("json=members,times=1");
        JsonElement richer = await log.JsonAsync(path);
        foreach (JsonProperty member in JsonSerializer.Deserialize<JsonElement>(honest).EnumerateObject()) Assert.True(richer.TryGetProperty(member.Name, out _));
        Assert.Equal("comment", richer.EnumerateObject().First().Name);

        log.Log.Misbehave("json=deep,times=1");
        string deep = await log.TextAsync(path);
        Assert.Contains(new string('[', 10_000), deep, StringComparison.Ordinal);
        JsonDocument.Parse(deep, new JsonDocumentOptions { MaxDepth = 10_010 }).Dispose();
    }

    [Theory]
    [InlineData("get-sth-consistency?first=3&second=600")]
    [InlineData("get-entry-and-proof?leaf_index=3&tree_size=600")]
    public async Task F24_a_call_that_the_log_does_not_know_gets_a_web_page(string call)
    {
        await using FaultyLog log = await FaultyLog.WithAsync($"no={call.Split('?')[0]}");
        using HttpResponseMessage answer = await log.AskAsync("ct/v1/" + call);
        Assert.Equal((HttpStatusCode.NotFound, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Equal(200, await log.StatusAsync("ct/v1/get-sth"));
    }

    [Theory]
    [InlineData("wrong", 0, 32)]
    [InlineData("short", -1, 32)]
    [InlineData("long", 1, 32)]
    [InlineData("31", 0, 31)]
    public async Task F25_proofs_are_wrong_short_long_or_of_odd_hashes(string form, int more, int length)
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        string hash = Uri.EscapeDataString(log.Log.LeafHashAt(new EntryIndex(3)).ToBase64());
        foreach (string call in new[] { "get-sth-consistency?first=3&second=600", "get-entry-and-proof?leaf_index=3&tree_size=600", $"get-proof-by-hash?hash={hash}&tree_size=600" })
        {
            IReadOnlyList<byte[]> honest = await HashesAsync(), spoiled;
            log.Log.Misbehave($"proof={form},times=1");
            spoiled = await HashesAsync();
            Assert.Equal(honest.Count + more, spoiled.Count);
            Assert.Equal(length, spoiled[^1].Length);
            if (form == "wrong") Assert.NotEqual(honest[^1], spoiled[^1]);

            async Task<IReadOnlyList<byte[]>> HashesAsync()
            {
                JsonElement proof = await log.JsonAsync("ct/v1/" + call);
                return ServedLog.Hashes(proof.TryGetProperty("consistency", out JsonElement hashes) ? hashes : proof.GetProperty("audit_path"));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Reads))]
    public async Task F27_gzip_comes_unasked_or_never(string path)
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        byte[] honest = await log.BytesAsync(path);

        log.Log.Misbehave("gzip=unasked,times=1");
        using (HttpResponseMessage packed = await log.AskAsync(path, ("Accept-Encoding", "identity")))
        {
            Assert.Equal(["gzip"], packed.Content.Headers.ContentEncoding);
            await using var body = new GZipStream(await packed.Content.ReadAsStreamAsync(Cancellation), CompressionMode.Decompress);
            using var plain = new MemoryStream();
            await body.CopyToAsync(plain, Cancellation);
            Assert.Equal(honest, plain.ToArray());
        }
        log.Log.Misbehave("gzip=never,times=1");
        using HttpResponseMessage never = await log.AskAsync(path, ("Accept-Encoding", "gzip"));
        Assert.Empty(never.Content.Headers.ContentEncoding);
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public async Task F35_a_cache_keeps_a_head_for_its_max_age_and_says_its_age(string path)
    {
        await using FaultyLog log = await FaultyLog.WithAsync("cache=30");
        string first = await log.TextAsync(path);
        log.Grow(10);
        log.Time.Advance(TimeSpan.FromSeconds(29));
        string tag;
        using (HttpResponseMessage kept = await log.AskAsync(path))
        {
            Assert.Equal(first, await kept.Content.ReadAsStringAsync(Cancellation));
            Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(29)), (kept.Headers.CacheControl?.MaxAge, kept.Headers.Age));
            tag = kept.Headers.ETag!.ToString();
        }
        using (HttpResponseMessage known = await log.AskAsync(path, ("If-None-Match", tag)))
        {
            Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
            Assert.Empty(await known.Content.ReadAsByteArrayAsync(Cancellation));
        }
        log.Time.Advance(TimeSpan.FromSeconds(1));
        using HttpResponseMessage renewed = await log.AskAsync(path, ("If-None-Match", tag));
        Assert.Equal((HttpStatusCode.OK, TimeSpan.Zero), (renewed.StatusCode, renewed.Headers.Age));
        Assert.NotEqual(first, await renewed.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public async Task F35_a_stuck_cache_says_304_for_ever(string path)
    {
        await using FaultyLog log = await FaultyLog.WithAsync("cache=stuck");
        await log.TextAsync(path);
        log.Time.Advance(TimeSpan.FromDays(2));
        log.Grow(10);
        using HttpResponseMessage answer = await log.AskAsync(path, ("If-None-Match", "\"whatever\""));
        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    [Fact]
    public async Task F37_nobody_listens_until_the_time_is_over()
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        Assert.Equal(200, await log.StatusAsync("ct/v1/get-sth"));
        log.Log.Misbehave("gone=refused,for=1m");

        await Assert.ThrowsAsync<HttpRequestException>(() => log.StatusAsync("ct/v1/get-sth"));
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => log.StatusAsync("tiles/checkpoint"));
        Assert.Equal(HttpRequestError.ConnectionError, refused.HttpRequestError);

        log.Time.Advance(TimeSpan.FromMinutes(1));
        await Doubles.Eventually.HappensAsync(() => Listens(log.Server.Url));
        Assert.Equal(200, await log.StatusAsync("tiles/checkpoint"));
    }

    [Fact]
    public async Task F37_connections_are_cut_or_everything_is_404()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("gone=reset");
        await Assert.ThrowsAsync<HttpRequestException>(() => log.StatusAsync("ct/v1/get-sth"));
        log.Log.Behave();
        log.Log.Misbehave("gone=404");
        foreach (string path in Reads) Assert.Equal(404, await log.StatusAsync(path));
        Assert.Equal(404, await log.StatusAsync("log_list.json"));
    }

    [Fact]
    public async Task F37_a_certificate_has_expired()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("gone=tls");
        var secured = new UriBuilder(log.Server.Url) { Scheme = "https", Path = "/ct/v1/get-sth" }.Uri;
        DateTime? until = null;
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    until = (certificate as X509Certificate2)?.NotAfter;
                    return until is not null;
                },
            },
        };
        using var trusting = new HttpClient(handler);
        using var careful = new HttpClient();

        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => careful.GetAsync(secured, Cancellation));
        Assert.Equal(HttpRequestError.SecureConnectionError, refused.HttpRequestError);
        Assert.Contains("tree_size", await trusting.GetStringAsync(secured, Cancellation), StringComparison.Ordinal);
        Assert.True(until < DateTime.Now);
    }

    [Fact]
    public async Task F37_a_name_is_gone_from_the_dns()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("gone=dns");
        JsonElement listed = (await log.JsonAsync("log_list.json")).GetProperty("operators")[0];
        Assert.StartsWith("http://testlog.invalid:", listed.GetProperty("logs")[0].GetProperty("url").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("http://testlog.invalid:", listed.GetProperty("tiled_logs")[0].GetProperty("monitoring_url").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Reads))]
    public async Task F39_answers_point_elsewhere(string path)
    {
        await using FaultyLog log = await FaultyLog.WithAsync("redirect=http://127.0.0.1:9/there");
        using HttpResponseMessage answer = await log.AskAsync(path);
        Assert.Equal((HttpStatusCode.Found, "http://127.0.0.1:9/there"), (answer.StatusCode, answer.Headers.Location?.AbsoluteUri));
    }

    [Fact]
    public async Task P10_an_answer_takes_its_round_trip()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("delay=150");
        Task<int> asked = log.StatusAsync("ct/v1/get-sth");
        await log.Time.WaitForTimerAsync(TimeSpan.FromMilliseconds(150));
        log.Time.Advance(TimeSpan.FromMilliseconds(149));
        Assert.False(asked.IsCompleted);
        log.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(200, await asked);
    }

    [Theory]
    [InlineData("rate=3", null)]
    [InlineData("rate=3/2", "2")]
    public async Task Requests_beyond_the_rate_are_429_until_the_bucket_fills(string fault, string? header)
    {
        await using FaultyLog log = await FaultyLog.WithAsync(fault);
        Assert.Equal((IEnumerable<int>)[200, 200, 200, 429], await StatusesAsync(4));
        using (HttpResponseMessage refused = await log.AskAsync("ct/v1/get-sth"))
            Assert.Equal(header, refused.Headers.TryGetValues("Retry-After", out IEnumerable<string>? values) ? values.Single() : null);
        log.Time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.Equal((IEnumerable<int>)[200, 429], await StatusesAsync(2));
        log.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((IEnumerable<int>)[200, 200, 200, 429], await StatusesAsync(4));

        async Task<int[]> StatusesAsync(int count)
        {
            var statuses = new int[count];
            for (int i = 0; i < count; i++) statuses[i] = await log.StatusAsync("tiles/checkpoint");
            return statuses;
        }
    }

    private static bool Listens(Uri url)
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, url.Port);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private static async Task ReadsMoreThanAsync(Stream body, long least)
    {
        byte[] piece = new byte[64 * 1024];
        for (long read = 0; read < least;)
        {
            int got = await body.ReadAsync(piece, Cancellation);
            Assert.NotEqual(0, got);
            read += got;
        }
    }
}
