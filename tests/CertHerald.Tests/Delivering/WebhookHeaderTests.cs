using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering;

public sealed class WebhookHeaderTests
{
    [Theory]
    [InlineData("X-Api-Key", "abc")]
    [InlineData("Authorization", "Bearer abc.def==")]
    [InlineData("authorization", "Splunk 1234-5678")]
    [InlineData("X-Empty", "")]
    [InlineData("X-All", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")]
    [InlineData("!#$%&'*+-.^_`|~", "odd but a token")]
    [InlineData("Cookie", "a=b")]
    public async Task Rule_10_1_a_header_of_the_users_is_sent_as_it_stands(string name, string value)
    {
        await using Receiver receiver = Receiver.Start();
        var header = new WebhookHeader(name, value);
        Assert.Null(WebhookHeader.MistakeIn([header]));

        Assert.Equal(AttemptOutcome.Delivered, (await SendAsync(receiver, header)).Outcome);
        Assert.Equal(value.Trim(), Assert.Single(receiver.Requests).Headers[name].Single());
    }

    [Theory]
    [InlineData("X-Fine", "a\r\nX-Evil: 1")]
    [InlineData("X-Fine", "a\nb")]
    [InlineData("X-Fine", "a\0b")]
    [InlineData("X-Fine", "a\tb")]
    [InlineData("X-Fine", "\u007f")]
    [InlineData("X-Fine", "ä")]
    [InlineData("X-Evil: 1\r\nX-Fine", "a")]
    [InlineData("X Fine", "a")]
    [InlineData("X-Fine:", "a")]
    [InlineData("ｘ", "a")]
    [InlineData("", "a")]
    [InlineData("Host", "evil.example")]
    [InlineData("hOST", "evil.example")]
    [InlineData("Content-Length", "1")]
    [InlineData("Content-Type", "text/html")]
    [InlineData("content-anything", "x")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Connection", "close")]
    [InlineData("Keep-Alive", "timeout=5")]
    [InlineData("TE", "trailers")]
    [InlineData("Trailer", "X")]
    [InlineData("Upgrade", "h2c")]
    [InlineData("Proxy-Authorization", "Basic eA==")]
    [InlineData("Proxy-Connection", "close")]
    [InlineData("Expect", "100-continue")]
    [InlineData("User-Agent", "other")]
    [InlineData("Accept-Encoding", "gzip")]
    [InlineData("Idempotency-Key", "mine")]
    [InlineData("webhook-id", "mine")]
    [InlineData("Webhook-Signature", "mine")]
    [InlineData("X-Hub-Signature-256", "mine")]
    [InlineData("Expires", "0")]
    [InlineData("Date", "not a date")]
    public async Task T7_what_would_break_or_forge_the_request_is_refused_on_save_and_on_send(string name, string value)
    {
        await using Receiver receiver = Receiver.Start();
        var header = new WebhookHeader(name, value);

        Assert.NotNull(WebhookHeader.MistakeIn([header]));
        Answer answer = await SendAsync(receiver, header);

        Assert.Equal(AttemptOutcome.Internal, answer.Outcome);
        Assert.Equal(0, receiver.Connections);
        if (value.Length > 1) Assert.DoesNotContain(value, answer.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', answer.Detail!);
    }

    [Fact]
    public void Rule_10_1_twenty_headers_of_4096_characters_are_the_most()
    {
        WebhookHeader[] most = [.. Enumerable.Range(10, 20).Select(i => new WebhookHeader($"X-{i}", new string('a', 4096 - 4)))];
        Assert.Null(WebhookHeader.MistakeIn(most));
        Assert.Contains("20", WebhookHeader.MistakeIn([.. most, new("X-Y", "")]), StringComparison.Ordinal);
        Assert.Contains("4,096", WebhookHeader.MistakeIn([new("X-10", new string('a', 4096 - 3))]), StringComparison.Ordinal);
    }

    [Fact]
    public void One_name_in_two_spellings_is_a_mistake() =>
        Assert.Contains("twice", WebhookHeader.MistakeIn([new("X-Key", "a"), new("x-kEY", "b")]), StringComparison.Ordinal);

    [Fact]
    public void A_header_does_not_show_its_value() => Assert.Equal("X-Key: …", new WebhookHeader("X-Key", "canary").ToString());

    private static async Task<Answer> SendAsync(Receiver receiver, WebhookHeader header)
    {
        using var sender = new WebhookSender(new OutboundGuard(Given.LoopbackAllowed), new ManualTime());
        return await sender.PostAsync(Given.Webhook(receiver.Url) with { Headers = [header] }, new CertSpotterDialect().Rules, "key", "{}"u8.ToArray(), TestContext.Current.CancellationToken);
    }
}
