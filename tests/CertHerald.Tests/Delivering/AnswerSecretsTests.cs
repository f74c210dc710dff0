using System.Text;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering;

public sealed class AnswerSecretsTests
{
    [Theory]
    [InlineData("user:p@ss/word")]
    [InlineData("dXNlcjpwQHNzL3dvcmQ=")]
    [InlineData("p@ss/word")]
    [InlineData("p%40ss%2Fword")]
    [InlineData("p@ss\\/word")]
    [InlineData("Bearer a+b<c>d")]
    [InlineData("a+b&lt;c&gt;d")]
    [InlineData("a\\u002Bb\\u003Cc\\u003Ed")]
    [InlineData("/services/T0123456?token=0a1b2c3d")]
    [InlineData("T0123456")]
    [InlineData("0a1b2c3d")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    public async Task T25_what_a_receiver_prints_of_our_secrets_is_not_kept(string printed)
    {
        await using Receiver receiver = Receiver.Start();
        using var sender = new WebhookSender(new OutboundGuard(Given.LoopbackAllowed), new ManualTime());
        Assert.True(SigningSecret.TryParse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", out SigningSecret? secret, out _));
        WebhookOptions webhook = Given.Webhook(new Uri(receiver.Url, "/services/T0123456?token=0a1b2c3d")) with
        {
            Credentials = ("user", "p@ss/word"),
            Headers = [new WebhookHeader("X-Key", "Bearer a+b<c>d"), new WebhookHeader("X-Room", "42")],
            Signer = WebhookSigners.Of([secret], []),
        };
        // At its beginning, and across the end of what is kept.
        receiver.Default = Receiver.Answer(500, $"got {printed}, room 42: {new string('.', 8 * 1024 - 30 - printed.Length)}{printed}{printed} end");

        Answer answer = await sender.PostAsync(webhook, new CertSpotterDialect().Rules, "key", "{}"u8.ToArray(), TestContext.Current.CancellationToken);

        string kept = Encoding.UTF8.GetString(answer.Body);
        Assert.StartsWith("got ", kept, StringComparison.Ordinal);
        Assert.Contains("[secret], room 42: ..", kept, StringComparison.Ordinal);
        Assert.DoesNotContain(printed.Replace("whsec_", "", StringComparison.Ordinal).Replace("Bearer ", "", StringComparison.Ordinal)[..6], kept, StringComparison.Ordinal);
        Assert.True(kept.Length <= 8 * 1024);
    }
}
