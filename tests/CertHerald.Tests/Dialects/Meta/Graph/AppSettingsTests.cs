using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using WebAnswer = CertHerald.Tests.WebConsole.Answer;

namespace CertHerald.Tests.Dialects.Meta.Graph;

/// <summary>meta.md §7.5 and §7.7: what whoever runs the service sets for an app, and what that changes for nobody else.</summary>
public sealed class AppSettingsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Unknown_only_and_a_silent_baseline_are_in_force_at_once_and_after_a_restart_and_of_one_app_only()
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        (string other, string token) = await rig.AddAppAsync();
        await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=example.com");
        foreach ((string id, string with) in ((string, string)[])[(rig.Id, ""), (other, $"&access_token={Uri.EscapeDataString(token)}")])
            Assert.Equal(200, (await rig.PostAsync($"/{id}/subscriptions?object=certificate_transparency&callback_url={Uri.EscapeDataString(receiver.Url.ToString())}&fields=certificate,phishing{with}")).Status);
        MatchFinding older = new(default, default, rig.Console.Time.GetUtcNow().AddDays(-1), Some.Facts("www.example.com"), [new Match(new Identifier(IdentifierKind.Dns, "www.example.com"), ".example.com")], null);
        Assert.True(WebhookOf(rig).Only!.Concerns(older));

        WebAnswer answer = await PatchAsync(rig, new { unknown_only = true, silent_baseline = true });

        Assert.Equal((true, true), (answer.Json.GetProperty("unknown_only").GetBoolean(), answer.Json.GetProperty("silent_baseline").GetBoolean()));
        Assert.All(
            (JsonElement[])[answer.Json, answer.Json.GetProperty("callbacks")[0]],
            shown => Assert.Equal([EventKinds.Certificate, EventKinds.Lookalike], shown.GetProperty("events").EnumerateArray().Select(kind => kind.GetString())));
        await rig.Apps.RefreshAsync(Cancellation);
        Assert.Equal([EventKinds.UnknownCertificate, EventKinds.Lookalike], WebhookOf(rig).Events);
        Assert.False(WebhookOf(rig).Only!.Concerns(older));
        Assert.True(WebhookOf(rig).Only!.Concerns(older with { Logged = rig.Console.Time.GetUtcNow() }));
        Assert.NotNull(WebhookOf(rig).ProtectedSince);
        // Its owner sees what he subscribed to, and subscribes anew without losing the choice.
        Assert.Equal(["certificate", "phishing"], (await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.GetProperty("data")[0].GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("name").GetString()));
        await rig.DeleteAsync($"/{rig.Id}/subscriptions?fields=phishing");
        Assert.Equal([EventKinds.UnknownCertificate], WebhookOf(rig).Events);
        WebhookOptions others = rig.Console.Webhooks.OfApps.Single(one => one.Name == $"app:{other}");
        Assert.Equal([EventKinds.Certificate, EventKinds.Lookalike], others.Events);
        Assert.Null(others.ProtectedSince);

        await PatchAsync(rig, new { unknown_only = false, silent_baseline = false });
        Assert.Equal([EventKinds.Certificate], WebhookOf(rig).Events);
        Assert.True(WebhookOf(rig).Only!.Concerns(older));
    }

    [Fact]
    public async Task M21_a_threshold_and_an_allow_list_change_what_one_app_hears_and_nothing_that_another_or_the_operator_does()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        (string other, string token) = await rig.AddAppAsync();
        Assert.Equal(HttpStatusCode.Created, (await rig.Console.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/facebook.com")).Status);
        await rig.PostAsync($"/{rig.Id}/subscribed_domains_phishing?subscribe=facebook.com");
        await rig.PostAsync($"/{other}/subscribed_domains_phishing?subscribe=facebook.com&access_token={Uri.EscapeDataString(token)}");
        string[] everybody = ["", $"app:{other}", $"app:{rig.Id}"];
        string[] others = ["", $"app:{other}"];
        Assert.Equal(everybody.Order(StringComparer.Ordinal), OwnersOf(rig, "facebook.com.evil.com"));

        WebAnswer set = await rig.Console.AskAsync(HttpMethod.Put, $"/api/apps/{rig.Id}/lookalikes/facebook.com", new { threshold = 100, allow = (string[])["fan.facebook-club.com"] });

        Assert.Equal(HttpStatusCode.OK, set.Status);
        JsonElement domain = Assert.Single(set.Json.GetProperty("lookalikes").EnumerateArray());
        Assert.Equal(("facebook.com", 100, "fan.facebook-club.com"), (domain.GetProperty("domain").GetString(), domain.GetProperty("threshold").GetInt32(), domain.GetProperty("allow")[0].GetString()));
        Assert.Equal(others, OwnersOf(rig, "facebook.com.evil.com"));
        // Subscribed to again, it keeps its settings; they are there after a restart.
        await rig.PostAsync($"/{rig.Id}/subscribed_domains_phishing?subscribe=facebook.com,example.com");
        StoredProtectedDomain stored = (await rig.Console.Store.ProtectedDomainsAsync($"app:{rig.Id}", Cancellation)).Single(one => one.Domain.Name == "facebook.com");
        Assert.Equal(100, stored.Domain.Threshold);

        // The usual threshold again, and a name that is allowed for the whole app.
        await rig.Console.AskAsync(HttpMethod.Put, $"/api/apps/{rig.Id}/lookalikes/facebook.com");
        Assert.Equal(everybody.Order(StringComparer.Ordinal), OwnersOf(rig, "facebook.com.evil.com"));
        WebAnswer allowed = await PatchAsync(rig, new { allow = (string[])["evil.com", "EVIL.com", "other.test"] });
        Assert.Equal(["evil.com", "other.test"], allowed.Json.GetProperty("allow").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(others, OwnersOf(rig, "facebook.com.evil.com"));
        await rig.Apps.RefreshAsync(Cancellation);
        Assert.Equal(others, OwnersOf(rig, "facebook.com.evil.com"));
        await PatchAsync(rig, new { allow = Array.Empty<string>() });
        Assert.Equal(everybody.Order(StringComparer.Ordinal), OwnersOf(rig, "facebook.com.evil.com"));

        // What one app protects can be taken from it alone.
        Assert.Equal(HttpStatusCode.OK, (await rig.Console.AskAsync(HttpMethod.Delete, $"/api/apps/{rig.Id}/lookalikes/facebook.com")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Console.AskAsync(HttpMethod.Delete, $"/api/apps/{rig.Id}/lookalikes/facebook.com")).Status);
        Assert.Equal(others, OwnersOf(rig, "facebook.com.evil.com"));
        Assert.Equal(["example.com"], await rig.DomainsAsync("subscribed_domains_phishing"));
        Assert.Contains(await rig.Console.Store.AuditAsync(null, 20, Cancellation), line => line.Resource == $"/api/apps/{rig.Id}/lookalikes/facebook.com" && line.Method == "PUT" && line.Outcome == "done");
    }

    [Fact]
    public async Task Each_callback_is_asked_first_and_told_by_itself_and_the_apps_owner_sees_and_changes_the_first_alone()
    {
        await using Receiver first = Echoing(), second = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        await rig.PostAsync($"/{rig.Id}/subscriptions?object=certificate_transparency&callback_url={Uri.EscapeDataString(first.Url.ToString())}&fields=certificate");

        WebAnswer added = await PutAsync(rig, "backup", new { url = second.Url + "?canary", events = (string[])["lookalike", "certificate"], verify_token = "meatyhamhock" });

        Assert.Equal(HttpStatusCode.Created, added.Status);
        Assert.Contains("hub.verify_token=meatyhamhock", Assert.Single(second.Requests).RequestLine, StringComparison.Ordinal);
        Assert.Equal([$"app:{rig.Id}", $"app:{rig.Id}:backup"], rig.Console.Webhooks.OfApps.Select(one => one.Name));
        Assert.Equal(["first", "backup"], added.Json.GetProperty("callbacks").EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        Assert.DoesNotContain("canary", added.Text, StringComparison.Ordinal);
        Assert.Equal(first.Url.ToString(), Assert.Single((await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.GetProperty("data").EnumerateArray()).GetProperty("callback_url").GetString());
        WebAnswer list = await rig.Console.AskAsync(HttpMethod.Get, "/api/webhooks");
        Assert.All(list.Json.EnumerateArray().Where(one => one.GetProperty("name").GetString()!.StartsWith("app:", StringComparison.Ordinal)), one => Assert.Equal(rig.Id, one.GetProperty("app").GetString()));

        // n8n takes its subscription away and makes it anew: the others stay.
        await rig.DeleteAsync($"/{rig.Id}/subscriptions");
        Assert.Equal([$"app:{rig.Id}:backup"], rig.Console.Webhooks.OfApps.Select(one => one.Name));
        Assert.Equal("""{"data":[]}""", (await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.ToString());
        await rig.Apps.RefreshAsync(Cancellation);
        WebhookOptions backup = Assert.Single(rig.Console.Webhooks.OfApps);
        Assert.Equal((second.Url + "?canary", "meta", rig.App.Owner), (backup.Url.ToString(), backup.Dialect, backup.Owner));
        Assert.Equal([EventKinds.Certificate, EventKinds.Lookalike], backup.Events);

        // Another path of the same host keeps user name and password.
        string host = second.Url.Authority;
        await PutAsync(rig, "backup", new { url = $"http://u:p@{host}/a" });
        await PutAsync(rig, "backup", new { url = $"http://{host}/b" });
        Assert.Equal(("/b", ("u", "p")), (rig.Console.Webhooks.OfApps[0].Url.AbsolutePath, rig.Console.Webhooks.OfApps[0].Credentials!.Value));

        // What is not named stays; a receiver that does not confirm changes nothing.
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(rig, "backup", new { include_values = false })).Status);
        Assert.False(Assert.Single(rig.Console.Webhooks.OfApps).IncludeValues);
        second.Default = Receiver.Answer(200, "nonsense");
        WebAnswer refused = await PutAsync(rig, "backup", new { include_values = true });
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("did not confirm", refused.Text, StringComparison.Ordinal);
        Assert.False(Assert.Single(rig.Console.Webhooks.OfApps).IncludeValues);

        Assert.Equal(HttpStatusCode.OK, (await rig.Console.AskAsync(HttpMethod.Delete, $"/api/apps/{rig.Id}/callbacks/backup")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Console.AskAsync(HttpMethod.Delete, $"/api/apps/{rig.Id}/callbacks/backup")).Status);
        Assert.Empty(rig.Console.Webhooks.OfApps);
    }

    [Fact]
    public async Task A_client_certificate_is_kept_encrypted_shown_by_what_may_be_seen_and_lost_with_the_host()
    {
        await using Receiver receiver = Echoing(), elsewhere = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        using X509Certificate2 client = MadeCertificate.For("certherald");
        string key = WebhookTlsTests.KeyOf(client);

        WebAnswer set = await PutAsync(rig, "first", new { url = receiver.Url, client_certificate = client.ExportCertificatePem(), client_key = key, ca = client.ExportCertificatePem() });

        Assert.Equal(HttpStatusCode.Created, set.Status);
        JsonElement callback = Assert.Single(set.Json.GetProperty("callbacks").EnumerateArray()), certificate = callback.GetProperty("client_certificate");
        Assert.Equal(("CN=certherald", WebhookTlsTests.Sha256Of(client), true), (certificate.GetProperty("subject").GetString(), certificate.GetProperty("sha256").GetString(), callback.GetProperty("private_ca").GetBoolean()));
        WebAnswer list = await rig.Console.AskAsync(HttpMethod.Get, "/api/apps"), webhooks = await rig.Console.AskAsync(HttpMethod.Get, "/api/webhooks");
        Assert.All([set.Text, list.Text, webhooks.Text], text => Assert.DoesNotContain("PRIVATE", text, StringComparison.Ordinal));
        Assert.Contains(WebhookTlsTests.Sha256Of(client), webhooks.Text, StringComparison.Ordinal);
        await rig.Console.SignInAsync();
        Assert.Contains("CN=certherald", await rig.Console.PageAsync("/console/webhooks"), StringComparison.Ordinal);
        await rig.Apps.RefreshAsync(Cancellation);
        Assert.Equal(WebhookTlsTests.Sha256Of(client), WebhookOf(rig).Tls!.Certificate!.Sha256);

        // The owner's own subscription at the same host keeps it; another host gets none.
        string subscribe = $"/{rig.Id}/subscriptions?object=certificate_transparency&fields=certificate&callback_url=";
        await rig.PostAsync(subscribe + Uri.EscapeDataString(receiver.Url + "?x=1"));
        Assert.NotNull(WebhookOf(rig).Tls);
        // So does one that is taken away first, as n8n does.
        await PutAsync(rig, "first", new { signed = true });
        await rig.DeleteAsync($"/{rig.Id}/subscriptions");
        await rig.Apps.RefreshAsync(Cancellation);
        Assert.Empty(rig.Console.Webhooks.OfApps);
        Assert.Equal("""{"data":[]}""", (await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.ToString());
        Assert.Empty((await rig.Console.AskAsync(HttpMethod.Get, "/api/apps")).Json[0].GetProperty("callbacks").EnumerateArray());
        Assert.Contains(" is missing: write https:", (await PutAsync(rig, "first", new { include_values = true })).Text, StringComparison.Ordinal);
        await rig.PostAsync(subscribe + Uri.EscapeDataString(receiver.Url + "?x=2"));
        Assert.Equal(WebhookTlsTests.Sha256Of(client), WebhookOf(rig).Tls!.Certificate!.Sha256);
        Assert.Single(rig.Apps.Find(rig.App.Stored.Id)!.Stored.Subscription!.Secrets);
        await rig.DeleteAsync($"/{rig.Id}/subscriptions");
        await rig.PostAsync(subscribe + Uri.EscapeDataString(elsewhere.Url.ToString()));
        Assert.Equal((null, 0), (WebhookOf(rig).Tls, rig.Apps.Find(rig.App.Stored.Id)!.Stored.Subscription!.Secrets.Count));
    }

    [Fact]
    public async Task Rule_8_1_a_callback_is_signed_as_Standard_Webhooks_says_too_if_that_is_asked_for_and_its_secret_can_be_changed()
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        await PutAsync(rig, "first", new { url = receiver.Url });
        Assert.Equal(["X-Hub-Signature", "X-Hub-Signature-256"], HeadersOf(rig));

        WebAnswer signed = await PutAsync(rig, "first", new { signed = true });

        string secret = Assert.Single(signed.Json.GetProperty("callbacks").EnumerateArray()).GetProperty("secret").GetString()!;
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        Assert.Equal(["X-Hub-Signature", "X-Hub-Signature-256", "webhook-id", "webhook-timestamp", "webhook-signature"], HeadersOf(rig));
        WebAnswer list = await rig.Console.AskAsync(HttpMethod.Get, "/api/apps");
        Assert.DoesNotContain("whsec_", list.Text, StringComparison.Ordinal);
        Assert.True(list.Json[0].GetProperty("callbacks")[0].GetProperty("signed").GetBoolean());

        WebAnswer rotated = await rig.Console.AskAsync(HttpMethod.Post, $"/api/apps/{rig.Id}/callbacks/first/rotate-secret", new { overlap_hours = 1 });
        string latest = rotated.Json.GetProperty("callbacks")[0].GetProperty("secret").GetString()!;
        Assert.NotEqual(secret, latest);
        Assert.Equal([(latest, null), (secret, rig.Console.Time.GetUtcNow().AddHours(1))], (await rig.Console.Store.AppsAsync(Cancellation))[0].Subscription!.Secrets.Select(one => (one.Text, one.Until)));
        await rig.Apps.RefreshAsync(Cancellation);
        Assert.Equal(5, HeadersOf(rig).Length);

        // Its owner's own subscription keeps it at the same host; none is left when it is declined.
        await rig.PostAsync($"/{rig.Id}/subscriptions?object=certificate_transparency&fields=certificate&callback_url=" + Uri.EscapeDataString(receiver.Url + "?x=1"));
        Assert.Equal(5, HeadersOf(rig).Length);
        await PutAsync(rig, "first", new { signed = false });
        Assert.Equal(2, HeadersOf(rig).Length);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Console.AskAsync(HttpMethod.Post, $"/api/apps/{rig.Id}/callbacks/none/rotate-secret")).Status);

        static string[] HeadersOf(GraphRig rig) => [.. WebhookOf(rig).Signer!.HeadersFor("key", rig.Console.Time.GetUtcNow(), "{}"u8).Select(header => header.Name)];
    }

    [Fact]
    public async Task A_callback_that_was_changed_while_its_receiver_was_asked_is_not_written_back()
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        await PutAsync(rig, "first", new { url = receiver.Url, signed = true });
        StoredApp known = Assert.Single(await rig.Console.Store.AppsAsync(Cancellation));
        IReadOnlyList<StoredSecret> rotated = [new StoredSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Until: null)];
        Assert.True(await rig.Console.Store.ReplaceAppAsync(known with { Subscription = known.Subscription! with { Secrets = rotated } }, Cancellation));

        WebAnswer late = await PutAsync(rig, "first", new { include_values = false });

        Assert.Equal(HttpStatusCode.BadRequest, late.Status);
        Assert.Contains("changed meanwhile", late.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(rig, "first", new { include_values = false })).Status);
        AppSubscription now = (await rig.Console.Store.AppsAsync(Cancellation))[0].Subscription!;
        Assert.Equal((false, rotated[0]), (now.IncludeValues, Assert.Single(now.Secrets)));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_and_changes_nothing()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        foreach ((string says, HttpMethod method, string path, object body) in ((string, HttpMethod, string, object)[])
        [
            ("\"max_batch_bytes\" is a number from 10,000 to 5,000,000", HttpMethod.Patch, "", new { max_batch_bytes = 9_999 }),
            ("is no domain", HttpMethod.Patch, "", new { allow = (string[])["a..b"] }),
            ("docs/api.md", HttpMethod.Patch, "", new { canary = 1 }),
            ("A threshold is 1 to 100", HttpMethod.Put, "/lookalikes/example.com", new { threshold = 0 }),
            ("\"url\" is missing", HttpMethod.Put, "/callbacks/backup", new { verify_token = "t" }),
            ("\"events\" of an app are: certificate, lookalike", HttpMethod.Put, "/callbacks/backup", new { url = "https://h.example/", events = (string[])["operator"] }),
            ("\"secret\" is no secret of Standard Webhooks", HttpMethod.Put, "/callbacks/backup", new { url = "https://h.example/", secret = "short" }),
            ("A callback's name is", HttpMethod.Put, "/callbacks/a%3Ab", new { url = "https://h.example/" }),
            ("\"client_key\" is missing", HttpMethod.Put, "/callbacks/backup", new { url = "https://h.example/", client_certificate = MadeCertificate.For("x").ExportCertificatePem() }),
            ("did not confirm", HttpMethod.Put, "/callbacks/backup", new { url = "https://10.0.0.1/" }),
        ])
        {
            WebAnswer answer = await rig.Console.AskAsync(method, $"/api/apps/{rig.Id}{path}", body);
            Assert.True(answer.Status == HttpStatusCode.BadRequest && answer.Json.GetProperty("message").GetString()!.Contains(says, StringComparison.Ordinal), $"{says}: {answer.Text}");
        }
        Assert.Empty(rig.Console.Webhooks.OfApps);
        foreach (string path in (string[])["/lookalikes/example.com", "/callbacks/backup"])
            Assert.Equal(HttpStatusCode.NotFound, (await rig.Console.AskAsync(HttpMethod.Put, $"/api/apps/8{path}", new { })).Status);
    }

    private static WebhookOptions WebhookOf(GraphRig rig) => rig.Console.Webhooks.OfApps.Single(one => one.Name == $"app:{rig.Id}");

    /// <summary>Whose protection a name offends.</summary>
    private static string[] OwnersOf(GraphRig rig, string name) =>
        [.. rig.Console.Protected.Now.Judge([new Identifier(IdentifierKind.Dns, name)], WatchList.Empty).Select(match => match.Owner).Distinct().Order(StringComparer.Ordinal)];

    private static Task<WebAnswer> PatchAsync(GraphRig rig, object body) => rig.Console.AskAsync(HttpMethod.Patch, $"/api/apps/{rig.Id}", body);

    private static Task<WebAnswer> PutAsync(GraphRig rig, string callback, object body) => rig.Console.AskAsync(HttpMethod.Put, $"/api/apps/{rig.Id}/callbacks/{callback}", body);

    private static Receiver Echoing()
    {
        Receiver receiver = Receiver.Start();
        WebhookHandshakeTests.Challenged(receiver, challenge => Receiver.Answer(200, challenge));
        return receiver;
    }
}
