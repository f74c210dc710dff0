using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Fetching;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering;

public sealed class OutboundProxyTests
{
    private static readonly ResolveHost Names = (host, _) => Task.FromResult<IPAddress[]>(
        host switch
        {
            "public.example" => [IPAddress.Parse("8.8.8.8")],
            "inside.example" => [IPAddress.Parse("10.0.0.1")],
            "opened.example" or "proxy.example" => [IPAddress.Loopback],
            _ => throw new SocketException((int)SocketError.HostNotFound),
        });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://user:p%40ss@proxy.example", "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n")]
    [InlineData("http://127.0.0.1", "")]
    public async Task Rule_9_6_a_public_address_is_reached_through_the_proxy_and_TLS_goes_through_unbroken(string proxyUrl, string authorization)
    {
        using X509Certificate2 certificate = MadeCertificate.For("public.example");
        await using Receiver receiver = Receiver.StartWithTls(certificate);
        await using ConnectProxy proxy = ConnectProxy.To(receiver.Port);
        OutboundGuard guard = Guard($"{proxyUrl}:{proxy.Port}");
        using var http = new HttpClient(guard.Through(() =>
        {
            SocketsHttpHandler handler = guard.CreateHandler();
            handler.SslOptions.CertificateChainPolicy = MadeCertificate.Trust(certificate);
            return handler;
        }));

        using HttpResponseMessage response = await http.PostAsync(new Uri("https://public.example./hook"), new ByteArrayContent([1]), Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"CONNECT public.example:443 HTTP/1.1\r\nHost: public.example:443\r\n{authorization}\r\n", Assert.Single(proxy.Heads));
        Received request = Assert.Single(receiver.Requests);
        Assert.StartsWith("POST /hook ", request.RequestLine, StringComparison.Ordinal);
        Assert.DoesNotContain(request.Headers, header => header.Key.StartsWith("Proxy", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("https://inside.example/")]
    [InlineData("https://10.0.0.1/")]
    [InlineData("https://169.254.169.254/")]
    [InlineData("http://public.example/")]
    [InlineData("https://public.example:22/")]
    public async Task Rule_9_6_the_target_is_judged_before_the_proxy_is_asked(string url)
    {
        await using ConnectProxy proxy = ConnectProxy.Saying("HTTP/1.1 200 OK\r\n\r\n");
        Assert.Equal(AttemptOutcome.Blocked, (await PostAsync($"http://127.0.0.1:{proxy.Port}", url)).Outcome);
        Assert.Empty(proxy.Heads);
    }

    [Fact]
    public async Task Rule_9_6_an_opened_address_is_called_directly()
    {
        await using Receiver receiver = Receiver.Start();
        await using ConnectProxy proxy = ConnectProxy.Saying("HTTP/1.1 403 No\r\n\r\n");
        Assert.Equal(AttemptOutcome.Delivered, (await PostAsync($"http://127.0.0.1:{proxy.Port}", $"http://opened.example:{receiver.Port}/")).Outcome);
        Assert.Empty(proxy.Heads);
    }

    [Theory]
    [InlineData("https://[2606:4700::1111]/", "[2606:4700::1111]:443")]
    [InlineData("https://134744072:8443/", "8.8.8.8:8443")]
    public async Task A_literal_is_named_as_it_was_judged(string url, string asked)
    {
        await using ConnectProxy proxy = ConnectProxy.Saying("HTTP/1.1 403 No\r\n\r\n");
        await PostAsync($"http://127.0.0.1:{proxy.Port}", url);
        Assert.StartsWith($"CONNECT {asked} HTTP/1.1\r\n", Assert.Single(proxy.Heads), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy answered 403", false)]
    [InlineData("HTTP/1.0 502 Bad gateway\r\n\r\n", "the proxy answered 502", false)]
    [InlineData("HTTP/1.1 407 Who are you\r\n\r\n", "the proxy answered 407", true)]
    [InlineData("HTTP/1.1 302 Elsewhere\r\nLocation: http://127.0.0.1/\r\n\r\n", "the proxy answered 302", false)]
    [InlineData("", "the proxy closed the connection", true)]
    [InlineData("HTTP/1.1 200 OK\r\n", "the proxy closed the connection", true)]
    [InlineData("SSH-2.0-OpenSSH_9.9 hello\r\n\r\n", "the proxy does not speak HTTP", true)]
    [InlineData("HTTP/1.1 +20 OK\r\n\r\n", "the proxy does not speak HTTP", true)]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", "the proxy does not speak HTTP", true)]
    [InlineData("\r\n\r\n", "the proxy does not speak HTTP", true)]
    public async Task Rule_4_5_what_a_proxy_says_about_one_host_is_no_fault_of_ours_but_its_own_trouble_is(string says, string detail, bool isOurs)
    {
        await using ConnectProxy proxy = ConnectProxy.Saying(says);
        Answer answer = await PostAsync($"http://canary:canary@127.0.0.1:{proxy.Port}", "https://public.example/");
        Assert.Equal((AttemptOutcome.Connect, detail, isOurs ? Suspect.Ourselves : Suspect.Receiver), (answer.Outcome, answer.Detail, answer.Suspect));
    }

    [Fact]
    public async Task A_proxy_whose_answer_has_no_end_is_given_up_at_16_KiB()
    {
        await using ConnectProxy proxy = ConnectProxy.Saying("HTTP/1.1 200 OK\r\nX: " + new string('x', 1_000_000));
        Answer answer = await PostAsync($"http://127.0.0.1:{proxy.Port}", "https://public.example/");
        Assert.Equal((AttemptOutcome.Connect, "the proxy's answer has no end"), (answer.Outcome, answer.Detail));
    }

    [Fact]
    public async Task Rule_4_5_a_proxy_that_cannot_be_reached_is_our_own_trouble()
    {
        var unused = new TcpListener(IPAddress.Loopback, 0);
        unused.Start();
        int port = ((IPEndPoint)unused.LocalEndpoint).Port;
        unused.Stop();

        Answer answer = await PostAsync($"http://canary:canary@127.0.0.1:{port}", "https://public.example/");
        Assert.Equal((AttemptOutcome.Connect, "no connection to the proxy: ConnectionRefused", Suspect.Ourselves), (answer.Outcome, answer.Detail, answer.Suspect));
        answer = await PostAsync("http://canary:canary@gone.example:3128", "https://public.example/");
        Assert.Equal((AttemptOutcome.Connect, "the proxy's name was not found: the host does not exist", Suspect.Ourselves), (answer.Outcome, answer.Detail, answer.Suspect));
    }

    [Fact]
    public async Task A_proxy_with_a_bad_certificate_is_not_taken_for_the_receivers()
    {
        await using Receiver proxy = Receiver.StartWithTls(MadeCertificate.For("proxy.example"));
        Answer answer = await PostAsync($"https://proxy.example:{proxy.Port}", "https://public.example/");
        Assert.Equal((AttemptOutcome.Connect, Suspect.Ourselves), (answer.Outcome, answer.Suspect));
        Assert.Equal("the proxy's TLS certificate is not valid, or it does not speak TLS", answer.Detail);
        Assert.Empty(proxy.Requests);
    }

    [Fact]
    public async Task Rule_9_6_logs_take_the_proxy_too_and_custom_ones_inside_do_not()
    {
        await using Receiver inside = Receiver.Start();
        await using ConnectProxy proxy = ConnectProxy.Saying("HTTP/1.1 403 No\r\n\r\n");
        OutboundGuard guard = Guard($"http://127.0.0.1:{proxy.Port}", new OutboundOptions());
        using var http = new HttpClient(guard.Through(() => LogHttp.CreateHandler(), OutboundReach.Named));

        using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://opened.example:{inside.Port}/ct/v1/get-sth"), Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Empty(proxy.Heads);

        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("https://public.example/ct/v1/get-sth"), Cancellation));
        Assert.Single(proxy.Heads);
    }

    [Theory]
    [InlineData("http://proxy.example:3128", "http://proxy.example:3128")]
    [InlineData("https://canary:canary@proxy.example/", "https://proxy.example")]
    public void Its_text_shows_no_password(string text, string shown)
    {
        Assert.True(OutboundProxy.TryParse(text, out OutboundProxy? proxy, out _));
        Assert.Equal(shown, proxy.ToString());
        Assert.DoesNotContain("canary", new OutboundOptions { Proxy = proxy }.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("socks5://canary:1080")]
    [InlineData("canary:3128")]
    [InlineData("http://proxy.example/canary")]
    [InlineData("http://canary%ff@proxy.example/")]
    [InlineData("")]
    public void What_is_no_proxy_is_told_without_repeating_it(string text)
    {
        Assert.False(OutboundProxy.TryParse(text, out _, out string? mistake));
        Assert.DoesNotContain("canary", mistake, StringComparison.Ordinal);
    }

    private static OutboundGuard Guard(string proxy, OutboundOptions? options = null)
    {
        Assert.True(OutboundProxy.TryParse(proxy, out OutboundProxy? parsed, out _));
        return new OutboundGuard((options ?? Given.LoopbackAllowed) with { Proxy = parsed }, Names);
    }

    private static async Task<Answer> PostAsync(string proxy, string url)
    {
        using var sender = new WebhookSender(Guard(proxy), TimeProvider.System);
        Answer answer = await sender.PostAsync(Given.Webhook(new Uri(url)), new CertSpotterDialect().Rules, "key", "{}"u8.ToArray(), Cancellation);
        Assert.DoesNotContain("canary", answer.Detail ?? "", StringComparison.Ordinal);
        return answer;
    }
}
