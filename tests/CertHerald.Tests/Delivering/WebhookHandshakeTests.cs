using System.Globalization;
using System.Net;
using CertHerald.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering;

public sealed class WebhookHandshakeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/hook", "/hook?hub.mode=subscribe&hub.challenge={0}&hub.verify_token=meaty%26ham%20hock")]
    [InlineData("/p?x=1", "/p?x=1&hub.mode=subscribe&hub.challenge={0}&hub.verify_token=meaty%26ham%20hock")]
    [InlineData("/p?", "/p?hub.mode=subscribe&hub.challenge={0}&hub.verify_token=meaty%26ham%20hock")]
    [InlineData("/p%2Fq?a=%20b&a", "/p%2Fq?a=%20b&a&hub.mode=subscribe&hub.challenge={0}&hub.verify_token=meaty%26ham%20hock")]
    public async Task M11_the_receivers_own_query_stays_before_ours(string target, string expected)
    {
        await using Receiver receiver = Receiver.Start();
        Challenged(receiver, challenge => Receiver.Answer(200, challenge));

        Assert.Null(await AskAsync(new Uri(receiver.Url, target), "meaty&ham hock"));

        Received request = Assert.Single(receiver.Requests);
        string[] parts = request.RequestLine.Split(' ');
        Assert.Equal("GET", parts[0]);
        Assert.Equal(string.Format(CultureInfo.InvariantCulture, expected, ChallengeIn(request)), parts[1]);
        Assert.StartsWith("CertHerald/", request.Headers["User-Agent"].Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task M10_the_challenge_is_a_positive_decimal_int_and_another_each_time()
    {
        await using Receiver receiver = Receiver.Start();
        Challenged(receiver, challenge => Receiver.Answer(200, challenge));
        for (int i = 0; i < 20; i++) Assert.Null(await AskAsync(receiver.Url));

        string[] challenges = [.. receiver.Requests.Select(ChallengeIn)];
        Assert.All(challenges, challenge => Assert.Matches("^[1-9][0-9]*$", challenge));
        Assert.All(challenges, challenge => Assert.InRange(int.Parse(challenge, CultureInfo.InvariantCulture), 1, int.MaxValue));
        Assert.Equal(20, challenges.Distinct().Count());
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r\n\r\n")]
    public async Task M10_line_ends_after_the_challenge_are_tolerated(string end)
    {
        await using Receiver receiver = Receiver.Start();
        Challenged(receiver, challenge => Receiver.Answer(200, challenge + end));
        Assert.Null(await AskAsync(receiver.Url));
    }

    [Theory]
    [InlineData(201, "{0}", "it answered 201")]
    [InlineData(204, "", "it answered 204")]
    [InlineData(403, "{0}", "it answered 403")]
    [InlineData(500, "{0}", "it answered 500")]
    [InlineData(200, "", "its answer was not")]
    [InlineData(200, "OK", "its answer was not")]
    [InlineData(200, " {0}", "its answer was not")]
    [InlineData(200, "{0} ", "its answer was not")]
    [InlineData(200, "\"{0}\"", "its answer was not")]
    [InlineData(200, "{0}{0}", "its answer was not")]
    [InlineData(200, "0{0}", "its answer was not")]
    public async Task M10_any_other_answer_fails_and_says_why(int status, string body, string says)
    {
        await using Receiver receiver = Receiver.Start();
        Challenged(receiver, challenge => Receiver.Answer(status, string.Format(CultureInfo.InvariantCulture, body, challenge)));
        Assert.StartsWith(says, await AskAsync(receiver.Url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task M10_a_redirect_fails_and_is_not_followed()
    {
        await using Receiver receiver = Receiver.Start(), target = Receiver.Start();
        receiver.Default = Receiver.Answer(302, "", $"Location: {target.Url}");
        Assert.StartsWith("it answered 302", await AskAsync(receiver.Url), StringComparison.Ordinal);
        Assert.Empty(target.Requests);
    }

    [Fact]
    public async Task M10_15_seconds_without_an_answer_fail()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Hang();
        var time = new ManualTime();
        Task<string?> asking = AskAsync(receiver.Url, time: time);
        await receiver.NextAsync();

        time.Advance(TimeSpan.FromSeconds(14.5));
        Assert.False(asking.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("no answer within 15 s", await asking);
    }

    [Fact]
    public async Task T5_an_answer_without_end_is_not_read_to_its_end()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Flood("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", new string('1', 1000));
        Assert.StartsWith("its answer was not", await AskAsync(receiver.Url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task M10_plain_http_and_closed_addresses_fail_by_the_guard_unasked()
    {
        await using Receiver receiver = Receiver.Start();
        Assert.NotNull(await AskAsync(receiver.Url, outbound: new OutboundOptions()));
        Assert.Empty(receiver.Requests);
        Assert.Equal(0, receiver.Connections);
    }

    [Fact]
    public async Task User_and_password_and_own_headers_are_sent_as_with_deliveries()
    {
        await using Receiver receiver = Receiver.Start();
        Challenged(receiver, challenge => Receiver.Answer(200, challenge));
        Assert.Null(await AskAsync(Given.Webhook(receiver.Url) with { Credentials = ("u", "p"), Headers = [new("X-Key", "value")] }, "token", Given.LoopbackAllowed, new ManualTime()));
        Assert.Equal(("Basic dTpw", "value"), (receiver.Requests[0].Headers["Authorization"].Single(), receiver.Requests[0].Headers["X-Key"].Single()));
    }

    private static Task<string?> AskAsync(Uri url, string token = "token", OutboundOptions? outbound = null, ManualTime? time = null) =>
        AskAsync(Given.Webhook(url), token, outbound ?? Given.LoopbackAllowed, time ?? new ManualTime());

    private static async Task<string?> AskAsync(WebhookOptions webhook, string token, OutboundOptions outbound, ManualTime time)
    {
        using var handshake = new WebhookHandshake(new OutboundGuard(outbound), time);
        return await handshake.AskAsync(webhook, token, Cancellation);
    }

    /// <summary>Answers by the challenge of the request that just came.</summary>
    internal static void Challenged(Receiver receiver, Func<string, Receiver.Behaviour> answer) =>
        receiver.Default = (connection, stopping) => answer(ChallengeIn(receiver.Requests[^1]))(connection, stopping);

    internal static string ChallengeIn(Received request)
    {
        string query = request.RequestLine.Split(' ')[1].Split('?', 2)[1];
        return WebUtility.UrlDecode(query.Split('&').Single(part => part.StartsWith("hub.challenge=", StringComparison.Ordinal))["hub.challenge=".Length..]);
    }
}
