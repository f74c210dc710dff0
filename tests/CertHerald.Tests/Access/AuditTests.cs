using System.Net;
using CertHerald.Access;
using CertHerald.Storage;
using CertHerald.Tests.WebConsole;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Access;

public sealed class AuditTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_change_is_recorded_with_who_made_it_and_what_came_of_it()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string key = (await rig.AskAsync(HttpMethod.Post, "/api/api-keys", new { name = "x", scopes = new[] { "watch" } })).Json.GetProperty("key").GetString()!;
        await rig.AskAsync(HttpMethod.Post, "/api/domains/example.com", key: key);
        await rig.AskAsync(HttpMethod.Delete, "/api/domains/absent.example", key: key);
        await rig.AskAsync(HttpMethod.Put, "/api/users/alice/password", new { password = "four words make one" }, key);
        await rig.AskAsync(HttpMethod.Put, "/api/users/alice/password", new { password = "four words make one" });
        await rig.SignInAsync();
        await rig.AskAsync(HttpMethod.Get, "/api/domains");

        Assert.Equal(
        [
            "local POST /api/api-keys/" + key[..12] + " done",
            $"key {key[..12]} POST /api/domains/example.com done",
            $"key {key[..12]} DELETE /api/domains/absent.example refused 404",
            $"key {key[..12]} PUT /api/users/alice/password refused 403",
            "local PUT /api/users/alice/password done",
            "session POST /console/sign-in done",
        ], (await TrailAsync(rig)).Select(entry => $"{(entry.Who.StartsWith("session ", StringComparison.Ordinal) ? "session" : entry.Who)} {entry.Method} {entry.Resource} {entry.Outcome}"));
        Assert.All(await TrailAsync(rig), entry => Assert.Equal(rig.Time.GetUtcNow(), entry.At));
    }

    [Fact]
    public async Task A_line_names_the_webhook_that_was_added_and_what_was_to_be_replayed()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.AskAsync(HttpMethod.Post, "/api/webhooks", new { name = "pager", url = "https://pager.example.com/canary" });
        await rig.AskAsync(HttpMethod.Post, "/api/deliveries/replay", new { state = "dead", webhook = "pager", from = "2026-01-02T03:04:05+01:00", dry_run = true });
        await rig.AskAsync(HttpMethod.Post, "/api/deliveries/replay", new { ids = new[] { "1", "2" }, as_new = true });
        await rig.AskAsync(HttpMethod.Post, "/api/deliveries/replay", new { ids = Enumerable.Range(1, 1_000).Select(id => $"{id}") });

        AuditEntry[] trail = [.. await TrailAsync(rig)];
        Assert.Equal(
        [
            "POST /api/webhooks/pager done",
            "POST /api/deliveries/replay?dry_run=true&state=dead&webhook=pager&from=2026-01-02T02:04:05.0000000Z done",
            "POST /api/deliveries/replay?as_new=true&ids=1,2 done",
        ], trail.Take(3).Select(entry => $"{entry.Method} {entry.Resource} {entry.Outcome}"));
        Assert.InRange(trail[3].Resource.Length, 300, 301);
    }

    [Fact]
    public async Task A_flood_of_refusals_gets_sixty_lines_a_minute_and_one_that_counts_the_rest()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.AskAsync(HttpMethod.Post, "/api/no/such/address");
        Assert.Empty(await TrailAsync(rig));

        for (int i = 0; i < 65; i++) await rig.AskAsync(HttpMethod.Delete, "/api/domains/absent.example");
        await rig.AskAsync(HttpMethod.Post, "/api/domains/example.com");
        Assert.Equal(61, (await AllAsync()).Count);

        rig.Time.Advance(TimeSpan.FromMinutes(1));
        await rig.AskAsync(HttpMethod.Delete, "/api/domains/absent.example");
        IReadOnlyList<AuditEntry> all = await AllAsync();
        Assert.Equal(63, all.Count);
        Assert.Equal("several any / 5 more were refused", Assert.Single(all.Where(entry => entry.Who == "several").Select(entry => $"{entry.Who} {entry.Method} {entry.Resource} {entry.Outcome}")));

        Task<IReadOnlyList<AuditEntry>> AllAsync() => rig.Store.AuditAsync(null, 100, Cancellation);
    }

    [Fact]
    public async Task A_change_and_its_line_are_one_transaction()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        var note = new AuditNote(rig.Time.GetUtcNow(), "local", "POST", "/api/domains/example.com");
        AuditNote.Current = note;
        await rig.Store.AddItemAsync(new AddedItem("example.com", rig.Time.GetUtcNow()), Cancellation);
        await rig.Store.AddItemAsync(new AddedItem("example.org", rig.Time.GetUtcNow()), Cancellation);
        AuditNote.Current = null;

        Assert.True(note.IsWritten);
        Assert.Single(await TrailAsync(rig));
    }

    [Fact]
    public async Task The_trail_is_only_added_to()
    {
        string folder = Directory.CreateTempSubdirectory("certherald-audit-").FullName;
        try
        {
            using var meter = new System.Diagnostics.Metrics.Meter("audit");
            await using (IStore store = Stores.Open("sqlite", folder, TimeProvider.System, meter))
                await store.AddAuditAsync(new AuditNote(DateTimeOffset.UnixEpoch, "local", "POST", "/x"), "done", Cancellation);

            using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "certherald.db")};Pooling=False");
            connection.Open();
            foreach (string change in (string[])["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"])
            {
                using SqliteCommand command = connection.CreateCommand();
                command.CommandText = change;
                Assert.Contains("only added to", Assert.Throws<SqliteException>(() => { command.ExecuteNonQuery(); }).Message);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_trail_is_read_by_whoever_administers_and_in_pages()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        for (int i = 0; i < 3; i++) await rig.AskAsync(HttpMethod.Post, $"/api/domains/{i}.example.com");
        string reader = (await rig.AskAsync(HttpMethod.Post, "/api/api-keys", new { name = "x", scopes = new[] { "read" } })).Json.GetProperty("key").GetString()!;

        Answer first = await rig.AskAsync(HttpMethod.Get, "/api/audit?limit=3");
        Answer rest = await rig.AskAsync(HttpMethod.Get, $"/api/audit?limit=3&before={first.Json.GetProperty("next").GetString()}");

        Assert.Equal(["/api/domains/2.example.com", "/api/domains/1.example.com"], first.Json.GetProperty("items").EnumerateArray().Skip(1).Select(entry => entry.GetProperty("resource").GetString()!));
        Assert.Equal("/api/domains/0.example.com", Assert.Single(rest.Json.GetProperty("items").EnumerateArray()).GetProperty("resource").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(HttpMethod.Get, "/api/audit", key: reader)).Status);
    }

    [Fact]
    public async Task Foreign_text_in_the_trail_is_shown_and_harmless()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.AskAsync(HttpMethod.Delete, "/api/users/" + Uri.EscapeDataString("<script>alert(1)</script>\u202E"));
        await rig.SignInAsync();

        string page = await rig.PageAsync("/console/audit");

        Assert.Contains("&lt;script&gt;", page);
        Assert.DoesNotContain("<script>", page);
        Assert.Contains("U+202E", WebUtility.HtmlDecode(page));
    }

    [Fact]
    public async Task The_console_makes_and_revokes_keys_and_only_with_its_own_forms()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        string form = ConsoleRig.FormToken(await rig.PageAsync("/console/api-keys"));

        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync("/console/api-keys", ("name", "x"), ("scopes", "read"))).Status);
        Assert.Empty(await rig.Store.ApiKeysAsync(Cancellation));

        Answer made = await rig.Browser.PostAsync("/console/api-keys", ("form_token", form), ("name", "<b>report"), ("scopes", "read"), ("scopes", "replay"), ("expires", "2027-01-31"));
        Assert.Equal(HttpStatusCode.Created, made.Status);
        StoredApiKey kept = Assert.Single(await rig.Store.ApiKeysAsync(Cancellation));
        Assert.Matches($"<pre>{kept.Prefix}_[A-Za-z0-9_-]{{43}}</pre>", made.Text);
        Assert.DoesNotContain($"{kept.Prefix}_", await rig.PageAsync("/console/api-keys"));
        Assert.Equal(("<b>report", "read replay", 2027), (kept.Name, string.Join(' ', kept.Scopes), kept.Expires!.Value.Year));

        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync($"/console/api-keys/{kept.Prefix}/revoke")).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await rig.Browser.PostAsync($"/console/api-keys/{kept.Prefix}/revoke", ("form_token", form))).Status);
        Assert.NotNull(Assert.Single(await rig.Store.ApiKeysAsync(Cancellation)).Revoked);
        // The API itself stays shut to the cookie.
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.Browser.PostAsync("/api/api-keys")).Status);
    }

    private static async Task<IEnumerable<AuditEntry>> TrailAsync(ConsoleRig rig) => (await rig.Store.AuditAsync(null, 100, Cancellation)).Reverse();
}
