using System.Text;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering.Signing;

public sealed class HubSignerTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1510160948);

    /// <summary>The vectors of meta.md §3.5: body, bytes, SHA-1, SHA-256.</summary>
    public static TheoryData<string, int, string, string> Vectors => new()
    {
        {
            """{"entry":[{"id":"1381739901945384","changed_fields":["certificate"],"time":1510160948}],"object":"certificate_transparency"}""", 124,
            "2cb1738fa1ce5d10be2afe65ec543b1ce5c997d3", "1e7cea542dd1eecc90f432510f8ac1d6884be836341d83414272ecf32dd21213"
        },
        {
            """{"entry":[{"changes":[{"field":"phishing","value":{"ct_cert":{"id":"123","certificate_pem":"-----BEGIN CERTIFICATE----- ... -----END CERTIFICATE-----\n","cert_hash_sha256":"f2297..."},"phishing_domains":["facebook.com.evil.com","xn--facbook-9gg.ml"],"phished_domain":"facebook.com"}}],"id":"123","time":1524762838}],"object":"certificate_transparency"}""", 352,
            "80871abdf0cc80e23f968241e65117d5dd46c774", "ffa7e98fbdf1ac4f93966a41a0820fe97b9c7a789be088b127a9a3a931b4f8ce"
        },
        { """{"a":"\u00e4\u00f6\u00e5"}""", 26, "12df2f936935cdc0ff245d76ce9eb7f088730da4", "f282ff421fc87fb8f84648dbb9136dbc164bf9206dd83d2631886e3d8ea57849" },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void M13_the_vectors_are_signed_as_published_in_both_headers(string body, int bytes, string sha1, string sha256)
    {
        byte[] sent = Encoding.UTF8.GetBytes(body);

        Assert.Equal(bytes, sent.Length);
        Assert.Equal(
            [new("X-Hub-Signature", "sha1=" + sha1), new("X-Hub-Signature-256", "sha256=" + sha256)],
            new HubSigner([Secret("0123456789abcdef0123456789abcdef")]).HeadersFor("the-key", Now, sent));
    }

    [Fact]
    public void Rule_8_2_the_old_app_secret_signs_alone_until_the_announced_switch_and_the_new_one_from_then_on()
    {
        AppSecret old = AppSecret.New(), latest = AppSecret.New();
        var signer = new HubSigner([latest, old.EndingAt(Now.AddHours(24))]);

        Assert.Equal(new HubSigner([old]).HeadersFor("key", Now, "{}"u8), signer.HeadersFor("key", Now.AddHours(24).AddTicks(-1), "{}"u8));
        Assert.Equal(new HubSigner([latest]).HeadersFor("key", Now, "{}"u8), signer.HeadersFor("key", Now.AddHours(24), "{}"u8));
    }

    [Fact]
    public void Rule_8_2_of_three_secrets_each_signs_in_its_turn()
    {
        AppSecret first = AppSecret.New(), second = AppSecret.New(), third = AppSecret.New();
        var signer = new HubSigner([third, second.EndingAt(Now.AddHours(2)), first.EndingAt(Now.AddHours(1))]);

        AppSecret[] expected = [first, second, third];
        for (int i = 0; i < 3; i++)
            Assert.Equal(new HubSigner([expected[i]]).HeadersFor("key", Now, "{}"u8), signer.HeadersFor("key", Now.AddHours(i), "{}"u8));
    }

    [Fact]
    public void Rule_8_2_an_end_that_was_set_is_never_put_off() => Assert.Equal(Now, AppSecret.New().EndingAt(Now).EndingAt(Now.AddDays(7)).Until);

    [Theory]
    [InlineData("0123456789abcdef", true)]
    [InlineData("0123456789abcdef0123456789abcdef", true)]
    [InlineData("~!|secret-with-signs", true)]
    [InlineData("0123456789abcde", false)]
    [InlineData("0123456789 abcdef", false)]
    [InlineData("0123456789abcdef\n", false)]
    [InlineData("0123456789abcdeä", false)]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false)]
    [InlineData("", false)]
    public void An_app_secret_is_16_to_128_printable_characters_and_never_repeated_in_a_refusal(string text, bool taken)
    {
        Assert.Equal(taken, AppSecret.TryParse(text, out AppSecret? secret, out string? mistake));
        Assert.Equal(taken ? text : null, secret?.Text);
        Assert.Equal(taken, mistake is null);
        if (!taken && text.Length > 0) Assert.DoesNotContain(text, mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_app_secret_has_32_hexadecimal_digits_and_does_not_show_itself()
    {
        AppSecret one = AppSecret.New();
        Assert.Matches("^[0-9a-f]{32}$", one.Text);
        Assert.NotEqual(one.Text, AppSecret.New().Text);
        Assert.Equal("…", one.ToString());
    }

    [Fact]
    public void With_secrets_of_both_kinds_the_headers_of_both_are_sent()
    {
        IWebhookSigner? both = WebhookSigners.Of([SigningSecret.New()], [AppSecret.New()]);

        Assert.Equal(
            ["X-Hub-Signature", "X-Hub-Signature-256", "webhook-id", "webhook-timestamp", "webhook-signature"],
            both!.HeadersFor("key", Now, "{}"u8).Select(header => header.Name));
        Assert.Null(WebhookSigners.Of([], []));
    }

    [Fact]
    public async Task M13_both_headers_arrive_over_the_bytes_that_were_sent()
    {
        await using Receiver receiver = Receiver.Start();
        using var sender = new WebhookSender(new OutboundGuard(Given.LoopbackAllowed), new ManualTime());
        AppSecret secret = AppSecret.New();
        WebhookOptions webhook = Given.Webhook(receiver.Url) with { Signer = new HubSigner([secret]) };

        await sender.PostAsync(webhook, new CertHerald.Dialects.Native.NativeDialect().Rules, "the-key", """{"a":"\u00e4"}"""u8.ToArray(), TestContext.Current.CancellationToken);

        Received request = Assert.Single(receiver.Requests);
        Assert.Equal("sha1=" + Convert.ToHexStringLower(secret.SignSha1(request.Body)), request.Headers["X-Hub-Signature"].Single());
        Assert.Equal("sha256=" + Convert.ToHexStringLower(secret.SignSha256(request.Body)), request.Headers["X-Hub-Signature-256"].Single());
    }

    private static AppSecret Secret(string text) => AppSecret.TryParse(text, out AppSecret? secret, out _) ? secret : throw new ArgumentException("no secret", nameof(text));
}
