using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;
using WebAnswer = CertHerald.Tests.WebConsole.Answer;

namespace CertHerald.Tests.Api;

public sealed class AddedWebhooksTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_webhook_that_is_added_is_in_force_and_kept_when_the_answer_comes_and_shows_no_secret()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        WebAnswer answer = await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new
        {
            name = "siem",
            url = "https://user:canary-password@siem.example.com:8443/canary-path?canary",
            secret = Secret,
            headers = new Dictionary<string, string> { ["X-Key"] = "canary-header" },
            events = new[] { "unknown_certificate", "malformed_certificate" },
            concurrency = 2,
            rate = 0.5,
            evidence = true,
        });

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        WebhookOptions inForce = Assert.Single(rig.Webhooks.Added);
        Assert.Equal(("siem", "https://siem.example.com:8443/canary-path?canary", ("user", "canary-password"), 2, 0.5, true),
            (inForce.Name, inForce.Url.AbsoluteUri, inForce.Credentials!.Value, inForce.Concurrency, inForce.Rate, inForce.Evidence));
        Assert.Equal([new("X-Key", "canary-header")], inForce.Headers);
        Assert.NotNull(inForce.Signer);
        Assert.Equal("siem", Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation)).Name);

        WebAnswer one = await SendAsync(rig, HttpMethod.Get, "/api/webhooks/siem"), all = await SendAsync(rig, HttpMethod.Get, "/api/webhooks");
        foreach (string text in new[] { answer.Text, one.Text, all.Text })
            Assert.DoesNotContain("canary-p", text, StringComparison.Ordinal);
        Assert.Equal("https://siem.example.com:8443/…", one.Json.GetProperty("url").GetString());
        Assert.Equal(["X-Key"], one.Json.GetProperty("headers").EnumerateArray().Select(name => name.GetString()));
        Assert.True(one.Json.GetProperty("credentials").GetBoolean() && one.Json.GetProperty("signed").GetBoolean());
        Assert.Equal([("configured", true), ("siem", false)], all.Json.EnumerateArray().Select(webhook => (webhook.GetProperty("name").GetString(), webhook.GetProperty("configured").GetBoolean())));
        Assert.DoesNotContain("canary", all.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("MfKQ", answer.Text + all.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("native", null, true)]
    [InlineData("native", false, false)]
    [InlineData("certspotter", null, false)]
    [InlineData("certspotter", true, true)]
    public async Task Rule_8_1_a_secret_is_made_where_signatures_are_usual_or_asked_for_and_shown_once(string dialect, bool? asked, bool made)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        WebAnswer added = await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new { name = "a", dialect, url = "https://h/", signed = asked });
        WebAnswer later = await SendAsync(rig, HttpMethod.Get, "/api/webhooks/a");

        Assert.Equal(HttpStatusCode.Created, added.Status);
        string? secret = added.Json.GetProperty("secret").GetString();
        Assert.Equal(made, secret is not null && SigningSecret.TryParse(secret, out _, out _));
        Assert.Equal(made, later.Json.GetProperty("signed").GetBoolean());
        Assert.Equal(JsonValueKind.Null, later.Json.GetProperty("secret").ValueKind);
    }

    [Theory]
    [InlineData("""{ "name": "a" }""", "\"url\" is missing")]
    [InlineData("""{ "url": "https://h/" }""", "\"name\"")]
    [InlineData("""{ "name": "../a", "url": "https://h/" }""", "\"name\"")]
    [InlineData("""{ "name": "a\n", "url": "https://h/" }""", "\"name\"")]
    [InlineData("""{ "name": "a", "url": "ftp://u:canary@h/" }""", "\"url\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "dialect": "canary" }""", "\"dialect\" is one of: certspotter, meta, native")]
    [InlineData("""{ "name": "a", "url": "https://h/", "events": [ "operator" ] }""", "\"events\" of the dialect certspotter")]
    [InlineData("""{ "name": "a", "url": "https://h/", "events": [] }""", "\"events\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "secret": "canary" }""", "\"secret\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "signed": false }""", "\"signed\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "headers": { "Host": "canary" } }""", "\"headers\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "headers": { "X-A": "a\r\nX-Evil: canary" } }""", "\"headers\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "headers": { "X-A": null } }""", "\"headers\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "events": [ null ] }""", "\"events\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "rate": 1e999 }""", "")]
    [InlineData("""{ "name": "a", "url": "https://u:canary@h/", "headers": { "Authorization": "Bearer canary" } }""", "Authorization")]
    [InlineData("""{ "name": "a", "url": "https://h/", "concurrency": 0 }""", "\"concurrency\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "rate": 0 }""", "\"rate\"")]
    [InlineData("""{ "name": "a", "url": "https://h/", "canary": 1 }""", "docs/api.md")]
    [InlineData("""{ "name": "a", "url": [ "canary" ] }""", "docs/api.md")]
    [InlineData("canary", "docs/api.md")]
    [InlineData("null", "docs/api.md")]
    public async Task T7_what_cannot_be_used_is_refused_by_member_and_not_repeated(string body, string says)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        WebAnswer answer = await SendTextAsync(rig, HttpMethod.Post, "/api/webhooks", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(says, answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", answer.Text, StringComparison.Ordinal);
        Assert.Empty(await rig.Store.AddedWebhooksAsync(Cancellation));
    }

    [Fact]
    public async Task Rule_6_5_T24_another_host_gets_none_of_the_old_ones_secrets()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);

        WebAnswer moved = await SendAsync(rig, HttpMethod.Patch, "/api/webhooks/siem", new { url = "https://evil.example/hook" });

        StoredWebhook stored = Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation));
        Assert.Equal("https://evil.example/hook", stored.Url);
        Assert.Empty(stored.Headers);
        Assert.Null(Assert.Single(rig.Webhooks.Added).Credentials);
        // It stays signed, by a secret that the old host does not know.
        string fresh = moved.Json.GetProperty("secret").GetString()!;
        Assert.Equal([fresh], stored.Secrets.Select(secret => secret.Text));
        Assert.NotEqual(Secret, fresh);
        Assert.Contains("user name and password, the headers, the signing secret", moved.Json.GetProperty("warning").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://siem.example.com/hook")]
    [InlineData("https://siem.example.com:8443/hook")]
    [InlineData("https://siem.example.com.evil.example/hook")]
    [InlineData("https://xn--sem-sna.example.com/hook")]
    public async Task T24_so_does_another_scheme_or_port(string url)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);
        await SendAsync(rig, HttpMethod.Patch, "/api/webhooks/siem", new { url });
        WebhookOptions webhook = Assert.Single(rig.Webhooks.Added);
        Assert.Null(webhook.Credentials);
        Assert.Empty(webhook.Headers);
    }

    [Fact]
    public async Task T24_what_is_entered_again_with_the_new_host_counts()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);

        WebAnswer moved = await SendAsync(rig, HttpMethod.Patch, "/api/webhooks/siem", new
        {
            url = "https://me:pass@new.example/",
            secret = Secret,
            headers = new Dictionary<string, string> { ["X-Key"] = "other" },
        });

        StoredWebhook stored = Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation));
        Assert.Equal([Secret], stored.Secrets.Select(secret => secret.Text));
        Assert.Equal(("me", "pass"), Assert.Single(rig.Webhooks.Added).Credentials);
        Assert.Equal("other", Assert.Single(stored.Headers).Value);
        Assert.Equal(JsonValueKind.Null, moved.Json.GetProperty("warning").ValueKind);
        Assert.Equal(JsonValueKind.Null, moved.Json.GetProperty("secret").ValueKind);
    }

    [Theory]
    [InlineData("https://siem.example.com/other", true)]
    [InlineData("https://SIEM.example.com:443/other", true)]
    [InlineData("https://@siem.example.com/other", false)]
    public async Task On_the_same_host_user_and_password_stay_unless_the_URL_has_an_empty_one(string url, bool stays)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);

        await SendAsync(rig, HttpMethod.Patch, "/api/webhooks/siem", new { url });

        WebhookOptions webhook = Assert.Single(rig.Webhooks.Added);
        Assert.Equal("https://siem.example.com/other", webhook.Url.AbsoluteUri);
        Assert.Equal(stays ? ("us@r", "p:w") : null, webhook.Credentials);
        Assert.Equal("X-Key", Assert.Single(webhook.Headers).Name);
        Assert.NotNull(webhook.Signer);
    }

    [Fact]
    public async Task A_change_touches_only_what_it_names_and_leaves_the_other_webhooks_as_they_were()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);
        await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new { name = "other", url = "https://h/" });
        WebhookOptions other = rig.Webhooks.Added.Single(webhook => webhook.Name == "other");

        WebAnswer changed = await SendAsync(rig, HttpMethod.Patch, "/api/webhooks/siem", new { rate = 5 });

        Assert.Equal(HttpStatusCode.OK, changed.Status);
        WebhookOptions webhook = rig.Webhooks.Added.Single(webhook => webhook.Name == "siem");
        Assert.Equal((5.0, ("us@r", "p:w")), (webhook.Rate, webhook.Credentials!.Value));
        Assert.Same(other, rig.Webhooks.Added.Single(webhook => webhook.Name == "other"));
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(rig, HttpMethod.Patch, "/api/webhooks/siem", new { name = "renamed" })).Status);
    }

    [Fact]
    public async Task Rule_8_2_after_a_rotation_both_secrets_sign_for_24_hours_newest_first()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);

        WebAnswer rotated = await SendAsync(rig, HttpMethod.Post, "/api/webhooks/siem/rotate-secret");

        DateTimeOffset now = rig.Time.GetUtcNow();
        string fresh = rotated.Json.GetProperty("secret").GetString()!;
        IWebhookSigner signer = Assert.Single(rig.Webhooks.Added).Signer!;
        Assert.Equal([SignatureBy(fresh, now), SignatureBy(Secret, now)], SignaturesBy(signer, now));
        Assert.Equal([SignatureBy(fresh, now.AddHours(24))], SignaturesBy(signer, now.AddHours(24)));
        Assert.Equal(now.AddHours(24), Assert.Single(rotated.Json.GetProperty("old_secrets_until").EnumerateArray()).GetDateTimeOffset());

        // What has ended is not kept either.
        rig.Time.Advance(TimeSpan.FromHours(25));
        await SendAsync(rig, HttpMethod.Patch, "/api/webhooks/siem", new { rate = 5 });
        Assert.Equal([fresh], Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation)).Secrets.Select(secret => secret.Text));
    }

    [Fact]
    public async Task Rule_8_2_without_an_overlap_every_old_secret_ends_at_once()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);
        await SendAsync(rig, HttpMethod.Post, "/api/webhooks/siem/rotate-secret", new { overlap_hours = 168 });
        await SendAsync(rig, HttpMethod.Post, "/api/webhooks/siem/rotate-secret", new { overlap_hours = 0, secret = Secret });

        Assert.Equal([SignatureBy(Secret, rig.Time.GetUtcNow())], SignaturesBy(Assert.Single(rig.Webhooks.Added).Signer!, rig.Time.GetUtcNow()));
    }

    [Fact]
    public async Task Rule_8_2_more_than_five_old_secrets_are_refused_and_nothing_is_changed()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);
        for (int i = 0; i < 5; i++) Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, HttpMethod.Post, "/api/webhooks/siem/rotate-secret")).Status);
        int before = SignaturesBy(Assert.Single(rig.Webhooks.Added).Signer!, rig.Time.GetUtcNow()).Length;

        WebAnswer refused = await SendAsync(rig, HttpMethod.Post, "/api/webhooks/siem/rotate-secret");

        Assert.Equal(6, before);
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("\"overlap_hours\": 0", refused.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(6, SignaturesBy(Assert.Single(rig.Webhooks.Added).Signer!, rig.Time.GetUtcNow()).Length);
    }

    [Theory]
    [InlineData("""{ "overlap_hours": -1 }""")]
    [InlineData("""{ "overlap_hours": 168.1 }""")]
    [InlineData("""{ "secret": "canary" }""")]
    [InlineData("""{ "overlap": 1 }""")]
    [InlineData("canary")]
    public async Task Rule_8_2_a_rotation_that_cannot_be_is_refused(string body)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);
        WebAnswer answer = await SendTextAsync(rig, HttpMethod.Post, "/api/webhooks/siem/rotate-secret", body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.DoesNotContain("canary", answer.Text, StringComparison.Ordinal);
        Assert.Equal(Secret, Assert.Single(Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation)).Secrets).Text);
    }

    [Fact]
    public async Task Rule_8_2_a_webhook_of_the_dialect_meta_always_has_an_app_secret_that_is_made_once_and_kept_encrypted()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        WebAnswer added = await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new { name = "app", dialect = "meta", url = "https://h/", signed = false, include_values = false, accept_any_2xx = true });
        WebAnswer later = await SendAsync(rig, HttpMethod.Get, "/api/webhooks/app");

        Assert.Equal(HttpStatusCode.Created, added.Status);
        string made = added.Json.GetProperty("app_secret").GetString()!;
        WebhookOptions webhook = Assert.Single(rig.Webhooks.Added);
        Assert.Equal(["certificate"], webhook.Events);
        Assert.Equal((false, true), (webhook.IncludeValues, webhook.AcceptAny2xx));
        Assert.Equal(SignatureByApp(made), webhook.Signer!.HeadersFor("key", rig.Time.GetUtcNow(), "{}"u8)[1].Value);
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (later.Json.GetProperty("app_secret").ValueKind, later.Json.GetProperty("secret").ValueKind));
        Assert.Equal((true, false, true), (later.Json.GetProperty("signed").GetBoolean(), later.Json.GetProperty("include_values").GetBoolean(), later.Json.GetProperty("accept_any_2xx").GetBoolean()));

        StoredWebhook stored = Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation));
        Assert.Equal((made, false, true), (Assert.Single(stored.Secrets).Text, stored.IncludeValues, stored.AcceptAny2xx));
        Assert.DoesNotContain(made, later.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule_8_2_a_new_app_secret_signs_alone_from_the_announced_switch_24_hours_later()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new { name = "app", dialect = "meta", url = "https://h/", app_secret = "0123456789abcdef0123456789abcdef", secret = Secret });

        WebAnswer rotated = await SendAsync(rig, HttpMethod.Post, "/api/webhooks/app/rotate-secret");

        DateTimeOffset now = rig.Time.GetUtcNow();
        string fresh = rotated.Json.GetProperty("app_secret").GetString()!;
        IWebhookSigner signer = Assert.Single(rig.Webhooks.Added).Signer!;
        Assert.Equal(SignatureByApp("0123456789abcdef0123456789abcdef"), signer.HeadersFor("key", now.AddHours(24).AddTicks(-1), "{}"u8)[1].Value);
        Assert.Equal(SignatureByApp(fresh), signer.HeadersFor("key", now.AddHours(24), "{}"u8)[1].Value);
        Assert.Equal(now.AddHours(24), Assert.Single(rotated.Json.GetProperty("old_secrets_until").EnumerateArray()).GetDateTimeOffset());
        // The other kind's secret is untouched, and is changed by one of its own kind.
        Assert.Equal(SignatureBy(Secret, now), signer.HeadersFor("key", now, "{}"u8)[^1].Value);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, HttpMethod.Post, "/api/webhooks/app/rotate-secret", new { secret = SigningSecret.New().Text, overlap_hours = 0 })).Status);
        Assert.Equal(2, Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation)).Secrets.Count(secret => !SigningSecret.HasForm(secret.Text)));
    }

    [Fact]
    public async Task T24_another_host_gets_a_new_app_secret_too()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new { name = "app", dialect = "meta", url = "https://h/", app_secret = "0123456789abcdef0123456789abcdef" });
        WebAnswer moved = await SendAsync(rig, HttpMethod.Patch, "/api/webhooks/app", new { url = "https://evil.example/" });
        string fresh = moved.Json.GetProperty("app_secret").GetString()!;
        Assert.Equal([fresh], Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation)).Secrets.Select(secret => secret.Text));
        Assert.NotEqual("0123456789abcdef0123456789abcdef", fresh);
    }

    [Theory]
    [InlineData("app_secret", "\"0123456789abcdef\"")]
    [InlineData("verify_token", "\"token\"")]
    [InlineData("include_values", "true")]
    [InlineData("accept_any_2xx", "true")]
    public async Task What_only_another_dialect_has_is_refused(string option, string value)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        WebAnswer answer = await SendTextAsync(rig, HttpMethod.Post, "/api/webhooks", $$"""{ "name": "a", "url": "https://h/", "{{option}}": {{value}} }""");
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains($"\"{option}\" is no option of the dialect certspotter", answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(await rig.Store.AddedWebhooksAsync(Cancellation));
    }

    [Theory]
    [InlineData("app_secret", "\"canary\"", "app_secret")]
    [InlineData("app_secret", "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"", "app_secret")]
    [InlineData("verify_token", "\"\"", "verify_token")]
    public async Task An_option_of_meta_that_cannot_be_is_refused_and_not_repeated(string option, string value, string says)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        WebAnswer answer = await SendTextAsync(rig, HttpMethod.Post, "/api/webhooks", $$"""{ "name": "a", "url": "https://h/", "dialect": "meta", "{{option}}": {{value}} }""");
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains($"\"{says}\"", answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(value.Trim('"') is { Length: > 0 } text ? text : "\u0000", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task M10_a_receiver_that_is_asked_first_and_does_not_confirm_is_not_added_and_one_that_does_is()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Answer(200, "no");

        WebAnswer refused = await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new { name = "app", dialect = "meta", url = receiver.Url, verify_token = "meatyhamhock" });
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("its answer was not hub.challenge", refused.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(rig.Webhooks.Added);

        WebhookHandshakeTests.Challenged(receiver, challenge => Receiver.Answer(200, challenge));
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new { name = "app", dialect = "meta", url = receiver.Url, verify_token = "meatyhamhock" })).Status);
        Assert.Contains("hub.verify_token=meatyhamhock", receiver.Requests[^1].RequestLine, StringComparison.Ordinal);
        Assert.Single(rig.Webhooks.Added);
    }

    [Fact]
    public async Task M10_when_a_change_is_not_confirmed_the_old_webhook_stays_as_it_was()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Answer(403);
        await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new { name = "app", dialect = "meta", url = "https://h/old" });
        WebhookOptions before = Assert.Single(rig.Webhooks.Added);

        WebAnswer refused = await SendAsync(rig, HttpMethod.Patch, "/api/webhooks/app", new { url = receiver.Url, verify_token = "meatyhamhock" });

        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Same(before, Assert.Single(rig.Webhooks.Added));
        Assert.Equal("https://h/old", Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation)).Url);
        Assert.StartsWith("GET /hook?hub.mode=subscribe", Assert.Single(receiver.Requests).RequestLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configured_webhook_is_shown_and_not_changed()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        foreach ((HttpMethod method, string path, object? body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Post, "/api/webhooks", new { name = "configured", url = "https://h/" }),
            (HttpMethod.Patch, "/api/webhooks/configured", new { url = "https://h/" }),
            (HttpMethod.Post, "/api/webhooks/configured/rotate-secret", null),
            (HttpMethod.Delete, "/api/webhooks/configured", null),
        })
        {
            WebAnswer answer = await SendAsync(rig, method, path, body);
            Assert.Equal(HttpStatusCode.Conflict, answer.Status);
            Assert.Contains("change it there", answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
        Assert.Empty(rig.Webhooks.Added);
        Assert.True((await SendAsync(rig, HttpMethod.Get, "/api/webhooks/configured")).Json.GetProperty("configured").GetBoolean());
    }

    [Fact]
    public async Task One_that_is_removed_is_gone_and_unknown_ones_are_not_found()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);

        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new { name = "siem", url = "https://h/" })).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, HttpMethod.Delete, "/api/webhooks/siem")).Status);

        Assert.Empty(rig.Webhooks.Added);
        Assert.Empty(await rig.Store.AddedWebhooksAsync(Cancellation));
        foreach ((HttpMethod method, string path) in new[] { (HttpMethod.Get, ""), (HttpMethod.Patch, ""), (HttpMethod.Delete, ""), (HttpMethod.Post, "/rotate-secret") })
            Assert.Equal(HttpStatusCode.NotFound, (await SendTextAsync(rig, method, "/api/webhooks/siem" + path, "{}")).Status);
    }

    [Fact]
    public async Task What_the_store_holds_is_in_force_from_the_start_and_the_configuration_wins()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        StoredWebhook stored = new() { Name = "siem", Dialect = "certspotter", Events = ["unknown_certificate"], Added = rig.Time.GetUtcNow(), Url = "https://h/", Secrets = [new(Secret, null)] };
        await rig.Store.AddWebhookAsync(stored, Cancellation);
        await rig.Store.AddWebhookAsync(stored with { Name = "configured" }, Cancellation);

        await rig.Services.GetRequiredService<AddedWebhooks>().LoadAsync(Cancellation);

        Assert.Equal(["configured", "siem"], rig.Webhooks.All.Select(webhook => webhook.Name).Order(StringComparer.Ordinal));
        Assert.Equal("siem.example.com", rig.Webhooks.All.Single(webhook => webhook.Name == "configured").Url.Host);
        Assert.NotNull(rig.Webhooks.All.Single(webhook => webhook.Name == "siem").Signer);
    }

    [Fact]
    public async Task Strangers_see_nothing_and_a_session_changes_nothing_here()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Browser.GetAsync("/api/webhooks")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Browser.PostAsync("/api/webhooks")).Status);

        await rig.SignInAsync();
        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/api/webhooks")).Status);
        foreach (string path in (string[])["/api/webhooks", "/api/webhooks/siem/rotate-secret", "/api/secrets/rekey"])
            Assert.Equal(HttpStatusCode.Forbidden, (await rig.Browser.PostAsync(path)).Status);
    }

    [Fact]
    public async Task Rule_8_4_the_key_is_changed_through_the_running_service()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await AddAsync(rig);

        WebAnswer outcome = await SendAsync(rig, HttpMethod.Post, "/api/secrets/rekey", new { drop_old = true });

        Assert.Equal("""{"added":true,"encrypted":3,"dropped":1}""", outcome.Text);
        Assert.Equal(Secret, Assert.Single(Assert.Single(await rig.Store.AddedWebhooksAsync(Cancellation)).Secrets).Text);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendTextAsync(rig, HttpMethod.Post, "/api/secrets/rekey", "x")).Status);
    }

    private static async Task AddAsync(ConsoleRig rig) => Assert.Equal(HttpStatusCode.Created, (await SendAsync(rig, HttpMethod.Post, "/api/webhooks", new
    {
        name = "siem",
        url = "https://us%40r:p%3Aw@siem.example.com/hook",
        secret = Secret,
        headers = new Dictionary<string, string> { ["X-Key"] = "value" },
    })).Status);

    private static string SignatureBy(string secret, DateTimeOffset at) =>
        SigningSecret.TryParse(secret, out SigningSecret? parsed, out _) ? SignaturesBy(new StandardSigner([parsed]), at).Single() : "no secret";

    private static string SignatureByApp(string secret) =>
        AppSecret.TryParse(secret, out AppSecret? parsed, out _) ? "sha256=" + Convert.ToHexStringLower(parsed.SignSha256("{}"u8)) : "no secret";

    private static string[] SignaturesBy(IWebhookSigner signer, DateTimeOffset at) => signer.HeadersFor("key", at, "{}"u8)[2].Value.Split(' ');

    private static Task<WebAnswer> SendAsync(ConsoleRig rig, HttpMethod method, string path, object? body = null) =>
        SendAsync(rig, method, path, body is null ? null : JsonContent.Create(body));

    private static Task<WebAnswer> SendTextAsync(ConsoleRig rig, HttpMethod method, string path, string body) => SendAsync(rig, method, path, new StringContent(body));

    private static Task<WebAnswer> SendAsync(ConsoleRig rig, HttpMethod method, string path, HttpContent? content) => rig.Browser.SendAsync(new HttpRequestMessage(method, path)
    {
        Content = content,
        Headers = { Authorization = new AuthenticationHeaderValue("Bearer", rig.Services.GetRequiredService<LocalKey>().Text) },
    });
}
