using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Tests.Docs;
using CertHerald.Tests.Doubles;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.EndToEnd;

/// <summary>Meta's API and webhook through the program itself, with the clients that there are.</summary>
[Collection(ProgramTests.Name)]
public sealed class MetaApiTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task M14_a_receiver_that_asks_back_in_its_handler_finds_the_certificate_each_time()
    {
        const int events = 1_000;
        await using ServiceRig rig = await ServiceRig.StartAsync(new LogOptions());
        string token = "";
        using var client = new HttpClient();
        var found = new ConcurrentDictionary<string, int>();
        var problems = new ConcurrentQueue<string>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using WebApplication receiver = builder.Build();
        receiver.Run(async context =>
        {
            JsonElement entry = (await JsonElementOf(context.Request.Body)).GetProperty("entry")[0];
            string id = entry.GetProperty("id").GetString()!, pem = entry.GetProperty("changes")[0].GetProperty("value").GetProperty("certificate_pem").GetString()!;
            JsonElement byId = await GetAsync($"query={id}&fields=certificate_pem,domains");
            string name = byId.GetProperty("data")[0].GetProperty("domains")[0].GetString()!;
            JsonElement byName = await GetAsync($"query={name}&fields=certificate_pem");
            foreach (JsonElement page in (JsonElement[])[byId, byName])
                if (page.GetProperty("data").EnumerateArray().All(item => item.GetProperty("id").GetString() != id || item.GetProperty("certificate_pem").GetString() != pem))
                    problems.Enqueue($"{id} {name}: {page}");
            if (found.TryAdd(id, 1) && found.Count == events) all.TrySetResult();
            context.Response.StatusCode = StatusCodes.Status200OK;
        });
        await receiver.StartAsync(Cancellation);
        JsonObject webhook = ServiceRig.Webhook("meta", receiver.Urls.Single() + "/", "certificate");
        webhook["dialect"] = "meta";
        webhook["app_secret"] = "0123456789abcdef0123456789abcdef";
        webhook["rate"] = 10_000;
        webhook["concurrency"] = 64;
        rig.Configuration["webhooks"] = new JsonArray(webhook);
        rig.Configuration["logs"]!["custom"]!.AsArray().RemoveAt(1);
        await using Certherald program = await rig.RunReadyAsync();
        token = await MakeAppAsync(rig, "asking back");

        for (int i = 0; i < events; i++) rig.Log.AddChain(rig.Ca.Issue(Some.Numbered("n", i) + ".example.com").Chain);
        rig.Log.Publish();
        await all.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);

        Assert.Empty(problems);
        Assert.Equal(events, found.Count);

        async Task<JsonElement> GetAsync(string query) => await JsonElementOf(await client.GetStreamAsync(new Uri($"{rig.Address}/v8.0/certificates?{query}&access_token={Uri.EscapeDataString(token)}"), Cancellation));
    }

    [Fact]
    public async Task M20_a_precertificate_and_its_certificate_are_one_event_with_one_id_and_only_of_the_apps_own_domains()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Receiver mine = Receiver.Start(), theirs = Receiver.Start();
        rig.Configuration["watch"] = new JsonArray(".operator.com");
        await using Certherald program = await rig.RunReadyAsync();
        (string Token, Receiver Receiver, string Domain)[] apps = [(await MakeAppAsync(rig, "mine"), mine, "example.com"), (await MakeAppAsync(rig, "theirs"), theirs, "theirs.com")];
        foreach ((string token, Receiver receiver, string domain) in apps)
        {
            CertHerald.Tests.Delivering.WebhookHandshakeTests.Challenged(receiver, challenge => Receiver.Answer(200, challenge));
            await PostAsync(rig, token, "subscribed_domains", ("subscribe", domain));
            await PostAsync(rig, token, "subscriptions", ("object", "certificate_transparency"), ("callback_url", receiver.Url.ToString()), ("fields", "certificate"), ("verify_token", "t"));
            await receiver.NextAsync();
            receiver.Default = Receiver.Answer(200);
        }

        TestPrecertificate precertificate = rig.Ca.IssuePrecertificate("shop.example.com", "www.unwatched.com");
        AddedEntry added = rig.Log.AddPreChain(precertificate.Chain);
        JsonElement entry = (await mine.NextAsync()).Json().GetProperty("entry")[0];
        rig.Log.AddChain(precertificate.Final(added.Sct.Serialize()).Chain);
        rig.Log.AddChain(rig.Ca.Issue("www.theirs.com").Chain);
        await theirs.NextAsync();
        await rig.ReadToHeadAsync();

        Assert.Equal(2, mine.Requests.Count);
        Assert.Equal(2, theirs.Requests.Count);
        string id = entry.GetProperty("id").GetString()!;
        using var client = new HttpClient();
        JsonElement certificate = await JsonElementOf(await client.GetStreamAsync(new Uri($"{rig.Address}/{id}?access_token={Uri.EscapeDataString(apps[0].Token)}"), Cancellation));
        Assert.Equal(id, certificate.GetProperty("id").GetString());
        Assert.NotEqual(entry.GetProperty("changes")[0].GetProperty("value").GetProperty("cert_hash_sha256").GetString(), certificate.GetProperty("cert_hash_sha256").GetString());
        // Neither secret nor token stands in what the program said.
        Assert.DoesNotContain(program.Errors.Concat(program.Output), line => apps.Any(app => line.Contains(app.Token.Split('|')[1], StringComparison.Ordinal)));
    }

    [Fact]
    public async Task M21_a_look_alike_is_told_to_the_app_that_protects_its_domain_and_to_no_other()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Receiver mine = Receiver.Start(), theirs = Receiver.Start();
        await using Certherald program = await rig.RunReadyAsync();
        (string Token, Receiver Receiver, string Domain)[] apps = [(await MakeAppAsync(rig, "mine"), mine, "facebook.com"), (await MakeAppAsync(rig, "theirs"), theirs, "paypal.com")];
        foreach ((string token, Receiver receiver, string domain) in apps)
        {
            CertHerald.Tests.Delivering.WebhookHandshakeTests.Challenged(receiver, challenge => Receiver.Answer(200, challenge));
            await PostAsync(rig, token, "subscribed_domains_phishing", ("subscribe", domain));
            await PostAsync(rig, token, "subscriptions", ("object", "certificate_transparency"), ("callback_url", receiver.Url.ToString()), ("fields", "phishing"), ("verify_token", "t"));
            await receiver.NextAsync();
            receiver.Default = Receiver.Answer(200);
        }

        TestCertificate certificate = rig.Ca.Issue("facebook.com.evil.com", "www.innocent.org", "xn--facbook-9gg.ml");
        rig.Log.AddChain(certificate.Chain);
        Received told = await mine.NextAsync();
        JsonElement entry = told.Json().GetProperty("entry")[0];
        rig.Log.AddChain(rig.Ca.Issue("paypal.com.evil.org").Chain);
        await theirs.NextAsync();

        JsonElement change = Assert.Single(entry.GetProperty("changes").EnumerateArray());
        Assert.Equal(("phishing", "facebook.com"), (change.GetProperty("field").GetString(), change.GetProperty("value").GetProperty("phished_domain").GetString()));
        string id = entry.GetProperty("id").GetString()!, pem = CertHerald.Dialects.Meta.MetaChange.PemOf(certificate.Der).Replace("\n", "\\n", StringComparison.Ordinal);
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(certificate.Der));
        // Byte for byte the documented example, but for id, certificate and time.
        Assert.Equal(
            $$$"""{"entry":[{"changes":[{"field":"phishing","value":{"ct_cert":{"id":"{{{id}}}","certificate_pem":"{{{pem}}}","cert_hash_sha256":"{{{hash}}}"},"phishing_domains":["facebook.com.evil.com","xn--facbook-9gg.ml"],"phished_domain":"facebook.com"}}],"id":"{{{id}}}","time":{{{entry.GetProperty("time").GetInt64()}}}}],"object":"certificate_transparency"}""",
            System.Text.Encoding.ASCII.GetString(told.Body));
        Assert.Equal(entry.GetProperty("id").GetString(), change.GetProperty("value").GetProperty("ct_cert").GetProperty("id").GetString());
        Assert.Equal((2, 2), (mine.Requests.Count, theirs.Requests.Count));
        using var client = new HttpClient();
        JsonElement found = await JsonElementOf(await client.GetStreamAsync(new Uri($"{rig.Address}/certificates?query=facebook.com.evil.com&fields=domains&access_token={Uri.EscapeDataString(apps[0].Token)}"), Cancellation));
        Assert.Equal(entry.GetProperty("id").GetString(), Assert.Single(found.GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Receivers_as_they_are_in_the_world_take_what_they_are_sent_and_find_it_again()
    {
        string node = Tool.Find("node"), client = Path.Combine(Repository.Root, "tests", "clients", "meta-receiver.mjs");
        string[] styles = ["raw", "reescaped", "first", "slackbot", "strict", "n8n"];
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["watch"] = new JsonArray(".operator.com");
        await using Certherald program = await rig.RunReadyAsync();
        var receivers = new List<Certherald>();
        try
        {
            foreach (string style in styles)
            {
                string[] token = (await MakeAppAsync(rig, style)).Split('|');
                receivers.Add(Certherald.StartOther(node, client, style, rig.Address, token[0], token[1], "example.com"));
            }
            foreach (Certherald receiver in receivers) await receiver.OutputLineAsync(line => line == "subscribed");
            for (int i = 0; i < 3; i++) rig.Log.AddChain(rig.Ca.Issue(Some.Numbered("www", i) + ".example.com").Chain);

            foreach (Certherald receiver in receivers)
                for (int id = 1; id <= 3; id++)
                    await receiver.OutputLineAsync(line => line == Some.Numbered("took ", id));
            Assert.All(styles.Zip(receivers), one => Assert.True(one.Second.Output.All(line => !line.StartsWith("refused", StringComparison.Ordinal)), $"{one.First}: {string.Join('\n', one.Second.Output)}"));
        }
        finally
        {
            foreach (Certherald receiver in receivers) await receiver.DisposeAsync();
        }
    }

    [Fact]
    public async Task M8_clients_as_they_are_in_the_world_read_every_page_once()
    {
        string node = Tool.Find("node"), client = Path.Combine(Repository.Root, "tests", "clients", "meta-pages.mjs");
        const int certificates = 7;
        await using ServiceRig rig = await ServiceRig.StartAsync();
        for (int i = 0; i < certificates; i++) rig.Log.AddChain(rig.Ca.Issue(Some.Numbered("www", i) + ".example.com").Chain);
        await using Certherald program = await rig.RunReadyAsync();
        string[] token = (await MakeAppAsync(rig, "pages")).Split('|');
        for (int i = 0; i < certificates; i++) await rig.Receiver.NextAsync();

        foreach ((string loop, string limit) in ((string, string)[])[("next", "3"), ("next-then-after", "3"), ("after", "3"), ("after", "7"), ("next", "10000")])
        {
            Ended ended = (await Tool.RunAsync(node, Path.GetTempPath(), [client, loop, rig.Address, token[0], token[1], "*.example.com", limit])).With(0);
            Assert.Equal(Enumerable.Range(1, certificates).Reverse().Select(id => id.ToString(CultureInfo.InvariantCulture)), ended.Lines);
        }
    }

    private static async Task<string> MakeAppAsync(ServiceRig rig, string name)
    {
        JsonElement app = (await Certherald.RunAsync("apps", "create", name, "--json", "--data", rig.Data)).With(0).Objects[0];
        return $"{app.GetProperty("id").GetString()}|{app.GetProperty("secret").GetString()}";
    }

    private static async Task PostAsync(ServiceRig rig, string token, string edge, params (string Name, string Value)[] fields)
    {
        using var client = new HttpClient();
        using var form = new FormUrlEncodedContent(fields.Append(("access_token", token)).Select(field => KeyValuePair.Create(field.Item1, field.Item2)));
        using HttpResponseMessage answer = await client.PostAsync(new Uri($"{rig.Address}/{token.Split('|')[0]}/{edge}"), form, Cancellation);
        Assert.Equal("""{"success":true}""", await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task<JsonElement> JsonElementOf(Stream json) => await JsonSerializer.DeserializeAsync<JsonElement>(json, cancellationToken: Cancellation);
}
