using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Delivering.Signing;
using CertHerald.Storage;
using CertHerald.Storage.Secrets;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.EndToEnd;

/// <summary>Webhooks' secrets in the running program: where they go, and where they never appear.</summary>
[Collection(ProgramTests.Name)]
public sealed class WebhookSecretsTests
{
    private const string Header = "canary-header-value";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rule_8_5_Rule_10_2_T8_T25_secrets_of_every_kind_reach_their_receiver_and_appear_nowhere_else()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Receiver failing = Receiver.Start();
        failing.Default = EchoOf(failing);
        SigningSecret configured = SigningSecret.New(), added = SigningSecret.New();

        // One that works, one that refuses, one that is not there, one that the guard refuses, one without TLS.
        string[] places = [rig.Receiver.Url.Authority, failing.Url.Authority, $"127.0.0.1:{FreePorts.Next()}", "10.1.2.3"];
        JsonArray webhooks = [];
        foreach ((string place, int i) in places.Select((place, i) => (place, i)))
        {
            JsonObject webhook = ServiceRig.Webhook($"configured{i}", UrlAt("http", place));
            webhook["secret"] = configured.Text;
            webhook["headers"] = new JsonObject { ["X-Token"] = Header };
            webhooks.Add(webhook);
        }
        webhooks.Add(ServiceRig.Webhook("plain", UrlAt("https", rig.Receiver.Url.Authority)));
        rig.Configuration["webhooks"] = webhooks;

        var seen = new List<(string Where, string Text)>();
        await using (Certherald first = await rig.RunReadyAsync())
        {
            using HttpClient api = ApiOf(rig);
            foreach ((string place, int i) in places.Select((place, i) => (place, i)))
                seen.Add(("POST", await TextAsync(api.PostAsJsonAsync("/api/webhooks", new
                {
                    name = $"added{i}",
                    url = UrlAt("http", place),
                    secret = added.Text,
                    headers = new Dictionary<string, string> { ["X-Token"] = Header },
                }, Cancellation), HttpStatusCode.Created)));
            seen.Add(("mistaken POST", await TextAsync(api.PostAsJsonAsync("/api/webhooks", new { name = "bad", url = "ftp://canary-user:canary-password@h/canary-path" }, Cancellation), HttpStatusCode.BadRequest)));
            seen.Add(("mistaken PATCH", await TextAsync(api.PatchAsJsonAsync("/api/webhooks/added0", new { headers = new Dictionary<string, string> { ["Host"] = Header } }, Cancellation), HttpStatusCode.BadRequest)));
            seen.Add(("PATCH", await TextAsync(api.PatchAsJsonAsync("/api/webhooks/added0", new { rate = 20 }, Cancellation), HttpStatusCode.OK)));
            Assert.Equal(143, await first.StopAsync());
            seen.AddRange(first.Errors.Select(line => ("log", line)));
        }

        await using Certherald program = await rig.RunReadyAsync();
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
        foreach (string name in webhooks.Select(webhook => webhook!["name"]!.GetValue<string>()).Concat(places.Select((_, i) => $"added{i}")))
            await program.ErrorLineAsync(line => line.Contains($"Webhook {name} ", StringComparison.Ordinal));

