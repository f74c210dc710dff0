using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CertHerald.Access;
using CertHerald.Storage;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Access;

public sealed class ApiKeysTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task E14_Rule_11_1_A_key_is_shown_once_and_only_its_hash_is_kept()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Answer made = await rig.AskAsync(HttpMethod.Post, "/api/api-keys", new { name = "report", scopes = new[] { "watch", "read" } });

        Assert.Equal(HttpStatusCode.Created, made.Status);
        string key = made.Json.GetProperty("key").GetString()!, prefix = made.Json.GetProperty("prefix").GetString()!;
        Assert.Matches("^chk_[a-z0-9]{8}_[A-Za-z0-9_-]{43}$", key);
        Assert.Equal(key[..12], prefix);
        Assert.DoesNotContain(key, (await rig.AskAsync(HttpMethod.Get, "/api/api-keys")).Text);
        StoredApiKey kept = (await rig.Store.FindApiKeyAsync(prefix, Cancellation))!;
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(Encoding.ASCII.GetBytes(key)), kept.Hash);
        Assert.Equal(["read", "watch"], kept.Scopes);
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Get, "/api/domains", key: key)).Status);
    }

    [Fact]
    public async Task E14_Rule_11_1_A_key_without_the_scope_is_told_which_it_lacks_and_changes_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string reader = await MakeAsync(rig, "read"), watcher = await MakeAsync(rig, "watch"), admin = await MakeAsync(rig, "admin");

        Answer refused = await rig.AskAsync(HttpMethod.Post, "/api/domains/example.com", key: reader);
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Contains("watch", refused.Json.GetProperty("message").GetString());
        Assert.Empty(await rig.Store.AddedItemsAsync(Cancellation));

        Assert.Equal(HttpStatusCode.Created, (await rig.AskAsync(HttpMethod.Post, "/api/domains/example.com", key: watcher)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(HttpMethod.Get, "/api/domains", key: watcher)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(HttpMethod.Get, "/api/api-keys", key: reader)).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Get, "/api/domains", key: admin)).Status);
        // The console's pages state no scope.
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(HttpMethod.Get, "/console", key: admin)).Status);
    }

    [Fact]
    public async Task E14_Rule_11_1_A_key_ends_when_it_expires_and_when_it_is_revoked()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string lasting = await MakeAsync(rig, "read"), brief = await MakeAsync(rig, "read", rig.Time.GetUtcNow().AddHours(1));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(brief));

        rig.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(brief));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(lasting));

        Answer revoked = await rig.AskAsync(HttpMethod.Delete, $"/api/api-keys/{lasting[..12]}");
        Assert.Equal(("revoked", HttpStatusCode.OK), (revoked.Json.GetProperty("state").GetString()!, revoked.Status));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(lasting));
        Assert.Equal(HttpStatusCode.NotFound, (await rig.AskAsync(HttpMethod.Delete, "/api/api-keys/chk_00000000")).Status);

        async Task<HttpStatusCode> StatusAsync(string key) => (await rig.AskAsync(HttpMethod.Get, "/api/logs", key: key)).Status;
    }

    [Fact]
    public async Task E14_Rule_11_1_Use_is_noted_and_at_most_once_a_minute()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string key = await MakeAsync(rig, "read");
        DateTimeOffset first = rig.Time.GetUtcNow();

        Assert.Null(await LastUsedAsync());
        await rig.AskAsync(HttpMethod.Get, "/api/logs", key: key);
        Assert.Equal(first, await LastUsedAsync());
        rig.Time.Advance(TimeSpan.FromSeconds(59));
        await rig.AskAsync(HttpMethod.Get, "/api/logs", key: key);
        Assert.Equal(first, await LastUsedAsync());
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        await rig.AskAsync(HttpMethod.Get, "/api/logs", key: key);
        Assert.Equal(first.AddMinutes(1), await LastUsedAsync());

        async Task<DateTimeOffset?> LastUsedAsync() => (await rig.Store.FindApiKeyAsync(key[..12], Cancellation))!.LastUsed;
    }

    [Theory]
    [InlineData("chk_abcdefgh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("chk_ABCDEFGH_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("chk_abcdefgh-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("chk_' OR 1=1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("chk_abcdefgh_")]
    [InlineData("")]
    public async Task A_key_nobody_made_opens_nothing(string key)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Assert.Null(await rig.Services.GetRequiredService<ApiKeys>().FindAsync(key, Cancellation));
    }

    [Theory]
    [InlineData("""{ "name": "", "scopes": [ "read" ] }""", "name")]
    [InlineData("""{ "name": "x", "scopes": [] }""", "scopes")]
    [InlineData("""{ "name": "x", "scopes": [ "read", "root" ] }""", "scopes")]
    [InlineData("""{ "name": "x", "scopes": [ "read", null ] }""", "scopes")]
    [InlineData("""{ "name": "x", "scopes": [ "read" ], "expires": "2020-01-01T00:00:00Z" }""", "expires")]
    [InlineData("\"x\"", "JSON")]
    [InlineData("""{ "name": 7 }""", "see line 1, byte ")]
    public async Task A_key_that_cannot_be_made_is_refused_with_the_reason(string body, string named)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Answer answer = await rig.AskAsync(HttpMethod.Post, "/api/api-keys", JsonNode.Parse(body));

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(named, answer.Json.GetProperty("message").GetString());
        Assert.Empty(await rig.Store.ApiKeysAsync(Cancellation));
    }

    [Fact]
    public async Task E14_Rule_11_2_Wrong_keys_and_failed_sign_ins_of_an_address_count_together()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string key = await MakeAsync(rig, "read"), page = await rig.PageAsync("/console/login");
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await rig.AskAsync(HttpMethod.Get, "/api/logs", key: key[..^1] + (key[^1] == 'A' ? 'E' : 'A'))).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Browser.PostAsync("/console/sign-in", ("form_token", ConsoleRig.FormToken(page)), ("token", "x"))).Status);
        }

        Answer blocked = await rig.AskAsync(HttpMethod.Get, "/api/logs", key: "wrong");
        Assert.Equal(HttpStatusCode.TooManyRequests, blocked.Status);
        Assert.NotNull(blocked.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await rig.UseLinkAsync(rig.Links.Create())).Status);

        rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Get, "/api/logs", key: key)).Status);
    }

    [Theory]
    [InlineData("127.0.0.0/8", "198.51.100.7", "198.51.100.8", false)]
    [InlineData("127.0.0.0/8", "198.51.100.7", "198.51.100.7", true)]
    // What a caller writes into the header itself stands on the left and counts for nothing.
    [InlineData("127.0.0.0/8", "203.0.113.1, 198.51.100.7", "203.0.113.2, 198.51.100.7", true)]
    [InlineData("127.0.0.0/8", "2001:db8:1:2::1", "2001:db8:1:2::2", true)]
    // Without a proxy that is trusted, and from one that is not, the header is anybody's claim.
    [InlineData("", "198.51.100.7", "198.51.100.8", true)]
    [InlineData("192.0.2.0/24", "198.51.100.7", "198.51.100.8", true)]
    public async Task E14_Rule_11_2_Behind_a_trusted_proxy_and_only_there_each_caller_counts_apart(string trusted, string failing, string other, bool blocked)
    {
        await using ConsoleRig rig = trusted.Length == 0 ? await ConsoleRig.StartAsync() : await ConsoleRig.StartAsync(trustedProxies: trusted);
        for (int i = 0; i < 10; i++) await rig.AskAsync(HttpMethod.Get, "/api/logs", key: "wrong", forwardedFor: failing);

        Answer answer = await rig.AskAsync(HttpMethod.Get, "/api/logs", key: "wrong", forwardedFor: other);

        Assert.Equal(blocked ? HttpStatusCode.TooManyRequests : HttpStatusCode.Unauthorized, answer.Status);
    }

    [Theory]
    [InlineData("127.0.0.0/8", true)]
    [InlineData("", false)]
    public async Task E14_Rule_11_3_Behind_a_trusted_proxy_that_speaks_HTTPS_cookies_are_marked_secure(string trusted, bool secure)
    {
        await using ConsoleRig rig = trusted.Length == 0 ? await ConsoleRig.StartAsync() : await ConsoleRig.StartAsync(trustedProxies: trusted);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/console/login");
        request.Headers.Add("X-Forwarded-Proto", "https");

        string cookie = Assert.Single((await rig.Browser.SendAsync(request)).SetCookies);

        Assert.Equal(secure, cookie.Contains("; secure", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_password_that_a_proxy_asks_for_is_no_failed_key_and_hides_no_session()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        for (int i = 0; i < 12; i++)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/console");
            request.Headers.Authorization = new("Basic", "YTpi");
            Assert.Equal(HttpStatusCode.OK, (await rig.Browser.SendAsync(request)).Status);
        }
    }

    private static async Task<string> MakeAsync(ConsoleRig rig, string scope, DateTimeOffset? expires = null) =>
        (await rig.AskAsync(HttpMethod.Post, "/api/api-keys", new { name = scope, scopes = new[] { scope }, expires })).Json.GetProperty("key").GetString()!;
}
