using System.Text;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering.Signing;

public sealed class StandardSignerTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1614265330);

    [Fact]
    public void E10_Rule_8_1_the_vector_of_Standard_Webhooks_is_signed_as_published() => Assert.Equal(
        [
            new("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            new("webhook-timestamp", "1614265330"),
            new("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
        new StandardSigner([Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]).HeadersFor("msg_p5jXN8AQM9LWM0D4loKWxJek", Now, """{"test": 2432232314}"""u8));

    [Fact]
    public void E10_Rule_8_1_the_time_is_that_of_the_attempt_and_the_id_stays()
    {
        var signer = new StandardSigner([SigningSecret.New()]);
        string[] first = [.. signer.HeadersFor("key", Now, "{}"u8).Select(header => header.Value)];
        string[] second = [.. signer.HeadersFor("key", Now.AddSeconds(30.9), "{}"u8).Select(header => header.Value)];

        Assert.Equal(("key", "1614265330"), (first[0], first[1]));
        Assert.Equal(("key", "1614265360"), (second[0], second[1]));
        Assert.NotEqual(first[2], second[2]);
    }

    [Fact]
    public void E10_Rule_8_2_old_and_new_secrets_sign_side_by_side_newest_first_until_the_old_one_ends()
    {
        SigningSecret old = SigningSecret.New(), latest = SigningSecret.New();
        var signer = new StandardSigner([latest, old.EndingAt(Now.AddHours(24))]);
        string ofOld = SignatureOf(new StandardSigner([old]), Now), ofLatest = SignatureOf(new StandardSigner([latest]), Now);

        Assert.Equal($"{ofLatest} {ofOld}", SignatureOf(signer, Now));
        Assert.Equal(2, SignatureOf(signer, Now.AddHours(24).AddTicks(-1)).Split(' ').Length);
        Assert.Equal(SignatureOf(new StandardSigner([latest]), Now.AddHours(24)), SignatureOf(signer, Now.AddHours(24)));
    }

    [Fact]
    public void E10_Rule_8_2_an_end_that_was_set_is_never_put_off()
    {
        SigningSecret secret = SigningSecret.New().EndingAt(Now).EndingAt(Now.AddDays(7));
        Assert.Equal(Now, secret.Until);
    }

    [Theory]
    [InlineData(24, true)]
    [InlineData(32, true)]
    [InlineData(64, true)]
    [InlineData(23, false)]
    [InlineData(65, false)]
    [InlineData(0, false)]
    public void E10_Rule_8_1_secrets_of_24_to_64_bytes_are_taken(int bytes, bool taken)
    {
        string text = "whsec_" + Convert.ToBase64String(new byte[bytes]);
        Assert.Equal(taken, SigningSecret.TryParse(text, out SigningSecret? secret, out string? mistake));
        Assert.Equal(taken ? text : null, secret?.Text);
        Assert.Equal(taken, mistake is null);
    }

    [Theory]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjU PD8ILPZIo2LaLaSw")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_-")]
    [InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=")]
    [InlineData("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_")]
    [InlineData("")]
    public void A_secret_that_another_library_may_read_otherwise_is_refused_and_not_repeated(string text)
    {
        Assert.False(SigningSecret.TryParse(text, out _, out string? mistake));
        Assert.DoesNotContain("MfKQ", mistake, StringComparison.Ordinal);
        Assert.Contains("whsec_", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_secret_has_32_random_bytes_and_does_not_show_itself()
    {
        SigningSecret one = SigningSecret.New(), other = SigningSecret.New();
        Assert.Equal(32, Convert.FromBase64String(one.Text["whsec_".Length..]).Length);
        Assert.NotEqual(one.Text, other.Text);
        Assert.Equal("whsec_…", one.ToString());
    }

    [Fact]
    public async Task E10_Rule_8_1_the_sender_signs_what_it_sends_under_the_deliverys_key_with_the_time_of_the_attempt()
    {
        await using Receiver receiver = Receiver.Start();
        var time = new ManualTime();
        using var sender = new WebhookSender(new OutboundGuard(Given.LoopbackAllowed), time);
        SigningSecret secret = SigningSecret.New();
        WebhookOptions webhook = Given.Webhook(receiver.Url) with { Signer = new StandardSigner([secret]) };

        for (int i = 0; i < 2; i++)
        {
            await sender.PostAsync(webhook, new CertHerald.Dialects.Native.NativeDialect().Rules, "the-key", """{"a":"ä"}"""u8.ToArray(), TestContext.Current.CancellationToken);
            time.Advance(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(2, receiver.Requests.Count);
        Assert.NotEqual(receiver.Requests[0].Headers["webhook-timestamp"].Single(), receiver.Requests[1].Headers["webhook-timestamp"].Single());
        foreach (Received request in receiver.Requests)
        {
            Assert.Equal("the-key", request.Headers["webhook-id"].Single());
            Assert.Equal("the-key", request.Key);
            string seconds = request.Headers["webhook-timestamp"].Single();
            byte[] signed = [.. Encoding.UTF8.GetBytes($"the-key.{seconds}."), .. request.Body];
            Assert.Equal("v1," + Convert.ToBase64String(secret.Sign(signed)), request.Headers["webhook-signature"].Single());
        }
    }

    private static SigningSecret Secret(string text) => SigningSecret.TryParse(text, out SigningSecret? secret, out _) ? secret : throw new ArgumentException("no secret", nameof(text));

    private static string SignatureOf(StandardSigner signer, DateTimeOffset at) => signer.HeadersFor("key", at, "{}"u8)[2].Value;
}