        // What the receiver got is right...
        Received[] requests = [.. rig.Receiver.Requests.Where(request => request.Headers["webhook-id"].Any())];
        Assert.Equal(2, requests.Length);
        Assert.All(requests, request =>
        {
            Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("canary-user:canary-p@ss")), request.Headers["Authorization"].Single());
            Assert.Equal(Header, request.Headers["X-Token"].Single());
            Assert.Equal("POST /canary-path?canary-query=1 HTTP/1.1", request.RequestLine);
        });
        Assert.Equal([true, true], new[] { configured, added }.Select(secret => requests.Any(request => IsSignedBy(secret, request))));

        // ... and nobody else sees any of it.
        using (HttpClient api = ApiOf(rig))
        {
            string[] ids = [.. (await api.GetFromJsonAsync<JsonElement>("/api/deliveries", Cancellation)).GetProperty("items").EnumerateArray().Select(one => one.GetProperty("id").GetString()!)];
            Assert.Equal(9, ids.Length);
            foreach (string path in (string[])["/api/webhooks", "/api/webhooks/added0", "/api/deliveries", .. ids.Select(id => $"/api/deliveries/{id}"), "/api/issuances", "/api/logs", "/readyz", "/metrics"])
                seen.Add((path, await TextAsync(api.GetAsync(path, Cancellation))));
        }
        using (var browser = new Browser(new Uri(rig.Address), new CookieContainer()))
        {
            string link = (await Certherald.RunAsync("sign-in-link", "--config", rig.WriteConfiguration())).With(0).Output.Trim();
            Assert.Equal(HttpStatusCode.SeeOther, (await browser.PostAsync("/console/sign-in", ("form_token", ConsoleRig.FormToken((await browser.GetAsync(link)).Text)), ("token", link))).Status);
            foreach (string path in (string[])["/console", "/console/webhooks", "/console/deliveries", "/console/deliveries/1", "/console/deliveries/2", "/console/deliveries/5", "/console/logs"])
            {
                Answer page = await browser.GetAsync(path);
                Assert.Equal(HttpStatusCode.OK, page.Status);
                seen.Add((path, WebUtility.HtmlDecode(page.Text)));
            }
        }
        foreach (string[] command in (string[][])[["webhooks", "list"], ["webhooks", "list", "--json"], ["check-config"], ["logs"]])
        {
            Ended ended = (await Certherald.RunAsync([.. command, "--config", rig.WriteConfiguration()])).With(0);
            seen.Add((string.Join(' ', command), ended.Output + ended.Errors));
        }
        seen.AddRange(DataFiles(rig));
        Assert.Equal(143, await program.StopAsync());
        seen.AddRange(program.Errors.Select(line => ("log", line)));
        seen.AddRange(DataFiles(rig));

        string[] canaries = ["canary", configured.Text["whsec_".Length..], added.Text["whsec_".Length..], Convert.ToBase64String("canary-user:canary-p@ss"u8)];
        // What they printed is there, without the secrets.
        Assert.Contains(seen, one => one.Text.Contains("I do not know you, [secret]!", StringComparison.Ordinal));
        Assert.Contains(seen, one => one.Where.EndsWith("certherald.db", StringComparison.Ordinal) && one.Text.Contains("www.example.com", StringComparison.Ordinal));
        Assert.Empty(from one in seen from canary in canaries where one.Text.Contains(canary, StringComparison.OrdinalIgnoreCase) select $"{one.Where}: {canary}");
    }

    /// <summary>Prints the request that it does not understand, as many receivers do, and whom it took the caller for.</summary>
    private static Receiver.Behaviour EchoOf(Receiver receiver) => (connection, stopping) =>
    {
        Received last = receiver.Requests[^1];
        IEnumerable<string> headers = last.Headers.SelectMany(header => header.Select(value => $"{header.Key}: {value}"));
        return Receiver.Answer(500, $"I do not know you, canary-user:canary-p@ss!\n{last.RequestLine}\n{string.Join('\n', headers)}\nThe end.")(connection, stopping);
    };

    [Fact]
    public async Task A_webhook_is_administered_by_commands_and_its_secret_printed_once()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Certherald program = await rig.RunReadyAsync();
        string config = rig.WriteConfiguration();
        string[] service = ["--config", config];

        var environment = new Dictionary<string, string> { ["HOOK"] = rig.Receiver.Url.ToString(), ["TOKEN"] = "Bearer abc" };
        Ended added = (await Certherald.RunAsync(["webhooks", "add", "pager", "--url", "env:HOOK", "--signed", "--header", "Authorization: env:TOKEN", "--event", "unknown_certificate", "--rate", "20", .. service], null, environment)).With(0);
        Assert.Equal("pager was added", added.Lines[0]);
        Assert.Matches("^secret: whsec_[A-Za-z0-9+/]{43}=   \\(it is not shown again\\)$", added.Lines[1]);

        Ended list = (await Certherald.RunAsync(["webhooks", "list", .. service])).With(0);
        Assert.Contains("pager", list.Output, StringComparison.Ordinal);
        Assert.Contains(", signed; added ", list.Output, StringComparison.Ordinal);
        Assert.Contains("siem", list.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("whsec_", list.Output, StringComparison.Ordinal);

        Assert.Contains("whsec_", (await Certherald.RunAsync(["webhooks", "rotate-secret", "pager", "--overlap", "48h", .. service])).With(0).Output, StringComparison.Ordinal);
        Assert.Contains("whsec_", (await Certherald.RunAsync(["webhooks", "rotate-secret", "pager", "--overlap", "0s", .. service])).With(0).Output, StringComparison.Ordinal);
        Ended moved = (await Certherald.RunAsync(["webhooks", "change", "pager", "--url", "https://other.example/", .. service])).With(0);
        Assert.Contains("the headers, the signing secret", moved.Errors, StringComparison.Ordinal);
        Assert.Contains("change it there", (await Certherald.RunAsync(["webhooks", "remove", "siem", .. service])).With(1).Errors, StringComparison.Ordinal);
        Assert.Contains("NOT_SET", (await Certherald.RunAsync(["webhooks", "add", "other", "--url", "env:NOT_SET", .. service])).With(2).Errors, StringComparison.Ordinal);
        (await Certherald.RunAsync(["webhooks", "remove", "pager", .. service])).With(0);
        Assert.DoesNotContain("pager", (await Certherald.RunAsync(["webhooks", "list", .. service])).With(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task E11_Rule_8_4_the_key_changes_while_the_service_runs_and_while_it_does_not()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await FillAsync(rig, 20);
        string[] service = ["--config", rig.WriteConfiguration()];
        string before = KeyFile(rig);

        await using (Certherald program = await rig.RunReadyAsync())
        {
            Assert.Contains("60 secrets were encrypted anew; the old keys stay", (await Certherald.RunAsync(["rekey", .. service])).With(0).Output, StringComparison.Ordinal);
            Assert.Equal(2, KeyFile(rig).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            Assert.Contains("1 old keys were forgotten", (await Certherald.RunAsync(["rekey", "--drop-old", .. service])).With(0).Output, StringComparison.Ordinal);
            Assert.Equal(143, await program.StopAsync());
        }
        string middle = KeyFile(rig);
        Assert.Contains("60 secrets were encrypted anew; 1 old keys were forgotten", (await Certherald.RunAsync(["rekey", "--drop-old", .. service])).With(0).Output, StringComparison.Ordinal);

        Assert.Equal(3, new[] { before, middle, KeyFile(rig) }.Distinct().Count());
        Assert.Single(KeyFile(rig).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await using Certherald again = await rig.RunReadyAsync();
        Assert.Equal(20, await AddedAsync(rig));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task T27_killed_while_the_key_changes_everything_stays_readable_and_the_next_start_ends_it(bool running)
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await FillAsync(rig, 300);
        string[] service = ["--config", rig.WriteConfiguration()];
        Certherald? program = running ? await rig.RunReadyAsync() : null;
        try
        {
            await using Certherald rekey = Certherald.Start(["rekey", .. service]);
            await Eventually.HappensAsync(() => KeyFile(rig).Count(c => c == '\n') == 2);
            await (program ?? rekey).KillAsync();
        }
        finally
        {
            if (program is not null) await program.DisposeAsync();
        }

        await using Certherald again = await rig.RunReadyAsync();
        Assert.Equal(300, await AddedAsync(rig));
        // The start has ended it: nothing needs the old key.
        Assert.Contains("; 0 secrets were encrypted anew; 1 old keys were forgotten", (await Certherald.RunAsync(["rekey", "--drop-old", .. service])).With(0).Output, StringComparison.Ordinal);
        Assert.Equal(143, await again.StopAsync());
        await using Certherald last = await rig.RunReadyAsync();
        Assert.Equal(300, await AddedAsync(rig));
    }

    [Fact]
    public async Task E11_Rule_8_3_without_its_key_or_with_one_that_all_can_read_the_service_ends_with_2_and_a_remedy()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await FillAsync(rig, 1);
        string key = Path.Combine(rig.Data, "secrets.key"), config = rig.WriteConfiguration();

        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Ended open = (await Certherald.RunAsync("run", "--config", config)).With(2);
        Assert.Contains($"chmod 600 {key}", open.Errors, StringComparison.Ordinal);

        File.Delete(key);
        Ended lost = (await Certherald.RunAsync("run", "--config", config)).With(2);
        Assert.Contains("restore the file from a backup", lost.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", open.Errors + lost.Errors, StringComparison.Ordinal);

        Ended forgotten = (await Certherald.RunAsync("rekey", "--forget-lost", "--config", config)).With(0);
        Assert.Contains("webhook hook0 was removed", forgotten.Errors, StringComparison.Ordinal);
        await using Certherald again = await rig.RunReadyAsync();
        Assert.Equal(0, await AddedAsync(rig));
    }

    private static string UrlAt(string scheme, string place) => $"{scheme}://canary-user:canary-p%40ss@{place}/canary-path?canary-query=1";

    private static bool IsSignedBy(SigningSecret secret, Received request)
    {
        byte[] content = [.. Encoding.UTF8.GetBytes($"{request.Headers["webhook-id"].Single()}.{request.Headers["webhook-timestamp"].Single()}."), .. request.Body];
        return request.Headers["webhook-signature"].Single() == "v1," + Convert.ToBase64String(secret.Sign(content));
    }

    private static HttpClient ApiOf(ServiceRig rig)
    {
        JsonElement access = JsonElement.Parse(File.ReadAllText(Path.Combine(rig.Data, "service.json")));
        var client = new HttpClient { BaseAddress = new Uri(rig.Address) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", access.GetProperty("key").GetString());
        return client;
    }

    private static async Task<string> TextAsync(Task<HttpResponseMessage> asking, HttpStatusCode? status = null)
    {
        using HttpResponseMessage answer = await asking;
        string text = await answer.Content.ReadAsStringAsync(Cancellation);
        if (status is not null) Assert.True(status == answer.StatusCode, text);
        return text + answer.Headers;
    }

    private static async Task<int> AddedAsync(ServiceRig rig)
    {
        using HttpClient api = ApiOf(rig);
        JsonElement webhooks = await api.GetFromJsonAsync<JsonElement>("/api/webhooks", Cancellation);
        return webhooks.EnumerateArray().Count(webhook => !webhook.GetProperty("configured").GetBoolean() && webhook.GetProperty("signed").GetBoolean());
    }

    private static async Task FillAsync(ServiceRig rig, int webhooks)
    {
        using var meter = new Meter("CertHerald");
        await using IStore store = Stores.Open("sqlite", rig.Data, TimeProvider.System, meter);
        await Task.WhenAll(Enumerable.Range(0, webhooks).Select(i => store.AddWebhookAsync(
            new StoredWebhook
            {
                Name = $"hook{i}",
                Dialect = "native",
                Events = ["operator"],
                Added = DateTimeOffset.UtcNow,
                Url = "https://hooks.example/",
                Secrets = [new StoredSecret(SigningSecret.New().Text, null)],
            },
            Cancellation)));
    }

    private static string KeyFile(ServiceRig rig) => File.ReadAllText(Path.Combine(rig.Data, "secrets.key"));

    private static IEnumerable<(string, string)> DataFiles(ServiceRig rig) =>
        from file in Directory.GetFiles(rig.Data, "*", SearchOption.AllDirectories)
        where !file.EndsWith(".lock", StringComparison.Ordinal)
        select (file, Encoding.Latin1.GetString(Bytes(file)));

    private static byte[] Bytes(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
