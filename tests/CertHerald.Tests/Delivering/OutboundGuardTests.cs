using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Delivering;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Delivering;

public sealed class OutboundGuardTests
{
    private static readonly OutboundOptions LoopbackAllowed = new() { Allow = [IPNetwork.Parse("127.0.0.0/8")] };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    [InlineData("localhost.")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("①②⑦.⓪.⓪.①")]
    [InlineData("127。0。0。1")]
    [InlineData("[fe80::1%25eth0]")]
    [InlineData("[64:ff9b::7f00:1]")]
    [InlineData("localhost")]
    public async Task T10_loopback_in_every_spelling_is_refused(string host)
    {
        var uri = new Uri($"https://{host}/");
        await Assert.ThrowsAsync<OutboundBlockedException>(() => new OutboundGuard(new OutboundOptions()).FindAllowedAsync(uri.IdnHost, 443, true, Cancellation));
    }

    [Fact]
    public async Task T9_one_private_address_among_public_ones_refuses_all()
    {
        var guard = new OutboundGuard(new OutboundOptions(), Answering("8.8.8.8", "10.0.0.1"));
        await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync("mixed.example", 443, true, Cancellation));
    }

    [Fact]
    public async Task T9_a_name_that_turns_private_after_it_was_saved_is_refused_when_connecting()
    {
        string[] now = ["8.8.8.8"];
        var guard = new OutboundGuard(new OutboundOptions(), (host, cancellation) => Answering(now)(host, cancellation));
        Assert.Single(await guard.FindAllowedAsync("rebinding.example", 443, true, Cancellation));

        now = ["127.0.0.1"];
        await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync("rebinding.example", 443, true, Cancellation));
    }

    [Fact]
    public async Task IPv4_addresses_come_first()
    {
        var guard = new OutboundGuard(new OutboundOptions(), Answering("2606:4700::1111", "8.8.8.8"));
        IPEndPoint[] found = await guard.FindAllowedAsync("both.example.", 443, true, Cancellation);
        Assert.Equal([IPAddress.Parse("8.8.8.8"), IPAddress.Parse("2606:4700::1111")], found.Select(address => address.Address));
    }

    [Theory]
    [InlineData("8.8.8.8", 443, true, true)]
    [InlineData("8.8.8.8", 8443, true, true)]
    [InlineData("8.8.8.8", 444, true, false)]
    [InlineData("8.8.8.8", 443, false, false)]
    [InlineData("8.8.8.8", 80, false, false)]
    [InlineData("127.0.0.1", 80, false, true)]
    [InlineData("127.0.0.1", 9999, true, true)]
    public async Task Public_addresses_take_https_on_the_listed_ports_and_opened_ones_take_anything(string address, int port, bool isEncrypted, bool passes)
    {
        var guard = new OutboundGuard(LoopbackAllowed);
        if (passes) Assert.Single(await guard.FindAllowedAsync(address, port, isEncrypted, Cancellation));
        else await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync(address, port, isEncrypted, Cancellation));
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.9.9.9")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("::", "::1")]
    [InlineData("127.0.0.1", "0.0.0.0")]
    [InlineData("127.0.0.1", "::ffff:127.0.0.1")]
    [InlineData("127.0.0.1", "64:ff9b::7f00:1")]
    [InlineData("::1", "::")]
    public async Task Rule_9_5_our_own_listeners_stay_shut_whatever_is_opened(string listener, string target)
    {
        var guard = new OutboundGuard(new OutboundOptions { Allow = [IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")] });
        guard.Shut([new IPEndPoint(IPAddress.Parse(listener), 8470)]);

        await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync(target, 8470, false, Cancellation));
        await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync(target, 8470, false, Cancellation, OutboundReach.Named));
        Assert.Single(await guard.FindAllowedAsync(target, 8471, false, Cancellation));
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, false)]
    [InlineData(SocketError.NoData, false)]
    [InlineData(SocketError.TryAgain, true)]
    [InlineData(SocketError.NoRecovery, true)]
    public async Task A_name_that_does_not_exist_is_told_from_name_servers_that_fail(SocketError error, bool mayBeLocal)
    {
        var guard = new OutboundGuard(new OutboundOptions(), (_, _) => throw new SocketException((int)error));
        NameResolutionException thrown = await Assert.ThrowsAsync<NameResolutionException>(() => guard.FindAllowedAsync("gone.example", 443, true, Cancellation));
        Assert.Equal(mayBeLocal, thrown.MayBeLocal);
    }

    [Fact]
    public async Task Rule_9_1_a_vetted_address_is_connected_to_and_TLS_asks_for_the_name()
    {
        using X509Certificate2 certificate = MadeCertificate.For("hooks.example");
        await using Receiver receiver = Receiver.StartWithTls(certificate);
        using HttpClient http = Trusting(certificate);

        using HttpResponseMessage response = await http.PostAsync(new Uri($"https://hooks.example:{receiver.Port}/"), new ByteArrayContent([1]), Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"hooks.example:{receiver.Port}", receiver.Requests[0].Headers["Host"].Single());
    }

    [Fact]
    public async Task The_clock_of_an_attempt_takes_the_time_of_its_TLS_handshake()
    {
        using X509Certificate2 certificate = MadeCertificate.For("hooks.example");
        await using Receiver receiver = Receiver.StartWithTls(certificate);
        using HttpClient http = Trusting(certificate);
        var clock = new AttemptClock(TimeProvider.System);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://hooks.example:{receiver.Port}/");
        request.Options.Set(AttemptClock.Key, clock);

        using HttpResponseMessage response = await http.SendAsync(request, Cancellation);
        clock.Answered(peer: null);
        AttemptPhases phases = clock.Stop();
        Assert.True(phases is { Dns.Ticks: > 0, Connect.Ticks: > 0, Tls.Ticks: > 0, Headers.Ticks: > 0, Body: not null, Peer: "127.0.0.1" }, phases.ToString());
    }

    [Theory]
    [InlineData("other.example", 1)]
    [InlineData("hooks.example", -1)]
    public async Task T28_a_foreign_or_expired_certificate_is_refused_though_its_issuer_is_trusted(string asked, int days)
    {
        using X509Certificate2 certificate = MadeCertificate.For("hooks.example", days);
        await using Receiver receiver = Receiver.StartWithTls(certificate);
        using HttpClient http = Trusting(certificate);

        HttpRequestException failure = await Assert.ThrowsAsync<HttpRequestException>(
            () => http.PostAsync(new Uri($"https://{asked}:{receiver.Port}/"), new ByteArrayContent([1]), Cancellation));
        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.IsType<System.Security.Authentication.AuthenticationException>(failure.InnerException);
        Assert.Empty(receiver.Requests);
    }

    [Fact]
    public async Task Rule_9_1_name_servers_have_5_seconds()
    {
        var time = new ManualTime();
        var asked = new TaskCompletionSource();
        var guard = new OutboundGuard(new OutboundOptions(), (_, cancellation) =>
        {
            asked.SetResult();
            return Task.Delay(Timeout.Infinite, cancellation).ContinueWith(_ => Array.Empty<IPAddress>(), TaskScheduler.Default);
        }, time);
        Task<IPEndPoint[]> finding = guard.FindAllowedAsync("slow.example", 443, true, Cancellation);
        await asked.Task;

        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(finding.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True((await Assert.ThrowsAsync<NameResolutionException>(() => finding)).MayBeLocal);
    }

    [Fact]
    public async Task Rule_9_1_name_servers_that_ignore_the_limit_are_left_behind()
    {
        var time = new ManualTime();
        var never = new TaskCompletionSource<IPAddress[]>();
        Task<IPEndPoint[]> finding = new OutboundGuard(new OutboundOptions(), (_, _) => never.Task, time).FindAllowedAsync("deaf.example", 443, true, Cancellation);
        time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<NameResolutionException>(() => finding);
    }

    [Fact]
    public async Task Rule_9_1_a_change_of_the_options_closes_pooled_connections()
    {
        await using Receiver receiver = Receiver.Start();
        var guard = new OutboundGuard(LoopbackAllowed);
        using HttpMessageInvoker http = Through(guard);
        await PostAsync(http, receiver.Url);
        await PostAsync(http, receiver.Url);
        Assert.Equal(1, receiver.Connections);

        guard.Use(new OutboundOptions { Allow = [IPNetwork.Parse("127.0.0.0/8")] });
        await PostAsync(http, receiver.Url);
        Assert.Equal(1, receiver.Connections);

        guard.Use(LoopbackAllowed with { Ports = [443] });
        await PostAsync(http, receiver.Url);
        Assert.Equal(2, receiver.Connections);

        guard.Use(new OutboundOptions());
        await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(http, receiver.Url));
        Assert.Equal((2, 4), (receiver.Connections, receiver.Requests.Count));
    }

    [Fact]
    public async Task Rule_9_1_a_request_under_way_outlives_a_change_of_the_options()
    {
        await using Receiver receiver = Receiver.Start();
        var answer = new TaskCompletionSource();
        receiver.Default = Receiver.After(answer.Task, Receiver.Answer(200));
        var guard = new OutboundGuard(LoopbackAllowed);
        using HttpMessageInvoker http = Through(guard);
        Task posting = PostAsync(http, receiver.Url);
        await receiver.NextAsync();

        guard.Use(new OutboundOptions());
        await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(http, receiver.Url));
        answer.SetResult();
        await posting;
    }

    [Fact]
    public async Task Rule_9_1_the_address_that_was_judged_is_connected_to_and_the_name_is_asked_once()
    {
        await using Receiver receiver = Receiver.Start();
        int asked = 0;
        // The second answer is what a rebinding name server would give to whoever asked again.
        var guard = new OutboundGuard(LoopbackAllowed, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(asked++ == 0 ? "127.0.0.1" : "169.254.169.254")]));
        using HttpMessageInvoker http = Through(guard);
        await PostAsync(http, new Uri($"http://rebinding.example:{receiver.Port}/"));
        Assert.Equal(1, asked);

        guard.Use(LoopbackAllowed with { Ports = [443] });
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(http, new Uri($"http://rebinding.example:{receiver.Port}/")));
        Assert.IsType<OutboundBlockedException>(refused.InnerException);
        Assert.Equal((2, 1), (asked, receiver.Connections));
    }

    [Fact]
    public async Task An_IPv4_mapped_address_that_is_opened_is_connected_to_as_IPv4()
    {
        await using Receiver receiver = Receiver.Start();
        using HttpMessageInvoker http = Through(new OutboundGuard(LoopbackAllowed));
        await PostAsync(http, new Uri($"http://[::ffff:127.0.0.1]:{receiver.Port}/"));
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public void Rule_4_3_the_handler_does_nothing_by_itself()
    {
        using SocketsHttpHandler handler = new OutboundGuard(new OutboundOptions()).CreateHandler();
        Assert.False(handler.AllowAutoRedirect);
        Assert.False(handler.UseProxy);
        Assert.Null(handler.Proxy);
        Assert.False(handler.UseCookies);
        Assert.False(handler.PreAuthenticate);
        Assert.Null(handler.Credentials);
        Assert.Equal(DecompressionMethods.None, handler.AutomaticDecompression);
        Assert.Equal(TimeSpan.FromMinutes(2), handler.PooledConnectionLifetime);
        Assert.Equal(TimeSpan.FromSeconds(5), handler.ConnectTimeout);
        Assert.Equal(16, handler.MaxResponseHeadersLength);
        Assert.Equal(0, handler.MaxResponseDrainSize);
        using Activity activity = new Activity("somebody traces").SetIdFormat(ActivityIdFormat.W3C).Start();
        handler.ActivityHeadersPropagator!.Inject(activity, null, (_, name, _) => Assert.Fail($"{name} would be sent"));
        Assert.NotNull(handler.ConnectCallback);
        Assert.Equal(System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13, handler.SslOptions.EnabledSslProtocols);
        Assert.Null(handler.SslOptions.RemoteCertificateValidationCallback);
    }

    [Fact]
    public async Task Rule_9_7_who_is_refused_reads_one_text_and_the_log_has_each_reason_once()
    {
        var log = new Lines();
        var guard = new OutboundGuard(new OutboundOptions(), Answering("8.8.8.8", "10.0.0.1"), logger: log);
        string[] texts =
        [
            await RefusedAsync("mixed.example", 443, true), await RefusedAsync("mixed.example", 443, true), await RefusedAsync("8.8.8.8", 25, true),
            await RefusedAsync("8.8.8.8", 443, false), await RefusedAsync("169.254.169.254", 443, true), await RefusedAsync("fe80::1%3", 443, true), await RefusedAsync("", 443, true),
        ];
        Assert.Single(texts.Distinct());
        Assert.DoesNotMatch(@"\d", texts[0]);
        Assert.Equal("Connections to mixed.example are refused: 10.0.0.1 is not a public address, and outbound.allow does not open it", log.All[0]);
        Assert.Equal(6, log.All.Count);

        async Task<string> RefusedAsync(string host, int port, bool isEncrypted) =>
            (await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync(host, port, isEncrypted, Cancellation))).Message;
    }

    [Fact]
    public async Task Where_one_address_refuses_the_next_is_tried()
    {
        await using Receiver receiver = Receiver.Start();
        using var http = new HttpClient(new OutboundGuard(LoopbackAllowed, Answering("127.0.0.2", "127.0.0.1")).CreateHandler());
        using HttpResponseMessage response = await http.PostAsync(new Uri($"http://hooks.example:{receiver.Port}/"), new ByteArrayContent([1]), Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static ResolveHost Answering(params string[] addresses) =>
        (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray());

    private static HttpClient Trusting(X509Certificate2 certificate)
    {
        SocketsHttpHandler handler = new OutboundGuard(LoopbackAllowed, Answering("127.0.0.1")).CreateHandler();
        handler.SslOptions.CertificateChainPolicy = MadeCertificate.Trust(certificate);
        return new HttpClient(handler);
    }

    private static HttpMessageInvoker Through(OutboundGuard guard) => new(guard.Through(guard.CreateHandler), disposeHandler: true);

    private static async Task PostAsync(HttpMessageInvoker http, Uri url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent([1]) };
        using HttpResponseMessage response = await http.SendAsync(request, Cancellation);
        Assert.Equal("", await response.Content.ReadAsStringAsync(Cancellation));
    }

    private sealed class Lines : ILogger<OutboundGuard>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add(formatter(state, exception));
    }
}
