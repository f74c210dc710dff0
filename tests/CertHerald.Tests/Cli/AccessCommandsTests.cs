using System.CommandLine;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Cli;

/// <summary>The commands that say who may do what, against a service in this process.</summary>
public sealed class AccessCommandsTests
{
    [Fact]
    public async Task Api_keys_are_made_listed_and_revoked()
    {
        await using Rig rig = await Rig.StartAsync();

        (string key, string told) = await rig.RunAsync("api-keys", "create", "nightly \u202Ereport", "--scope", "read", "watch", "--expires", "90d");
        Assert.Matches("^chk_[a-z0-9]{8}_[A-Za-z0-9_-]{43}$", key);
        Assert.Contains("shown this once", told, StringComparison.Ordinal);
        Assert.True((await rig.Console.AskAsync(HttpMethod.Get, "/api/domains", key: key)).Status == System.Net.HttpStatusCode.OK);

        string list = (await rig.RunAsync("api-keys", "list")).Output;
        Assert.StartsWith($"{key[..12]}  active  read,watch", list, StringComparison.Ordinal);
        Assert.Contains("expires ", list, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202E', list);
        Assert.DoesNotContain(key[13..], list + (await rig.RunAsync("api-keys", "list", "--json")).Output, StringComparison.Ordinal);

        Assert.Equal($"{key[..12]} is revoked", (await rig.RunAsync("api-keys", "revoke", key[..12])).Output);
        Assert.Equal("revoked", JsonElement.Parse((await rig.RunAsync("api-keys", "list", "--json")).Output)[0].GetProperty("state").GetString());
        JsonElement second = JsonElement.Parse((await rig.RunAsync("api-keys", "create", "second", "--json")).Output);
        Assert.Equal(["read"], second.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));
        Assert.Equal(second.GetProperty("prefix").GetString(), JsonElement.Parse((await rig.RunAsync("api-keys", "revoke", second.GetProperty("prefix").GetString()!, "--json")).Output).GetProperty("prefix").GetString());
    }

    [Fact]
    public async Task Users_get_passwords_are_listed_and_removed()
    {
        await using Rig rig = await Rig.StartAsync();
        Assert.Contains("no user", (await rig.RunAsync("users", "list")).Output, StringComparison.Ordinal);

        rig.Input = "correct horse battery\n";
        Assert.Equal("alice may sign in with the new password", (await rig.RunAsync("users", "set-password", "alice")).Output);
        rig.Input = "staple of another kind\n";
        Assert.Equal("alice", JsonElement.Parse((await rig.RunAsync("users", "set-password", "alice", "--json")).Output).GetProperty("name").GetString());
        Assert.NotNull((await rig.Console.Services.GetRequiredService<Users>().CheckAsync("alice", "staple of another kind", TestContext.Current.CancellationToken)).User);
        Assert.Matches("^alice +password set 2026-11-21$", (await rig.RunAsync("users", "list")).Output);
        Assert.Equal(1, JsonElement.Parse((await rig.RunAsync("users", "list", "--json")).Output).GetArrayLength());

        Assert.Equal("""{"name":"alice","removed":true}""", (await rig.RunAsync("users", "remove", "alice", "--json")).Output);
        Assert.Contains("There is no such user", (await Assert.ThrowsAsync<CommandFailedException>(() => rig.RunAsync("users", "remove", "alice"))).Message, StringComparison.Ordinal);
        rig.Input = "short\n";
        Assert.Contains("12", (await Assert.ThrowsAsync<CommandFailedException>(() => rig.RunAsync("users", "set-password", "alice"))).Message, StringComparison.Ordinal);
        rig.Input = "";
        Assert.Contains("holds no password", (await Assert.ThrowsAsync<CommandFailedException>(() => rig.RunAsync("users", "set-password", "alice"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Audit_shows_the_newest_first_and_pages()
    {
        await using Rig rig = await Rig.StartAsync();
        await rig.RunAsync("api-keys", "create", "first");
        await rig.RunAsync("api-keys", "create", "second");

        string[] lines = (await rig.RunAsync("audit", "list")).Output.Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Matches("^ +2  2026-11-21 12:00:00Z  local +done +POST /api/api-keys/chk_[a-z0-9]{8}$", lines[0]);
        JsonElement page = JsonElement.Parse((await rig.RunAsync("audit", "list", "--limit", "1", "--before", "2", "--json")).Output);
        Assert.Equal("1", Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("--scope", "api-keys create x --scope reed")]
    [InlineData("--expires", "api-keys create x --expires soon")]
    public async Task What_cannot_be_meant_is_said_before_the_service_is_asked(string option, string line)
    {
        await using Rig rig = await Rig.StartAsync();

        var mistakes = await Assert.ThrowsAsync<ConfigurationException>(() => rig.RunAsync(line.Split(' ')));

        Assert.Equal(option, Assert.Single(mistakes.Mistakes).Place);
        Assert.Empty(await rig.Console.Store.AuditAsync(null, 10, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Each_shows_its_use_with_an_example_and_takes_json()
    {
        var root = new RootCommand { ApiKeysCommand.Create(), UsersCommand.Create(), AuditCommand.Create(), DomainsCommand.Create(), BackFillsCommand.Create(), WebhooksCommand.Create(), DeliveriesCommand.Create() }.WithHelp();
        foreach (Command command in root.Subcommands.SelectMany(command => command.Subcommands))
        {
            string path = $"{command.Parents.OfType<Command>().Single().Name} {command.Name}";
            using var output = new StringWriter();
            Assert.Equal(0, root.Parse($"{path} --help").Invoke(new InvocationConfiguration { Output = output }));
            Assert.Contains($"  certherald {path}", output.ToString(), StringComparison.Ordinal);
            Assert.Contains("--json", output.ToString(), StringComparison.Ordinal);
            Assert.Contains("--data", output.ToString(), StringComparison.Ordinal);
        }
    }

    private sealed record Rig(ConsoleRig Console, Scratch Scratch) : IAsyncDisposable
    {
        /// <summary>What the command reads.</summary>
        public string Input { get; set; } = "";

        public static async Task<Rig> StartAsync()
        {
            var rig = new Rig(await ConsoleRig.StartAsync(), new Scratch());
            new LocalAccess(rig.Console.Address, rig.Console.Services.GetRequiredService<LocalKey>().Text).Save(rig.Scratch.Folder);
            return rig;
        }

        public async Task<(string Output, string Errors)> RunAsync(params string[] line)
        {
            using StringWriter output = new(), errors = new();
            using var input = new StringReader(Input);
            var root = new RootCommand { ApiKeysCommand.Create(), UsersCommand.Create(input), AuditCommand.Create() };
            ParseResult parsed = root.Parse([.. line, "--data", Scratch.Folder]);
            Assert.Empty(parsed.Errors);
            Assert.Equal(0, await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = errors, EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken));
            return (output.ToString().TrimEnd(), errors.ToString());
        }

        public async ValueTask DisposeAsync()
        {
            await Console.DisposeAsync();
            Scratch.Dispose();
        }
    }
}
