using System.Collections;
using System.Net;
using CertHerald.Configuring;
using CertHerald.Fetching;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Heads;

namespace CertHerald.Tests.Configuring;

public sealed class ConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-config-").FullName;

    [Fact]
    public void Nothing_configured_gives_the_defaults_and_says_what_is_missing()
    {
        CertHeraldOptions options = Read("{}");

        Assert.Equal(("http://127.0.0.1:8470/", "http://127.0.0.1:8470", "./data", "sqlite"), (options.Listen.ToString(), options.PublicUrl, options.Data, options.Store));
        Assert.Equal([new LogListOptions(LogOptions.DefaultList, ListSigner.Chrome)], options.Logs.Lists);
        Assert.Equal(["pending", "qualified", "usable", "readonly"], options.Logs.States);
        Assert.Equal(LogStart.End, options.Logs.Start);
        Assert.Equal([443, 8443], options.Outbound.Ports);
        Assert.Equal(0, options.Watch.Count);
        Assert.Equal(5, options.Warnings.Count);
    }

    [Fact]
    public void Comments_trailing_commas_a_schema_and_a_byte_order_mark_are_allowed()
    {
        CertHeraldOptions options = Read("\uFEFF{ // a comment\n \"$schema\": \"x\", \"watch\": [ \"a.example\", /* another */ ], }");
        Assert.Equal(1, options.Watch.Count);
    }

    [Theory]
    [InlineData("{ \"data\": \"a\", \"data\": \"b\" }", "data")]
    [InlineData("{ \"logs\": { \"contact\": \"a\", \"contact\": \"b\" } }", "contact")]
    [InlineData("{\n\n \"data\": }", "line 3")]
    [InlineData("[]", "begin with {")]
    [InlineData("null", "begin with {")]
    [InlineData("", "not JSON")]
    public void What_is_no_configuration_is_said_with_its_place(string text, string says)
    {
        ConfigurationMistake mistake = Assert.Single(MistakesIn(text));
        Assert.Contains(says, mistake.ToString(), StringComparison.Ordinal);
        Assert.StartsWith(File("certherald.json"), mistake.Place, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_named_must_be_there_and_one_that_is_not_need_not()
    {
        var missing = Assert.Throws<ConfigurationException>(() => Configuration.Read(File("missing.json"), new CommandLineOverrides(), new Hashtable()));
        Assert.Contains("--config", Assert.Single(missing.Mistakes).Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "wach": [] }""", "wach", "did you mean \"watch\"?")]
    [InlineData("""{ "Watch": [] }""", "Watch", "did you mean \"watch\"?")]
    [InlineData("""{ "logs": { "cotnact": "x" } }""", "logs.cotnact", "did you mean \"contact\"?")]
    [InlineData("""{ "logs": { "custom": [ { "key": "x", "url": "http://a/", "urll": "x" } ] } }""", "logs.custom[0].urll", "did you mean \"url\"?")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://a/" }, { "name": "b", "uri": "https://b/" } ] }""", "webhooks[1].uri", "did you mean \"url\"?")]
    [InlineData("""{ "known": { "keyfiles": [] } }""", "known.keyfiles", "did you mean \"key_files\"?")]
    [InlineData("""{ "outbound": { "prots": [] } }""", "outbound.prots", "did you mean \"ports\"?")]
    [InlineData("""{ "quite_something_else": 1 }""", "quite_something_else", "known here: ")]
    public void An_unknown_key_is_a_mistake_with_its_place_and_what_was_meant(string text, string place, string remedy)
    {
        ConfigurationMistake mistake = MistakesIn(text).Single(one => one.Problem == "is unknown");
        Assert.Equal($"{File("certherald.json")}: {place}", mistake.Place);
        Assert.Contains(remedy, mistake.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        IReadOnlyList<ConfigurationMistake> mistakes = MistakesIn(
            """
            {
              "listen": "ftp://x", "public_url": "nowhere", "store": "oracle", "data": 7, "watch": [ "*.example.com", "good.example", "..x" ], "smtp": { "port": 0 },
              "logs": { "start": "yesterday", "lists": [ "http://example.com/list.json" ], "states": [ 1 ], "custom": [ { "key": "?", "url": "x" } ] },
              "known": { "use_caa": "perhaps", "key_files": [ "./no-such.csr" ] },
              "outbound": { "allow": [ "10.0.0.0/99" ], "ports": [ 0, "70000" ], "allow_private_networks": "perhaps" },
              "webhooks": [ { "url": "https://a/" }, { "name": "b", "dialect": "certspoter", "url": "nothing", "events": [ "unknown_certificat" ] }, { "name": "c", "events": [ "x" ] } ],
              "extra": true
            }
            """);

        string[] places = [.. mistakes.Select(mistake => mistake.Place.Replace(File("certherald.json") + ": ", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "data", "extra", "known.key_files", "known.use_caa", "listen", "logs.custom[0].key", "logs.lists", "logs.start", "logs.states", "outbound.allow",
                "outbound.allow_private_networks", "outbound.ports", "outbound.ports", "public_url", "smtp.from", "smtp.host", "smtp.port", "smtp.to", "store", "watch[0]", "watch[2]", "webhooks[0].name",
                "webhooks[1].dialect", "webhooks[1].url", "webhooks[2].events", "webhooks[2].url",
            ],
            places);
        Assert.All(mistakes, mistake => Assert.NotEmpty(mistake.Remedy));
    }

    [Theory]
    [InlineData("listen", "http://127.0.0.1:0", true)]
    [InlineData("listen", "http://[::1]:8470", true)]
    [InlineData("listen", "http://localhost:8470", true)]
    [InlineData("listen", "http://0.0.0.0:80", true)]
    [InlineData("listen", "https://127.0.0.1:8470", false)]
    [InlineData("listen", "127.0.0.1:8470", false)]
    [InlineData("listen", "http://127.0.0.1:8470/path", false)]
    [InlineData("listen", "http://ct.example.com:8470", false)]
    [InlineData("listen", "http://127.0.0.1:8470/?x", false)]
    [InlineData("public_url", "https://ct.example.com", true)]
    [InlineData("public_url", "https://ct.example.com/", true)]
    [InlineData("public_url", "https://ct.example.com/below/", false)]
    [InlineData("public_url", "ct.example.com", false)]
    [InlineData("public_url", "ftp://ct.example.com", false)]
    [InlineData("public_url", "https://ct.example.com/?x", false)]
    [InlineData("public_url", "https://ct.example.com/#x", false)]
    [InlineData("public_url", "https://user:canary@ct.example.com/", false)]
    public void Addresses_are_checked(string key, string value, bool isGood)
    {
        string text = $$"""{ "{{key}}": "{{value}}" }""";
        if (isGood) Read(text);
        else Assert.EndsWith(": " + key, Assert.Single(MistakesIn(text)).Place, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("siem", true)]
    [InlineData("7.siem_a-b", true)]
    [InlineData("..", false)]
    [InlineData("-siem", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("sïem", false)]
    public void A_webhook_has_a_name_that_can_stand_in_an_address(string name, bool isGood)
    {
        string text = $$"""{ "webhooks": [ { "name": "{{name}}", "url": "https://siem.example.com/" } ] }""";
        if (isGood) Read(text);
        else Assert.EndsWith(": webhooks[0].name", Assert.Single(MistakesIn(text)).Place, StringComparison.Ordinal);
    }

    [Fact]
    public void The_public_url_is_where_it_listens_unless_given_and_never_ends_in_a_slash()
    {
        Assert.Equal("http://127.0.0.1:9000", Read("""{ "listen": "http://127.0.0.1:9000" }""").PublicUrl);
        Assert.Equal("https://ct.example.com", Read("""{ "public_url": "https://ct.example.com/" }""").PublicUrl);
        Assert.Equal("https://ct.example.com", Read("""{ "public_url": "HTTPS://CT.Example.com:443" }""").PublicUrl);
    }

    [Fact]
    public void The_environment_wins_over_the_file_and_the_command_line_over_both()
    {
        var environment = new Hashtable
        {
            ["CERTHERALD__DATA"] = "/environment",
            ["CERTHERALD__LISTEN"] = "http://127.0.0.1:2",
            ["CERTHERALD__LOGS__CONTACT"] = "ops@certherald.invalid",
            ["CERTHERALD__WATCH"] = "a.example, b.example",
            ["CERTHERALD__OUTBOUND__ALLOW_PRIVATE_NETWORKS"] = "true",
            ["CERTHERALD__OUTBOUND__PORTS"] = "443,9443",
            ["OTHER__DATA"] = "x",
            ["CERTHERALD_DATA"] = "x",
        };

        CertHeraldOptions options = Read(
            """{ "data": "/file", "listen": "http://127.0.0.1:1", "logs": { "contact": "file", "start": "start" }, "watch": [ "c.example" ] }""", environment, new CommandLineOverrides(Listen: "http://127.0.0.1:3"));

        Assert.Equal(("/environment", "http://127.0.0.1:3/"), (options.Data, options.Listen.ToString()));
        Assert.Equal(("ops@certherald.invalid", LogStart.Beginning), (options.Logs.Contact, options.Logs.Start));
        Assert.Equal(["a.example", "b.example"], options.Watch.Items.Select(item => item.Text).Order());
        Assert.True(options.Outbound.AllowPrivateNetworks);
        Assert.Equal([443, 9443], options.Outbound.Ports);
    }

    [Theory]
    [InlineData("CERTHERALD__DATTA", "datta")]
    [InlineData("CERTHERALD__LOGS__CONTAKT", "logs.contakt")]
    [InlineData("CERTHERALD__", "")]
    public void An_unknown_environment_variable_is_a_mistake_too(string name, string place)
    {
        ConfigurationMistake mistake = Assert.Single(MistakesIn("{}", new Hashtable { [name] = "x" }));
        Assert.EndsWith(": " + place, mistake.Place, StringComparison.Ordinal);
    }

    [Fact]
    public void Ports_and_networks_are_read_as_numbers_or_texts()
    {
        CertHeraldOptions options = Read("""{ "outbound": { "ports": [ 443, "9443" ], "allow": [ "10.1.2.0/24", "192.0.2.1", "2001:db8::/32" ] } }""");
        Assert.Equal([443, 9443], options.Outbound.Ports);
        Assert.Equal([IPNetwork.Parse("10.1.2.0/24"), IPNetwork.Parse("192.0.2.1/32"), IPNetwork.Parse("2001:db8::/32")], options.Outbound.Allow);
    }

    [Fact]
    public void Secrets_come_from_the_text_the_environment_or_a_file()
    {
        System.IO.File.WriteAllText(File("url"), "https://user:from-file@hook.example/file\n");
        Environment.SetEnvironmentVariable("CERTHERALD_TEST_HOOK", "https://hook.example/environment");

        CertHeraldOptions options = Read(
            $$"""
            { "webhooks": [ { "name": "a", "url": "https://hook.example/plain" }, { "name": "b", "url": "env:CERTHERALD_TEST_HOOK" }, { "name": "c", "url": "file:{{File("url")}}" } ] }
            """);

        Assert.Equal(["/plain", "/environment", "/file"], options.Webhooks.Select(webhook => webhook.Url.AbsolutePath));
        Assert.Equal(("user", "from-file"), options.Webhooks[2].Credentials);
    }

    [Theory]
    [InlineData("env:CERTHERALD_TEST_NOT_SET", "CERTHERALD_TEST_NOT_SET")]
    [InlineData("file:/no/such/file", "/no/such/file")]
    [InlineData("file:", "cannot be read")]
    [InlineData("file:\\u0000", "cannot be read")]
    public void A_secret_that_is_not_there_is_said_so(string value, string says)
    {
        IReadOnlyList<ConfigurationMistake> mistakes = MistakesIn($$"""{ "webhooks": [ { "name": "a", "url": "{{value}}" } ] }""");
        Assert.Contains(mistakes, mistake => mistake.Place.EndsWith("webhooks[0].url", StringComparison.Ordinal) && mistake.Problem.Contains(says, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://user:canary@" } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://us%3Aer:canary@h/" } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "ftp://user:canary@h/" } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://h/canary canary" } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": [ "https://user:canary@h/" ] } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://h/", "secret": "canary" } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://h/", "secret": { "x": "canary" } } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://h/", "secret": [ "whsec_canary", 1 ] } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://h/", "headers": { "X-Key": "canary\u00e4" } } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://h/", "headers": { "Host": "canary" } } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://h/", "headers": "X-Key: canary" } ] }""")]
    [InlineData("""{ "webhooks": [ { "name": "a", "url": "https://h/" "canary" } ] }""")]
    [InlineData("""{ "store": "Host=db;Password=canary" }""")]
    [InlineData("""{ "store": "Host=db;Database=x;Password=canary;Canary=1" }""")]
    [InlineData("""{ "store": "Host=db;Database=x;Port=canary" }""")]
    [InlineData("""{ "store": "Host=db;Database=x;Maximum Pool Size=1;Password=canary" }""")]
    [InlineData("""{ "store": "postgres://user:canary@db/x" }""")]
    [InlineData("""{ "public_url": "https://user:canary@h/" }""")]
    [InlineData("""{ "listen": "http://user:canary@127.0.0.1/" }""")]
    [InlineData("""{ "logs": { "lists": [ "https://user:canary@h/list.json" ] } }""")]
    [InlineData("""{ "logs": { "lists": [ "http://user:canary@h/list.json" ] } }""")]
    [InlineData("""{ "logs": { "custom": [ { "key": "AA==", "url": "https://user:canary@h/?x" } ] } }""")]
    [InlineData("""{ "smtp": { "password": "canary" } }""")]
    public void No_mistake_repeats_a_secret(string text)
    {
        // A key that is one: then the address is what is wrong.
        using var log = new SigningLog();
        text = text.Replace("AA==", Convert.ToBase64String(log.Key.Spki.Span), StringComparison.Ordinal);

        IReadOnlyList<ConfigurationMistake> mistakes = MistakesIn(text);

        Assert.NotEmpty(mistakes);
        Assert.All(mistakes, mistake => Assert.DoesNotContain("canary", mistake.ToString(), StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Options_do_not_show_a_secret_when_printed_or_logged_by_accident()
    {
        CertHeraldOptions options = Read("""{ "store": "Host=db;Database=x;Password=canary", "webhooks": [ { "name": "a", "url": "https://user:canary@h/" } ] }""");
        Assert.Equal("Host=db;Database=x;Password=canary", options.Store);
        Assert.DoesNotContain("canary", options.ToString(), StringComparison.Ordinal);
        Assert.Equal("a", options.Webhooks[0].ToString());
    }

    [Theory]
    [InlineData("end", "end")]
    [InlineData("start", "start")]
    [InlineData("0", "start")]
    [InlineData("18446744073709551615", null)]
    [InlineData("4711", "4711")]
    [InlineData("-1", null)]
    [InlineData("7d", "7d")]
    [InlineData("36h", "36h")]
    [InlineData("2026-11-01", "2026-11-01T00:00:00Z")]
    [InlineData("7w", null)]
    public void A_log_begins_where_it_is_said(string text, string? start)
    {
        if (start is null) Assert.EndsWith("logs.start", Assert.Single(MistakesIn($$"""{ "logs": { "start": "{{text}}" } }""")).Place, StringComparison.Ordinal);
        else Assert.Equal(start, Read($$"""{ "logs": { "start": "{{text}}" } }""").Logs.Start.ToString());
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("the web team", true)]
    [InlineData("ops@example.com", true)]
    [InlineData("Ops@CT.Example.com", true)]
    [InlineData("https://example.com/ct", true)]
    [InlineData("mailto:ops@example.com", true)]
    [InlineData("@certherald.invalid", true)]
    [InlineData("ops(at)certherald.invalid", true)]
    [InlineData("Störungen: ops@certherald.invalid", true)]
    [InlineData("ops@certherald.invalid", false)]
    [InlineData("https://certherald.invalid/ct", false)]
    [InlineData("the web team, ops@certherald.invalid", false)]
    public void Rule_3_7_A_contact_that_reaches_nobody_is_warned_of(string contact, bool isWarned)
    {
        CertHeraldOptions options = Read($$"""{ "watch": [ ".example.org" ], "logs": { "contact": "{{contact}}" } }""");
        Assert.Equal(isWarned, options.Warnings.Any(warning => warning.StartsWith("logs.contact ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Rule_7_1_a_list_says_who_signs_it_and_Chromes_own_need_not()
    {
        using var rsa = System.Security.Cryptography.RSA.Create(2048);
        string pem = Path.GetTempFileName();
        System.IO.File.WriteAllText(pem, rsa.ExportSubjectPublicKeyInfoPem());

        CertHeraldOptions options = Read($$"""
            { "logs": { "lists": [
                "https://valid.apple.com/ct/log_list/current_log_list.json",
                { "url": "{{LogOptions.DefaultList}}" },
                { "url": "{{LogOptions.DefaultList}}", "signed_by": "none" },
                { "url": "mirror/all_logs_list.json", "signed_by": "chrome" },
                { "url": "ours.json", "signed_by": "{{pem}}" } ] } }
            """);

        Assert.Equal([null, "Chrome", null, "Chrome", pem], options.Logs.Lists.Select(list => list.SignedBy?.Name));
        Assert.Single(options.Warnings, warning => warning.Contains("its signature is not asked for", StringComparison.Ordinal));
        System.IO.File.Delete(pem);
    }

    [Theory]
    [InlineData("""{ "url": "a.json", "signed_by": "nowhere.pem" }""", "logs.lists[0].signed_by", "cannot be read")]
    [InlineData("""{ "signed_by": "chrome" }""", "logs.lists[0].url", "is missing")]
    [InlineData("""{ "url": "a.json", "signed": "chrome" }""", "logs.lists[0].signed", "signed_by")]
    [InlineData("7", "logs.lists", "is no list of texts or sections")]
    public void A_list_that_is_described_wrongly_is_a_mistake_with_a_remedy(string list, string place, string expected)
    {
        var mistakes = Assert.Throws<ConfigurationException>(() => Read("""{ "logs": { "lists": [ ITEM ] } }""".Replace("ITEM", list, StringComparison.Ordinal)));

        ConfigurationMistake mistake = Assert.Single(mistakes.Mistakes);
        Assert.EndsWith($": {place}", mistake.Place, StringComparison.Ordinal);
        Assert.Contains(expected, mistake.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_custom_log_alone_needs_no_list()
    {
        using var log = new SigningLog();
        string key = Convert.ToBase64String(log.Key.Spki.Span);

        LogOptions options = Read(
            $$"""
            { "logs": { "custom": [ { "description": "mine", "key": "{{key}}", "url": "http://127.0.0.1:1/log", "head_interval": "500ms" } ] } }
            """).Logs;

        Assert.Empty(options.Lists);
        ChosenLog chosen = Assert.Single(options.CustomLogs());
        Assert.Equal((log.Key.Id, "mine", "http://127.0.0.1:1/log/", true, TimeSpan.FromMilliseconds(500)), (chosen.Log.Id, chosen.Log.Description, chosen.Log.Url.ToString(), chosen.IsCustom, chosen.HeadInterval!.Value));
    }

    [Theory]
    [InlineData("""{ "key": "KEY" }""", "needs a url")]
    [InlineData("""{ "url": "https://h/" }""", "key")]
    [InlineData("""{ "key": "KEY", "url": "https://h/", "monitoring_url": "https://h/" }""", "both a url and")]
    [InlineData("""{ "key": "KEY", "monitoring_url": "https://h/" }""", "both a submission_url and a monitoring_url")]
    [InlineData("""{ "key": "%", "url": "https://h/" }""", "not base64")]
    [InlineData("""{ "key": "KEY", "url": "h" }""", "HTTP(S)")]
    [InlineData("""{ "key": "KEY", "url": "https://h/", "head_interval": "100ms" }""", "below 200 ms")]
    [InlineData("""{ "key": "KEY", "url": "https://h/", "head_interval": "soon" }""", "no length of time")]
    public void A_custom_log_that_cannot_be_followed_is_a_mistake(string log, string says)
    {
        using var key = new SigningLog();
        string text = $$"""{ "logs": { "custom": [ {{log.Replace("KEY", Convert.ToBase64String(key.Key.Spki.Span), StringComparison.Ordinal)}} ] } }""";
        Assert.Contains(MistakesIn(text), mistake => mistake.Place.Contains("logs.custom[0]", StringComparison.Ordinal) && mistake.Problem.Contains(says, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "name": "a", "url": "https://h/" }""", null)]
    [InlineData("""{ "name": "a", "dialect": "certspotter", "url": "http://u:p@h:8080/x?y", "events": [ "unknown_certificate", "malformed_certificate" ] }""", null)]
    [InlineData("""{ "url": "https://h/" }""", "name")]
    [InlineData("""{ "name": " ", "url": "https://h/" }""", "name")]
    [InlineData("""{ "name": "first", "url": "https://h/" }""", "name")]
    [InlineData("""{ "name": "a" }""", "url")]
    [InlineData("""{ "name": "a", "url": "h" }""", "url")]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "esperanto" }""", "dialect")]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "native", "signed": false }""", null)]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "meta", "app_secret": "0123456789abcdef0123456789abcdef" }""", null)]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "meta", "app_secret": "0123456789abcdef", "include_values": false, "accept_any_2xx": true, "events": [ "unknown_certificate" ] }""", null)]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "meta" }""", "app_secret")]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "meta", "app_secret": "canary" }""", "app_secret")]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "meta", "app_secret": "env:CERTHERALD_TEST_NOT_SET" }""", "app_secret")]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "meta", "app_secret": "0123456789abcdef", "events": [ "malformed_certificate" ] }""", "events")]
    [InlineData("""{ "name": "a", "url": "https://h/", "app_secret": "0123456789abcdef" }""", "app_secret")]
    [InlineData("""{ "name": "a", "url": "https://h/", "include_values": true }""", "include_values")]
    [InlineData("""{ "name": "a", "url": "https://h/", "accept_any_2xx": true }""", "accept_any_2xx")]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "native", "events": [ "operator" ] }""", "secret")]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "native", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "events": [ "operator" ] }""", null)]
    [InlineData("""{ "name": "a", "url": "https://h/", "events": [ "operator" ] }""", "events")]
    [InlineData("""{ "name": "a", "url": "https://h/", "events": [] }""", "events")]
    [InlineData("""{ "name": "a", "url": "https://h/", "events": [ 1 ] }""", "events")]
    [InlineData("\"a\"", "webhooks")]
    public void Webhooks_are_checked(string webhook, string? mistakenKey)
    {
        string text = $$"""{ "webhooks": [ { "name": "first", "url": "https://first/" }, {{webhook}} ] }""";
        if (mistakenKey is null) Assert.Equal(["first", "a"], Read(text).Webhooks.Select(one => one.Name));
        else Assert.EndsWith(mistakenKey, Assert.Single(MistakesIn(text)).Place, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("500ms", 500L)]
    [InlineData("5s", 5_000L)]
    [InlineData("10m", 600_000L)]
    [InlineData("12h", 43_200_000L)]
    [InlineData("7d", 604_800_000L)]
    [InlineData("36500d", 3_153_600_000_000L)]
    [InlineData("36501d", null)]
    [InlineData("99999999999999999999s", null)]
    [InlineData("0s", null)]
    [InlineData("-5s", null)]
    [InlineData("1.5s", null)]
    [InlineData("5", null)]
    [InlineData("s", null)]
    [InlineData("", null)]
    [InlineData("5 s", null)]
    [InlineData("5S", null)]
    [InlineData("٥s", null)]
    public void Durations_are_a_whole_number_and_a_unit(string text, long? milliseconds)
    {
        Assert.Equal(milliseconds is not null, Durations.TryParse(text, out TimeSpan duration));
        Assert.Equal(milliseconds ?? 0, duration.TotalMilliseconds);
        // None at all must be meant, and have a unit.
        Assert.Equal(milliseconds is not null || text == "0s", Durations.TryParse(text, out _, mayBeZero: true));
    }

    [Theory]
    [InlineData("W13", "*.example.com", "write .example.com")]
    [InlineData("W14", "..example.com", "")]
    [InlineData("W14", "a..b.com", "")]
    [InlineData("W18", "https://Example.com:443/x", "example.com")]
    [InlineData("", "a.example b.example", "one item a line")]
    public void A_watch_item_that_is_none_is_told_with_file_line_and_remedy(string row, string item, string remedy)
    {
        System.IO.File.WriteAllText(File("watchlist"), $"# mine\r\n.good.example\r\n{item}\r\n");
        string expected = $"{File("watchlist")}: line 3";

        ConfigurationMistake fromFile = Assert.Single(MistakesIn($$"""{ "watch_files": [ "{{File("watchlist")}}" ] }"""));
        Assert.True(expected == fromFile.Place, row);
        Assert.Contains(remedy, fromFile.Remedy, StringComparison.Ordinal);

        ConfigurationMistake fromConfiguration = Assert.Single(MistakesIn($$"""{ "watch": [ "good.example", "{{item}}" ] }"""));
        Assert.Equal($"{File("certherald.json")}: watch[1]", fromConfiguration.Place);
        Assert.Equal(fromFile.Problem, fromConfiguration.Problem);

        ConfigurationMistake fromCommandLine = Assert.Single(Assert.Throws<ConfigurationException>(() => WatchLists.Read(["good.example", item], [])).Mistakes);
        Assert.Equal("--watch", fromCommandLine.Place);
    }

    [Fact]
    public void Watch_items_and_files_join_in_one_list()
    {
        System.IO.File.WriteAllText(File("watchlist"), "\uFEFF.example.com\r\nBÜCHER.example # a comment\n\n192.0.2.1 \nold.example valid_at:2020-01-01\n");

        CertHeraldOptions options = Read($$"""{ "watch": [ "a.example", ".EXAMPLE.com." ], "watch_files": [ "{{File("watchlist")}}" ] }""");

        Assert.Equal([".example.com", "192.0.2.1", "a.example", "old.example", "xn--bcher-kva.example"], options.Watch.Items.Select(item => item.Text).Order(StringComparer.Ordinal));
        Assert.Contains(options.Warnings, warning => warning.StartsWith($"{File("watchlist")}: line 5: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n# nothing but a comment\n  \n")]
    public void W16_a_watch_file_that_watches_nothing_is_refused(string content)
    {
        System.IO.File.WriteAllText(File("watchlist"), content);
        ConfigurationMistake mistake = Assert.Single(MistakesIn($$"""{ "watch_files": [ "{{File("watchlist")}}" ] }"""));
        Assert.Contains("watchlist", mistake.Place, StringComparison.Ordinal);
        Assert.Contains("no watch item", mistake.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/no/such/list")]
    [InlineData("")]
    [InlineData("/")]
    public void A_watch_file_that_cannot_be_read_is_a_mistake(string path) =>
        Assert.Contains("cannot be read", Assert.Single(MistakesIn($$"""{ "watch_files": [ "{{path}}" ] }""")).Problem, StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string File(string name) => Path.Combine(_folder, name);

    private CertHeraldOptions Read(string text, Hashtable? environment = null, CommandLineOverrides? overrides = null)
    {
        System.IO.File.WriteAllText(File("certherald.json"), text);
        return Configuration.Read(File("certherald.json"), overrides ?? new CommandLineOverrides(), environment ?? []);
    }

    private IReadOnlyList<ConfigurationMistake> MistakesIn(string text, Hashtable? environment = null) =>
        Assert.Throws<ConfigurationException>(() => Read(text, environment)).Mistakes;
}
