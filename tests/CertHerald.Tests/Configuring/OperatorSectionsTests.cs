using System.Collections;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Configuring;

/// <summary>The sections <c>smtp</c> and <c>operator</c>.</summary>
public sealed class OperatorSectionsTests : IDisposable
{
    private const string Whole = """ "host": "mail.example.com", "from": "herald@example.com", "to": [ "ops@example.com" ] """;

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("", "mail.example.com", 587, "StartTls")]
    [InlineData(""", "tls": "implicit" """, "mail.example.com", 465, "Implicit")]
    [InlineData(""", "tls": "none" """, "mail.example.com", 25, "None")]
    [InlineData(""", "tls": "starttls", "port": 2525 """, "mail.example.com", 2525, "StartTls")]
    [InlineData("", "127.0.0.1", 25, "None")]
    [InlineData("", "localhost", 25, "None")]
    [InlineData("", "::1", 25, "None")]
    [InlineData(""", "tls": "starttls" """, "127.0.0.1", 587, "StartTls")]
    public void A_mail_server_is_encrypted_unless_it_is_on_this_machine_or_said_otherwise(string more, string host, int port, string tls)
    {
        MailOptions mail = MailOf(Read($$"""{ "smtp": { {{Whole.Replace("mail.example.com", host, StringComparison.Ordinal)}}{{more}} } }"""))!;
        Assert.Equal((host, port, tls), (mail.Host, mail.Port, mail.Tls.ToString()));
        Assert.Equal(("herald@example.com", "ops@example.com"), (mail.From, Assert.Single(mail.To)));
    }

    [Fact]
    public void It_is_a_channel_beside_the_webhooks_and_silences_the_warning_that_nobody_is_told()
    {
        CertHeraldOptions options = Read($$"""{ "webhooks": [ { "name": "siem", "url": "https://h/" } ], "smtp": { {{Whole}} } }""");
        Assert.Equal(["siem", "smtp"], options.Webhooks.Select(webhook => webhook.Name));
        Assert.Equal([EventKinds.Operator], options.Webhooks[1].Events);
        Assert.DoesNotContain(options.Warnings, warning => warning.Contains("\"operator\"", StringComparison.Ordinal));
        Assert.Contains(Read("{}").Warnings, warning => warning.StartsWith("no webhook takes \"operator\" and there is no \"smtp\"", StringComparison.Ordinal));
        Assert.Contains(Read($$"""{ "smtp": { {{Whole}} } }""").Warnings, warning => warning.StartsWith("no webhook is configured", StringComparison.Ordinal));
        Assert.Contains(Read($$"""{ "smtp": { {{Whole}}, "tls": "none" } }""").Warnings, warning => warning.Contains("unencrypted", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(""" "user": "a" """, "smtp.password")]
    [InlineData(""" "password": "canary" """, "smtp.user")]
    [InlineData(""" "user": "a", "password": "canary", "tls": "none" """, "smtp.password")]
    [InlineData(""" "user": "a", "password": "env:CERTHERALD_NO_SUCH_VARIABLE" """, "smtp.password")]
    [InlineData(""" "tls": "ssl" """, "smtp.tls")]
    [InlineData(""" "port": 70000 """, "smtp.port")]
    [InlineData(""" "cc": "x" """, "smtp.cc")]
    public void A_mistake_is_said_with_its_place(string more, string place)
    {
        ConfigurationMistake mistake = Assert.Single(MistakesIn($$"""{ "smtp": { {{Whole}}, {{more}} } }"""));
        Assert.EndsWith($": {place}", mistake.Place, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", mistake.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("host", """ "smtp://h" """)]
    [InlineData("host", """ "h:25" """)]
    [InlineData("host", """ "" """)]
    [InlineData("from", """ "Herald <herald@example.com>" """)]
    [InlineData("from", """ "h@example.com\r\nRCPT TO:<x@y>" """)]
    [InlineData("to", """ [] """)]
    [InlineData("to", """ [ "ops@example.com>\r\nDATA" ] """)]
    public void What_cannot_stand_in_a_command_is_a_mistake(string key, string value)
    {
        var values = new Dictionary<string, string> { ["host"] = "\"h\"", ["from"] = "\"a@b\"", ["to"] = "[\"a@b\"]", [key] = value };
        Assert.EndsWith($": smtp.{key}", Assert.Single(MistakesIn($$"""{ "smtp": { {{string.Join(", ", values.Select(one => $"\"{one.Key}\": {one.Value}"))}} } }""")).Place, StringComparison.Ordinal);
    }

    [Fact]
    public void A_webhook_of_its_name_is_a_mistake() => Assert.EndsWith(
        ": smtp", Assert.Single(MistakesIn($$"""{ "webhooks": [ { "name": "smtp", "url": "https://h/" } ], "smtp": { {{Whole}} } }""")).Place, StringComparison.Ordinal);

    [Fact]
    public void No_webhook_speaks_mail() =>
        Assert.EndsWith(": webhooks[0].dialect", Assert.Single(MistakesIn("""{ "webhooks": [ { "name": "a", "dialect": "mail", "url": "https://h/", "events": [ "operator" ] } ] }""")).Place, StringComparison.Ordinal);

    [Fact]
    public void The_password_is_never_printed()
    {
        CertHeraldOptions options = Read($$"""{ "smtp": { {{Whole}}, "user": "canary", "password": "canary" }, "operator": { "dead_man_url": "https://h/canary" } }""");
        Assert.DoesNotContain("canary", $"{MailOf(options)} {options.Webhooks[^1]} {WebhookOptions.Shown(options.Webhooks[^1].Url)}", StringComparison.Ordinal);
    }

    [Fact]
    public void The_heartbeat_has_a_time_and_the_dead_mans_switch_a_url()
    {
        OperatorOptions usual = Read("{}").Operator, set = Read("""{ "operator": { "heartbeat_at": "17:30", "dead_man_url": "https://watch.example/x?y" } }""").Operator;
        Assert.Equal((new TimeOnly(6, 0), null), (usual.HeartbeatAt, usual.DeadManUrl));
        Assert.Equal((new TimeOnly(17, 30), "https://watch.example/x?y"), (set.HeartbeatAt, set.DeadManUrl!.AbsoluteUri));
        foreach (string text in (string[])["24:00", "6:00", "noon", ""])
            Assert.EndsWith(": operator.heartbeat_at", Assert.Single(MistakesIn($$"""{ "operator": { "heartbeat_at": "{{text}}" } }""")).Place, StringComparison.Ordinal);
        foreach (string text in (string[])["nothing", "ftp://h/", "https://user:canary@h/"])
            Assert.DoesNotContain("canary", Assert.Single(MistakesIn($$"""{ "operator": { "dead_man_url": "{{text}}" } }""")).ToString(), StringComparison.Ordinal);
    }

    private static MailOptions? MailOf(CertHeraldOptions options) => options.Webhooks.SingleOrDefault(webhook => webhook.Mail is not null)?.Mail;

    private CertHeraldOptions Read(string text) => Configuration.Read(_scratch.Write("certherald.json", text), new CommandLineOverrides(), new Hashtable());

    private IReadOnlyList<ConfigurationMistake> MistakesIn(string text) => Assert.Throws<ConfigurationException>(() => Read(text)).Mistakes;
}
