using System.Collections;
using CertHerald.Configuring;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Configuring;

public sealed class WebhookSecretsTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Rule_8_2_secrets_sign_in_the_order_in_which_they_are_written()
    {
        SigningSecret old = SigningSecret.New(), latest = SigningSecret.New();
        string file = _scratch.Write("old", old.Text + "\n");
        WebhookOptions webhook = Assert.Single(Read($$"""{ "name": "a", "url": "https://h/", "secret": [ "{{latest.Text}}", "file:{{file}}" ] }""").Webhooks);

        Assert.Equal(SignatureOf(new StandardSigner([latest, old])), SignatureOf(webhook.Signer!));
    }

    [Fact]
    public void Headers_limits_and_one_secret_are_taken()
    {
        string file = _scratch.Write("key", "a key\n");
        WebhookOptions webhook = Assert.Single(Read(
            $$"""{ "name": "a", "url": "https://h/", "secret": "{{SigningSecret.New().Text}}", "headers": { "X-Key": "file:{{file}}", "X-Env": "b" }, "concurrency": 3, "rate": 0.5 }""").Webhooks);

        Assert.NotNull(webhook.Signer);
        Assert.Equal([new("X-Key", "a key"), new("X-Env", "b")], webhook.Headers);
        Assert.Equal((3, 0.5), (webhook.Concurrency, webhook.Rate));
    }

    [Fact]
    public void Without_a_secret_or_declined_nothing_is_signed()
    {
        Assert.Null(Assert.Single(Read("""{ "name": "a", "url": "https://h/" }""").Webhooks).Signer);
        Assert.Null(Assert.Single(Read($$"""{ "name": "a", "url": "https://h/", "signed": false, "secret": "{{SigningSecret.New().Text}}" }""").Webhooks).Signer);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData(""", "signed": false""", false)]
    [InlineData(""", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" """, false)]
    public void Rule_8_1_a_native_webhook_signs_unless_its_configuration_says_that_it_shall_not(string members, bool isMistake)
    {
        string webhook = $$"""{ "name": "pager", "dialect": "native", "events": [ "operator" ], "url": "https://h/"{{members}} }""";
        if (!isMistake) Assert.Equal(members.Contains("whsec_", StringComparison.Ordinal), Assert.Single(Read(webhook).Webhooks).Signer is not null);
        else Assert.Contains("\"signed\": false", Assert.Single(Assert.Throws<ConfigurationException>(() => Read(webhook)).Mistakes).Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "signed": true """, "webhooks[0].signed")]
    [InlineData(""" "secret": "short" """, "webhooks[0].secret")]
    [InlineData(""" "secret": [ "env:CERTHERALD_TEST_NOT_SET" ] """, "webhooks[0].secret")]
    [InlineData(""" "secret": 7 """, "webhooks[0].secret")]
    [InlineData(""" "secret": [ "a", "b", "c", "d", "e", "f", "g" ] """, "webhooks[0].secret")]
    [InlineData(""" "headers": { "Host": "x" } """, "webhooks[0].headers")]
    [InlineData(""" "headers": { "X": 1 } """, "webhooks[0].headers")]
    [InlineData(""" "headers": [ "X: 1" ] """, "webhooks[0].headers")]
    [InlineData(""" "headers": { "X": "file:/no/such/file" } """, "webhooks[0].headers")]
    [InlineData(""" "concurrency": 0 """, "webhooks[0].concurrency")]
    [InlineData(""" "concurrency": 1.5 """, "webhooks[0].concurrency")]
    [InlineData(""" "concurrency": 257 """, "webhooks[0].concurrency")]
    [InlineData(""" "rate": 0 """, "webhooks[0].rate")]
    [InlineData(""" "rate": 10001 """, "webhooks[0].rate")]
    public void What_cannot_be_used_is_said_by_place_with_a_remedy(string member, string place)
    {
        var failure = Assert.Throws<ConfigurationException>(() => Read($$"""{ "name": "a", "url": "https://h/", {{member}} }"""));
        Assert.All(failure.Mistakes, mistake =>
        {
            Assert.EndsWith(place, mistake.Place, StringComparison.Ordinal);
            Assert.NotEmpty(mistake.Remedy);
        });
    }

    [Fact]
    public void A_password_in_the_URL_and_an_Authorization_header_exclude_each_other() =>
        Assert.Throws<ConfigurationException>(() => Read("""{ "name": "a", "url": "https://u:p@h/", "headers": { "authorization": "Bearer x" } }"""));

    [Theory]
    [InlineData("certspotter", "", "unknown_certificate")]
    [InlineData("meta", ", \"app_secret\": \"0123456789abcdef\"", "certificate")]
    [InlineData("native", ", \"signed\": false", "operator")]
    public void A_webhook_gets_what_is_usual_for_its_dialect(string dialect, string more, string usual)
    {
        WebhookOptions webhook = Assert.Single(Read($$"""{ "name": "a", "url": "https://h/", "dialect": "{{dialect}}"{{more}} }""").Webhooks);
        Assert.Equal([usual], webhook.Events);
        Assert.Equal((true, false), (webhook.IncludeValues, webhook.AcceptAny2xx));
    }

    [Fact]
    public void The_app_secret_of_the_configuration_signs_beside_a_secret_of_Standard_Webhooks()
    {
        WebhookOptions webhook = Assert.Single(Read("""
            { "name": "a", "url": "https://h/", "dialect": "meta", "app_secret": "0123456789abcdef0123456789abcdef", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }
            """).Webhooks);

        IReadOnlyList<WebhookHeader> headers = webhook.Signer!.HeadersFor("key", DateTimeOffset.UnixEpoch, """{"a":"\u00e4\u00f6\u00e5"}"""u8);
        Assert.Equal(5, headers.Count);
        Assert.Contains(new("X-Hub-Signature", "sha1=12df2f936935cdc0ff245d76ce9eb7f088730da4"), headers);
    }

    private static string SignatureOf(IWebhookSigner signer) => signer.HeadersFor("key", DateTimeOffset.UnixEpoch, "{}"u8)[2].Value;

    private CertHeraldOptions Read(string webhook) =>
        Configuration.Read(_scratch.Write("certherald.json", $$"""{ "webhooks": [ {{webhook}} ] }"""), new CommandLineOverrides(), new Hashtable());
}
