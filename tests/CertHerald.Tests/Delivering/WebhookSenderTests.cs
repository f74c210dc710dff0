using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Api;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Delivering;

public sealed class WebhookSenderTests : IAsyncDisposable
{
    private static readonly DeliveryRules Rules = new CertSpotterDialect().Rules;
    private static readonly OutboundOptions LoopbackAllowed = new() { Allow = [IPNetwork.Parse("127.0.0.0/8")] };

    private readonly ManualTime _time = new();
    private readonly Receiver _receiver = Receiver.Start();
    private readonly WebhookSender _sender;

    public WebhookSenderTests() => _sender = new WebhookSender(new OutboundGuard(LoopbackAllowed), _time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _sender.Dispose();
        await _receiver.DisposeAsync();
    }

    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    [InlineData(204)]
    [InlineData(299)]
    public async Task D1_every_2xx_delivers_with_one_request(int status)
    {
        _receiver.Default = status == 204 ? Receiver.Send("HTTP/1.1 204 Said\r\n\r\n") : Receiver.Answer(status);
        Answer answer = await PostAsync();

        Assert.Equal((AttemptOutcome.Delivered, status), (answer.Outcome, answer.Status));
        Assert.Single(_receiver.Requests);
    }

    [Fact]
    public async Task A_receiver_that_speaks_HTTP_1_0_gets_a_connection_for_each_post()
    {
        // Python's plain server does, and closes after each answer: what was sent on the same connection would be lost.
        _receiver.Default = Receiver.Send("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
        for (int i = 0; i < 3; i++) Assert.Equal(AttemptOutcome.Delivered, (await PostAsync()).Outcome);

        Assert.Equal(3, _receiver.Connections);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(301)]
    [InlineData(304)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(407)]
    [InlineData(410)]
    [InlineData(500)]
    [InlineData(599)]
    public async Task D2_every_other_status_is_a_failure_with_one_request(int status)
    {
        _receiver.Default = Receiver.Answer(status, "", "WWW-Authenticate: Basic");
        Answer answer = await PostAsync();

        Assert.Equal((AttemptOutcome.Status, status), (answer.Outcome, answer.Status));
        Assert.Single(_receiver.Requests);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task D3_T1_a_redirect_reaches_no_second_listener(int status)
    {
        await using Receiver second = Receiver.Start();
        _receiver.Default = Receiver.Answer(status, "", $"Location: {second.Url}");

        Assert.Equal(AttemptOutcome.Status, (await PostAsync()).Outcome);
        Assert.Equal(0, second.Connections);
    }

    [Theory]
    [InlineData(14.5, AttemptOutcome.Delivered)]
    [InlineData(15.5, AttemptOutcome.Timeout)]
    public async Task D4_E5_Rule_4_1_final_headers_within_15_seconds_decide(double seconds, object outcome)
    {
        var signal = new TaskCompletionSource();
        _receiver.Default = Receiver.After(signal.Task, Receiver.Answer(200));
        Task<Answer> posting = PostAsync();
        await _receiver.NextAsync();

        _time.Advance(TimeSpan.FromSeconds(seconds));
        signal.SetResult();
        Assert.Equal((AttemptOutcome)outcome, (await posting).Outcome);
    }

    [Fact]
    public async Task D7_T8_credentials_go_into_their_header_and_nowhere_else()
    {
        Assert.True(WebhookUrl.TryParse($"http://u%40x:p%3A1@127.0.0.1:{_receiver.Port}/hook?a=b", out WebhookUrl? url, out _));
        Answer answer = await PostAsync(Given.Webhook(url.Address) with { Credentials = url.Credentials });

        Received request = Assert.Single(_receiver.Requests);
        Assert.Equal(AttemptOutcome.Delivered, answer.Outcome);
        Assert.Equal("Basic dUB4OnA6MQ==", request.Headers["Authorization"].Single());
        Assert.Equal("POST /hook?a=b HTTP/1.1", request.RequestLine);
        Assert.Equal($"127.0.0.1:{_receiver.Port}", request.Headers["Host"].Single());
    }

    [Fact]
    public async Task T14_a_request_has_these_headers_and_no_others()
    {
        using Activity activity = new Activity("somebody traces").SetIdFormat(ActivityIdFormat.W3C).Start();
        activity.TraceStateString = "a=b";
        activity.AddBaggage("c", "d");
        await PostAsync();

        Received request = Assert.Single(_receiver.Requests);
        Assert.Equal(
            ["Accept-Encoding", "Content-Length", "Content-Type", "Host", "Idempotency-Key", "User-Agent"],
            request.Headers.Select(header => header.Key).Order(StringComparer.Ordinal));
        Assert.Equal("application/json", request.Headers["Content-Type"].Single());
        Assert.Equal("some-key", request.Key);
        Assert.Equal("identity", request.Headers["Accept-Encoding"].Single());
        Assert.Matches(@"^CertHerald/\d+\.\d+\.\d+$", request.Headers["User-Agent"].Single());
        Assert.Equal("{}"u8, request.Body);
    }

    [Fact]
    public async Task T14_what_the_platform_measures_of_requests_is_not_exported()
    {
        using var meter = new Meter("CertHerald");
        using var metrics = new PrometheusText(meter, NullLogger<PrometheusText>.Instance);
        meter.CreateCounter<long>("certherald_canary_total").Add(1);
        await PostAsync();

        string text = metrics.Write();
        Assert.Contains("certherald_canary_total 1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("http", text, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task T2_a_proxy_of_the_environment_is_not_used()
    {
        await using Receiver proxy = Receiver.Start();
        IWebProxy before = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new ProxyFor("hooks.example", proxy.Url);        // what HTTP_PROXY becomes in a process
        try
        {
            using var sender = new WebhookSender(
                new OutboundGuard(LoopbackAllowed, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback])), _time);
            Uri target = new($"http://hooks.example:{_receiver.Port}/");
            Assert.Equal(AttemptOutcome.Delivered, (await sender.PostAsync(Given.Webhook(target), Rules, "key", "{}"u8.ToArray(), Cancellation)).Outcome);
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }

        Assert.Equal(0, proxy.Connections);
        Assert.Single(_receiver.Requests);
    }

    [Fact]
    public async Task T3_cookies_are_not_returned()
    {
        _receiver.Default = Receiver.Answer(200, "", "Set-Cookie: canary=1");
        await PostAsync();
        Answer answer = await PostAsync();

        Assert.Equal(2, _receiver.Requests.Count);
        Assert.Empty(_receiver.Requests[1].Headers["Cookie"]);
        Assert.DoesNotContain("canary", $"{answer}{System.Text.Encoding.UTF8.GetString(answer.Body)}", StringComparison.Ordinal);
        Assert.Equal(1, _receiver.Connections);
    }

    [Fact]
    public async Task T4_a_body_that_trickles_is_cut_at_15_seconds_and_the_status_counts()
    {
        _receiver.Default = Receiver.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
        Task<Answer> posting = PostAsync();

        // The sender looks at the clock when the headers are there, to read Retry-After.
        await _time.WaitUntilAskedAsync();
        Assert.False(posting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(15));

        Answer answer = await posting;
        Assert.Equal((AttemptOutcome.Delivered, 200), (answer.Outcome, answer.Status));
    }

    [Fact]
    public async Task T5_Rule_4_2_of_an_endless_answer_8_KiB_are_kept_and_the_connection_is_closed()
    {
        var ended = new TaskCompletionSource<long>();
        _receiver.Default = async (connection, stopping) =>
        {
            long sent = 0;
            try
            {
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\nContent-Encoding: gzip\r\n\r\n"u8.ToArray(), stopping);
                var chunk = new byte[4096];
                Array.Fill(chunk, (byte)'x');
                for (; sent < 1_000_000_000; sent += chunk.Length) await connection.WriteAsync(chunk, stopping);
            }
            catch (IOException)
            {
                ended.SetResult(sent);
            }
        };

        Answer answer = await PostAsync();
        Assert.Equal(AttemptOutcome.Delivered, answer.Outcome);
        Assert.Equal(8 * 1024, answer.Body.Length);
        Assert.All(answer.Body, one => Assert.Equal((byte)'x', one));
        Assert.True(await ended.Task.WaitAsync(Cancellation) < 100_000_000, "what was sent beyond stays in the machine's buffers");
    }

    [Fact]
    public async Task T5_a_gzip_bomb_is_kept_as_it_came()
    {
        using var bomb = new MemoryStream();
        await using (var gzip = new GZipStream(bomb, CompressionLevel.SmallestSize, leaveOpen: true)) await gzip.WriteAsync(new byte[50_000_000], Cancellation);
        byte[] packed = bomb.ToArray();
        _receiver.Default = async (connection, stopping) =>
        {
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(), stopping);
            await connection.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{packed.Length:x}\r\n"), stopping);
            await connection.WriteAsync(packed, stopping);
            await connection.WriteAsync("\r\n0\r\n\r\n"u8.ToArray(), stopping);
        };

        Answer answer = await PostAsync();
        Assert.Equal(AttemptOutcome.Delivered, answer.Outcome);
        Assert.Equal(packed[..(8 * 1024)], answer.Body);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nX: ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("HTTP/1.1 200 OK\r\n", "X-Many: more\r\n")]
    [InlineData("garbage\r\n\r\n", "garbage")]
    [InlineData("HTTP/1.1 two hundred\r\n\r\n", "x")]
    public async Task T6_huge_headers_and_garbage_are_no_answer(string head, string again)
    {
        _receiver.Default = Receiver.Flood(head, again);
        Answer answer = await PostAsync();
        Assert.Equal((AttemptOutcome.Protocol, null), (answer.Outcome, answer.Status));
    }

    [Fact]
    public async Task T6_a_flood_of_interim_answers_ends_at_15_seconds()
    {
        var flooding = new TaskCompletionSource();
        _receiver.Default = async (connection, stopping) =>
        {
            // Not without end: all together may be too long for headers before the clock moves.
            for (int i = 0; i < 100; i++) await connection.WriteAsync("HTTP/1.1 102 Processing\r\n\r\n"u8.ToArray(), stopping);
            flooding.SetResult();
            await Task.Delay(Timeout.Infinite, stopping);
        };
        Task<Answer> posting = PostAsync();
        await flooding.Task.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(AttemptOutcome.Timeout, (await posting).Outcome);
    }

    [Fact]
    public async Task T6_bad_chunking_after_a_good_status_is_a_delivery()
    {
        _receiver.Default = Receiver.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\nwhat\r\n");
        Assert.Equal(AttemptOutcome.Delivered, (await PostAsync()).Outcome);
    }

    [Fact]
    public async Task A_reset_is_a_failure_that_is_not_tried_again_here()
    {
        _receiver.Default = Receiver.Reset();
        Answer answer = await PostAsync();
        Assert.Equal((AttemptOutcome.Protocol, null), (answer.Outcome, answer.Status));
        Assert.Single(_receiver.Requests);
    }

    [Fact]
    public async Task A_reset_of_a_kept_connection_is_not_tried_again_here_either()
    {
        _receiver.Then(Receiver.Answer(200), Receiver.Reset());
        await PostAsync();
        Answer answer = await PostAsync();
        Assert.Equal(AttemptOutcome.Protocol, answer.Outcome);
        Assert.Equal(2, _receiver.Requests.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_kept_connection_that_is_closed_unanswered_is_not_tried_again_here(bool isSecond)
    {
        if (isSecond)
        {
            _receiver.Then(Receiver.Answer(200));
            await PostAsync();
        }

        int before = _receiver.Requests.Count;
        _receiver.Then(Receiver.Close());
        Answer answer = await PostAsync();
        Assert.Equal((AttemptOutcome.Protocol, before + 1), (answer.Outcome, _receiver.Requests.Count));
    }

    [Fact]
    public async Task A_refused_connection_is_of_class_connect()
    {
        var unused = new TcpListener(IPAddress.Loopback, 0);
        unused.Start();
        int port = ((IPEndPoint)unused.LocalEndpoint).Port;
        unused.Stop();

        Answer answer = await PostAsync(Given.Webhook(new Uri($"http://127.0.0.1:{port}/canary")));
        Assert.Equal((AttemptOutcome.Connect, Suspect.Receiver), (answer.Outcome, answer.Suspect));
        Assert.Contains("ConnectionRefused", answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_not_open_is_of_class_blocked_and_sees_nothing()
    {
        using var strict = new WebhookSender(new OutboundGuard(new OutboundOptions()), _time);
        Answer answer = await strict.PostAsync(Given.Webhook(_receiver.Url), Rules, "key", "{}"u8.ToArray(), Cancellation);
        Assert.Equal(AttemptOutcome.Blocked, answer.Outcome);
        Assert.Equal(0, _receiver.Connections);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_of_class_dns()
    {
        using var sender = new WebhookSender(
            new OutboundGuard(LoopbackAllowed, (_, _) => throw new SocketException((int)SocketError.HostNotFound)), _time);
        Answer answer = await sender.PostAsync(Given.Webhook(new Uri("https://gone.example/canary")), Rules, "key", "{}"u8.ToArray(), Cancellation);
        Assert.Equal((AttemptOutcome.Dns, Suspect.Receiver), (answer.Outcome, answer.Suspect));
        Assert.DoesNotContain("canary", answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_attempt_says_what_took_its_time_and_whom_it_reached()
    {
        using var sender = new WebhookSender(
            new OutboundGuard(LoopbackAllowed, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback])), TimeProvider.System);
        WebhookOptions webhook = Given.Webhook(new Uri($"http://hooks.example:{_receiver.Port}/"));
        AttemptPhases first = (await sender.PostAsync(webhook, Rules, "key", "{}"u8.ToArray(), Cancellation)).Phases;
        Assert.True(first is { Dns.Ticks: > 0, Connect.Ticks: > 0, Tls: null, Headers.Ticks: > 0, Body.Ticks: > 0, Peer: "127.0.0.1" }, first.ToString());

        // Over the connection that is there.
        AttemptPhases second = (await sender.PostAsync(webhook, Rules, "key", "{}"u8.ToArray(), Cancellation)).Phases;
        Assert.True(second is { Dns: null, Connect: null, Tls: null, Headers.Ticks: > 0, Body.Ticks: > 0, Peer: "127.0.0.1" }, second.ToString());
        Assert.Equal(1, _receiver.Connections);
    }

    [Fact]
    public async Task An_attempt_that_fails_says_how_far_it_came()
    {
        using var sender = new WebhookSender(new OutboundGuard(LoopbackAllowed), TimeProvider.System);
        await using Receiver stranger = Receiver.StartWithTls(SelfSigned());
        AttemptPhases untrusted = (await sender.PostAsync(Given.Webhook(stranger.Url), Rules, "key", "{}"u8.ToArray(), Cancellation)).Phases;
        Assert.True(untrusted is { Dns: not null, Connect.Ticks: > 0, Tls: null, Headers: null, Body: null, Peer: "127.0.0.1" }, untrusted.ToString());

        _receiver.Default = Receiver.Reset();
        AttemptPhases reset = (await sender.PostAsync(Given.Webhook(_receiver.Url), Rules, "key", "{}"u8.ToArray(), Cancellation)).Phases;
        Assert.True(reset is { Connect.Ticks: > 0, Headers: null, Body: null, Peer: "127.0.0.1" }, reset.ToString());
    }

    [Fact]
    public async Task T28_a_certificate_that_nobody_trusts_is_of_class_tls_and_no_request_is_sent()
    {
        await using Receiver stranger = Receiver.StartWithTls(SelfSigned());
        Answer answer = await PostAsync(Given.Webhook(stranger.Url));
        Assert.Equal((AttemptOutcome.Tls, null), (answer.Outcome, answer.Status));
        Assert.Equal(1, stranger.Connections);
        Assert.Empty(stranger.Requests);
    }

    [Fact]
    public async Task T28_a_receiver_that_does_not_speak_TLS_is_of_class_tls()
    {
        await using var plain = new PlainTcp("HTTP/1.1 400 Bad Request\r\n\r\n");
        Answer answer = await PostAsync(Given.Webhook(new Uri($"https://127.0.0.1:{plain.Port}/")));
        Assert.Equal((AttemptOutcome.Tls, null), (answer.Outcome, answer.Status));
    }

    [Fact]
    public async Task T13_an_offer_of_HTTP_3_is_not_taken()
    {
        using var quic = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        _receiver.Default = Receiver.Answer(200, "", $"Alt-Svc: h3=\":{((IPEndPoint)quic.Client.LocalEndPoint!).Port}\"; ma=86400");
        await PostAsync();
        await PostAsync();
        Assert.All(_receiver.Requests, request => Assert.EndsWith(" HTTP/1.1", request.RequestLine, StringComparison.Ordinal));
        Assert.Equal(2, _receiver.Requests.Count);
        Assert.Equal(0, quic.Available);
    }

    [Fact]
    public async Task Retry_After_is_handed_on()
    {
        _receiver.Default = Receiver.Answer(429, "", "Retry-After: 1.5");
        Assert.Equal(TimeSpan.FromSeconds(1.5), (await PostAsync()).RetryAfter);
    }

    [Fact]
    public async Task A_caller_who_cancels_gets_no_answer()
    {
        _receiver.Default = Receiver.Hang();
        using var cancelled = new CancellationTokenSource();
        Task<Answer> posting = _sender.PostAsync(Given.Webhook(_receiver.Url), Rules, "key", "{}"u8.ToArray(), cancelled.Token);
        await _receiver.NextAsync();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => posting);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private Task<Answer> PostAsync(WebhookOptions? webhook = null) =>
        _sender.PostAsync(webhook ?? Given.Webhook(_receiver.Url), Rules, "some-key", "{}"u8.ToArray(), Cancellation);

    /// <summary>A proxy for one host, lest it catch what other tests send.</summary>
    private sealed class ProxyFor(string host, Uri proxy) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : proxy;

        public bool IsBypassed(Uri target) => target.Host != host;
    }

    /// <summary>Says one thing to whoever connects.</summary>
    private sealed class PlainTcp : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _serving;

        public PlainTcp(string says)
        {
            _listener.Start();
            _serving = ServeAsync(says);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _serving;
        }

        private async Task ServeAsync(string says)
        {
            try
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync();
                await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(says));
            }
            catch (SocketException)
            {
            }
        }
    }
}
