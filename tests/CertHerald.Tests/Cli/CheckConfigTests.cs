using CertHerald.Configuring;
using CertHerald.Tests.Configuring;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Cli;

[Collection(ProgramTests.Name)]
public sealed class CheckConfigTests : IDisposable
{
    private readonly Scratch _scratch = new();

    [Fact]
    public async Task A_configuration_that_can_be_used_is_summed_up_without_its_secrets()
    {
        string file = _scratch.Write("certherald.json", """
            {
                // Comments and trailing commas are allowed.
                "watch": [ ".example.com", "192.0.2.10", ],
                "logs": { "contact": "ops@certherald.invalid" },
                "webhooks": [
                    { "name": "siem", "url": "https://user:hunter2@siem.example.com/tokentoken", "events": [ "unknown_certificate", "malformed_certificate" ] },
                    { "name": "other", "url": "env:HOOK" },
                    { "name": "pager", "dialect": "native", "url": "https://ops.example.com/ct", "events": [ "operator" ], "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
                ],
            }
            """);
        Ended ended = (await Certherald.RunAsync(["check-config", "--config", file], null, Environment(("HOOK", "https://u:swordfish@hook.example.com/")))).With(0);

        Assert.Contains("the configuration can be used", ended.Output, StringComparison.Ordinal);
        Assert.Contains("watched    2 items", ended.Output, StringComparison.Ordinal);
        Assert.Contains("siem: certspotter to https://siem.example.com/… for unknown_certificate, malformed_certificate", ended.Output, StringComparison.Ordinal);
        Assert.Contains("other: certspotter to https://hook.example.com/…", ended.Output, StringComparison.Ordinal);
        Assert.Contains("pager: native to https://ops.example.com/… for operator, signed", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("MfKQ", ended.Output, StringComparison.Ordinal);
        Assert.Equal("", ended.Errors);
        Assert.Empty(Directory.EnumerateDirectories(_scratch.Folder));
    }

    [Fact]
    public async Task Where_PostgreSQL_is_is_told_without_its_password()
    {
        string file = _scratch.Write("certherald.json", """{ "watch": [ ".example.org" ], "store": "Host=db.example;Database=herald;Username=watcher;Password=hunter2" }""");
        Ended ended = (await Certherald.RunAsync("check-config", "--config", file)).With(0);
        Assert.Contains("(PostgreSQL at db.example/herald)", ended.Output, StringComparison.Ordinal);
        foreach (string secret in (string[])["hunter2", "watcher"]) Assert.DoesNotContain(secret, ended.Output + ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule_3_7_Whoever_gives_logs_nobody_to_write_to_is_warned()
    {
        Ended ended = (await Certherald.RunAsync("check-config", "--config", _scratch.Write("certherald.json", """{ "watch": [ ".example.org" ], "logs": { "contact": "https://example.com/ct" } }"""))).With(0);
        Assert.Contains("warning: logs.contact holds no e-mail address or URL of yours", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watched_public_suffix_is_a_warning_where_the_list_of_them_is_there()
    {
        string file = _scratch.Write("certherald.json", """{ "watch": [ ".github.io", "github.io", ".me.github.io" ] }""");
        string[] command = ["check-config", "--config", file, "--data", _scratch.Folder];
        Ended without = (await Certherald.RunAsync(command)).With(0);
        Assert.Contains("suffixes   no list", without.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("public suffix", without.Errors, StringComparison.Ordinal);

        _scratch.Write(SuffixFile.Name, SomeSuffixes.List());
        Ended ended = (await Certherald.RunAsync(command)).With(0);

        Assert.Contains("suffixes   1,000 rules of registries, 1 private", ended.Output, StringComparison.Ordinal);
        Assert.Equal(1, ended.Errors.Split("is a public suffix").Length - 1);
        Assert.Contains("warning: \".github.io\" is a public suffix: every certificate below it will match", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_mistakes_are_told_at_once_with_place_and_remedy_and_no_secret()
    {
        string file = _scratch.Write("certherald.json", """
            {
                "listen": "https://0.0.0.0:8470",
                "wach": [ ".example.com" ],
                "watch": [ "*.example.com", "https://example.com/x" ],
                "watch_files": [ "/does/not/exist" ],
                "store": "oracle",
                "logs": { "start": "sometime", "custom": [ { "key": "AAAA", "url": "https://log.example/" } ] },
                "webhooks": [
                    { "name": "siem", "url": "ftp://user:hunter2@siem.example.com/tokentoken" },
                    { "name": "siem", "dialect": "certspoter", "url": "https://u:swordfish@hook.example.com/#x" },
                    { "name": "third", "url": "https://hook.example.com/", "events": [ "unknown_certificates" ] }
                ],
                "outbound": { "allow": [ "localhost" ], "ports": [ "https" ] }
            }
            """);
        Ended ended = (await Certherald.RunAsync("check-config", "--config", file)).With(2);

        string[] places =
        [
            "listen:", "wach: is unknown; did you mean \"watch\"?", "watch[0]:", "write .example.com", "watch[1]:", "/does/not/exist:", "store:",
            "logs.start:", "logs.custom[0].key:", "webhooks[0].url:", "webhooks[1].name:", "webhooks[1].dialect:", "did you mean \"certspotter\"?", "webhooks[1].url:",
            "webhooks[2].events:", "did you mean \"unknown_certificate\"?", "outbound.allow:", "outbound.ports:",
        ];
        foreach (string place in places) Assert.Contains(place, ended.Errors, StringComparison.Ordinal);
        foreach (string secret in (string[])["hunter2", "swordfish", "tokentoken"]) Assert.DoesNotContain(secret, ended.Errors + ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("can be used", ended.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"watch\": [ \".example.com\" ", "line 1")]
    [InlineData("[]", "begin with {")]
    [InlineData("{ \"watch\": 1, \"webhooks\": {}, \"logs\": [] }", "webhooks")]
    [InlineData("{ \"listen\": \"a\", \"listen\": \"b\" }", "listen")]
    public async Task What_is_no_configuration_is_refused_in_words(string text, string named)
    {
        Ended ended = (await Certherald.RunAsync("check-config", "--config", _scratch.Write("broken.json", text))).With(2);
        Assert.Contains("broken.json", ended.Errors, StringComparison.Ordinal);
        Assert.Contains(named, ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_environment_wins_over_the_file_and_the_command_line_over_both()
    {
        _scratch.Write("certherald.json", """{ "listen": "http://127.0.0.1:1001", "data": "/from/file", "watch": [ ".example.com" ] }""");
        IReadOnlyDictionary<string, string> environment = Environment(
            ("CERTHERALD__LISTEN", "http://127.0.0.1:1002"), ("CERTHERALD__DATA", "/from/environment"), ("CERTHERALD__WATCH", ".example.net, .example.org"), ("CERTHERALD__LOGS__START", "start"));

        Ended ended = (await Certherald.RunAsync(["check-config", "--data", "/from/line"], null, environment, _scratch.Folder)).With(0);

        Assert.Contains("listen     http://127.0.0.1:1002/", ended.Output, StringComparison.Ordinal);
        Assert.Contains("data       /from/line ", ended.Output, StringComparison.Ordinal);
        Assert.Contains("watched    2 items", ended.Output, StringComparison.Ordinal);
        Assert.Contains("from start", ended.Output, StringComparison.Ordinal);

        Ended misspelt = (await Certherald.RunAsync(["check-config"], null, Environment(("CERTHERALD__LOGS__CONTCT", "x")), _scratch.Folder)).With(2);
        Assert.Contains("logs.contct", misspelt.Errors, StringComparison.Ordinal);
        Assert.Contains("did you mean \"contact\"?", misspelt.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => _scratch.Dispose();

    private static Dictionary<string, string> Environment(params (string Name, string Value)[] variables) => variables.ToDictionary(one => one.Name, one => one.Value);
}
