using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Cli;

/// <summary><c>certherald apps</c>, against a service in this process.</summary>
public sealed class AppsCommandTests
{
    [Fact]
    public async Task Apps_are_made_listed_given_new_secrets_and_removed()
    {
        await using ConsoleRig console = await ConsoleRig.StartAsync();
        using var scratch = new Scratch();
        new LocalAccess(console.Address, console.Services.GetRequiredService<LocalKey>().Text).Save(scratch.Folder);
        Assert.Contains("no app", (await RunAsync(scratch, "list")).Output, StringComparison.Ordinal);

        (string made, string told) = await RunAsync(scratch, "create", "security \u202Eteam");
        Assert.Matches(@"\Aapp id      [1-9][0-9]{15}\r?\napp secret  [0-9a-f]{32}\z", made);
        Assert.Contains("shown this once", told, StringComparison.Ordinal);
        JsonElement old = JsonElement.Parse((await RunAsync(scratch, "create", "old receiver", "--id", "457084771331516", "--secret", "a secret that is kept".Replace(' ', '-'), "--json")).Output);
        Assert.Equal(("457084771331516", "a-secret-that-is-kept"), (old.GetProperty("id").GetString(), old.GetProperty("secret").GetString()));

        string list = (await RunAsync(scratch, "list")).Output + (await RunAsync(scratch, "list", "--json")).Output;
        Assert.Contains("457084771331516  0 domains, told nowhere  old receiver", list, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202E', list.Split('\n')[0]);
        Assert.DoesNotContain("a-secret-that-is-kept", list, StringComparison.Ordinal);

        Assert.Equal("457084771331516  0 domains, told nowhere, up to 9 events in a body, any 2xx delivers  old receiver",
            (await RunAsync(scratch, "set", "457084771331516", "--max-batch", "9", "--accept-any-2xx", "true")).Output);
        Assert.Equal((9, true, false), console.Services.GetRequiredService<CertHerald.Api.Apps>().Find(457084771331516)!.Stored.Options is var set ? (set.MaxBatch, set.AcceptAny2xx, set.Evidence) : default);

        string rotated = (await RunAsync(scratch, "rotate-secret", "457084771331516", "--overlap", "48h")).Output;
        Assert.Matches(@"app secret  [0-9a-f]{32}\z", rotated);
        Assert.Contains("an old secret until 2026-11-23 12:00Z", (await RunAsync(scratch, "list")).Output, StringComparison.Ordinal);
        await RunAsync(scratch, "rotate-secret", "457084771331516", "--overlap", "0s");
        Assert.DoesNotContain("an old secret", (await RunAsync(scratch, "list")).Output, StringComparison.Ordinal);
        Assert.Equal("app 457084771331516 was removed", (await RunAsync(scratch, "remove", "457084771331516")).Output);
        Assert.Single(JsonElement.Parse((await RunAsync(scratch, "list", "--json")).Output).EnumerateArray());
        Assert.Contains(await console.Store.AuditAsync(null, 10, TestContext.Current.CancellationToken), line => line.Resource == "/api/apps/457084771331516" && line.Method == "POST" && line.Outcome == "done");
    }

    [Fact]
    public async Task What_cannot_be_is_refused_with_a_remedy()
    {
        await using ConsoleRig console = await ConsoleRig.StartAsync();
        using var scratch = new Scratch();
        new LocalAccess(console.Address, console.Services.GetRequiredService<LocalKey>().Text).Save(scratch.Folder);
        await RunAsync(scratch, "create", "first", "--id", "7");
        foreach ((string says, string[] line) in ((string, string[])[])
        [
            ("There is an app 7 already", ["create", "x", "--id", "7"]),
            ("\"id\" is a number of 1 to 18 digits", ["create", "x", "--id", "07"]),
            ("\"id\" is a number of 1 to 18 digits", ["create", "x", "--id", "-7"]),
            ("\"secret\" is no app secret", ["create", "x", "--secret", "short"]),
            ("\"name\" says whose the app is", ["create", ""]),
            ("\"max_batch\" is a number from 1 to 1,000", ["set", "7", "--max-batch", "0"]),
            ("There is no such app", ["set", "8", "--evidence", "true"]),
            ("There is no such app", ["rotate-secret", "8"]),
            ("There is no such app", ["rotate-secret", "x"]),
            ("There is no such app", ["remove", "8"]),
            ("\"overlap_hours\" is a number from 0 to 168", ["rotate-secret", "7", "--overlap", "8d"]),
        ])
            Assert.Contains(says, (await Assert.ThrowsAsync<CommandFailedException>(() => RunAsync(scratch, line))).Message, StringComparison.Ordinal);

        Assert.Single(JsonElement.Parse((await RunAsync(scratch, "list", "--json")).Output).EnumerateArray());
    }

    [Fact]
    public async Task An_app_is_given_callbacks_thresholds_and_choices_of_its_own()
    {
        await using Receiver receiver = Receiver.Start();
        WebhookHandshakeTests.Challenged(receiver, challenge => Receiver.Answer(200, challenge));
        await using ConsoleRig console = await ConsoleRig.StartAsync();
        using var scratch = new Scratch();
        new LocalAccess(console.Address, console.Services.GetRequiredService<LocalKey>().Text).Save(scratch.Folder);
        using X509Certificate2 client = MadeCertificate.For("certherald");
        string pem = scratch.Write("client.pem", client.ExportCertificatePem() + "\n" + WebhookTlsTests.KeyOf(client));
        await RunAsync(scratch, "create", "team", "--id", "7");

        string told = (await RunAsync(scratch, "callback", "7", "backup", "--url", receiver.Url.ToString(), "--event", "lookalike", "--verify-token", "t", "--client-certificate", $"file:{pem}")).Output;
        Assert.Equal($"7  0 domains, lookalike to http://127.0.0.1:{receiver.Port}/… (backup), known by CN=certherald until {client.NotAfter.ToUniversalTime():yyyy-MM-dd}  team", told);
        Assert.Equal("example.com  from 70 on, 1 names allowed", (await RunAsync(scratch, "protect", "7", "example.com", "--threshold", "70", "--allow", "example-club.com")).Output);
        Assert.Contains(", unknown only, silent baseline, 2 names allowed  team",
            (await RunAsync(scratch, "set", "7", "--unknown-only", "true", "--silent-baseline", "true", "--allow", "a.com", "--allow", "b.com", "--max-batch-bytes", "200000")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("names allowed", (await RunAsync(scratch, "set", "7", "--allow", "")).Output, StringComparison.Ordinal);
        Assert.Contains("An app has no digest.", (await console.AskAsync(HttpMethod.Put, "/api/apps/7/lookalikes/example.com", new { digest = 30 })).Text, StringComparison.Ordinal);
        JsonElement app = JsonElement.Parse((await RunAsync(scratch, "list", "--json")).Output)[0];
        Assert.Equal((200_000, 70, "app:7:backup"), (app.GetProperty("max_batch_bytes").GetInt32(), app.GetProperty("lookalikes")[0].GetProperty("threshold").GetInt32(), app.GetProperty("callbacks")[0].GetProperty("webhook").GetString()));
        Assert.Matches(@"\nsecret of backup: whsec_[A-Za-z0-9+/]{43}=   \(it is not shown again\)\z", (await RunAsync(scratch, "rotate-secret", "7", "--callback", "backup")).Output);
        Assert.Contains("told nowhere", (await RunAsync(scratch, "remove-callback", "7", "backup")).Output, StringComparison.Ordinal);
        Assert.Equal("", (await RunAsync(scratch, "unprotect", "7", "example.com")).Output);
    }

    [Fact]
    public void Each_shows_its_use_with_an_example_and_takes_json()
    {
        var root = new RootCommand { AppsCommand.Create() }.WithHelp();
        foreach (Command command in root.Subcommands.Single().Subcommands)
        {
            using var output = new StringWriter();
            Assert.Equal(0, root.Parse($"apps {command.Name} --help").Invoke(new InvocationConfiguration { Output = output }));
            Assert.All([$"  certherald apps {command.Name}", "--json", "--data"], text => Assert.Contains(text, output.ToString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_length_of_time_that_is_none_is_said_before_the_service_is_asked()
    {
        using var scratch = new Scratch();
        var mistakes = await Assert.ThrowsAsync<ConfigurationException>(() => RunAsync(scratch, "rotate-secret", "7", "--overlap", "soon"));
        Assert.Equal("--overlap", Assert.Single(mistakes.Mistakes).Place);
    }

    private static async Task<(string Output, string Errors)> RunAsync(Scratch scratch, params string[] line)
    {
        using StringWriter output = new(), errors = new();
        ParseResult parsed = new RootCommand { AppsCommand.Create() }.Parse(["apps", .. line, "--data", scratch.Folder]);
        Assert.Empty(parsed.Errors);
        Assert.Equal(0, await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = errors, EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken));
        return (output.ToString().TrimEnd(), errors.ToString());
    }
}
