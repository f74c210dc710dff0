using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald apps</c>: the tenants that use Meta's API.</summary>
internal static class AppsCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "Whose the app is." };

    internal static readonly Argument<string> App = new("APP") { Description = "Its number, as 'certherald apps list' shows it." };

    private static readonly Option<string> Id = new("--id") { Description = "Its number, if its clients know one already. Default: one is made.", HelpName = "NUMBER" };

    private static readonly Option<string> Secret = new("--secret") { Description = "Its secret, instead of one that is made: TEXT, env:NAME or file:PATH.", HelpName = "SECRET" };

    private static readonly Option<string> Overlap = new("--overlap") { Description = "How long the old secret is valid beside the new one, up to 7d. Default: 24h", HelpName = "TIME" };

    private static readonly Option<int?> MaxBatch = new("--max-batch") { Description = "Events in one body, at most.", HelpName = "NUMBER" };

    private static readonly Option<bool?> AcceptAny2xx = new("--accept-any-2xx") { Description = "Whether 201 to 299 count as delivered too." };

    private static readonly Option<bool?> Evidence = new("--evidence") { Description = "Whether bodies carry the inclusion proof." };

    private static readonly Option<int?> MaxBatchBytes = new("--max-batch-bytes") { Description = "Bytes of a body about several events, at most. At first: 100000", HelpName = "NUMBER" };

    private static readonly Option<bool?> UnknownOnly = new("--unknown-only") { Description = "Whether it hears only of certificates that nobody authorised." };

    private static readonly Option<bool?> SilentBaseline = new("--silent-baseline") { Description = "Whether what was logged before it subscribed to the domain is told to nobody." };

    private static readonly Option<string> Callback = new("--callback") { Description = "Instead of the app's secret, that of Standard Webhooks which a callback is signed with besides.", HelpName = "NAME" };

    private static readonly Option<string[]> Allow = new("--allow") { Description = "A name that is no look-alike to it, with all below it. Give it once for each: those from before are not kept; an empty text allows none.", HelpName = "NAME" };

    public static Command Create() => new Command("apps", "Makes, shows and removes apps: tenants with domains and webhooks of their own, for clients of Meta's Certificate Transparency API.")
    { Make(), List(), Set(), Rotate(), Remove(), AppCallbackCommands.Set(), AppCallbackCommands.Remove(), AppLookalikeCommands.Protect(), AppLookalikeCommands.Unprotect() }.WithExamples("""
        certherald apps create "security team"
        certherald apps create "old receiver" --id 457084771331516 --secret file:/run/secrets/app
        certherald apps list
        certherald apps set 457084771331516 --max-batch 100
        certherald apps callback 457084771331516 backup --url https://second.example.com/ct --client-certificate file:client.pem
        certherald apps protect 457084771331516 example.com --threshold 70
        certherald apps rotate-secret 457084771331516 --overlap 48h
        """);

    private static Command Make()
    {
        var command = new Command("create", "Makes an app and prints its number and secret: the secret this once, it cannot be read back.")
        { Name, Id, Secret, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            var asked = new Dictionary<string, object> { ["name"] = parsed.GetValue(Name)! };
            if (parsed.GetValue(Id) is { } id) asked.Add("id", id);
            if (SecretIn(parsed) is { } secret) asked.Add("secret", secret);
            PrintSecret(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, "/api/apps", stopping, asked));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald apps create "security team"
            certherald apps create "old receiver" --id 457084771331516 --secret env:APP_SECRET
            """);
    }

    private static Command Set()
    {
        var command = new Command("set", "Changes what is named of how it is told. At first: every certificate, one event in a body, status 200 alone delivers, no inclusion proof.")
        { App, UnknownOnly, SilentBaseline, Allow, MaxBatch, MaxBatchBytes, AcceptAny2xx, Evidence, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            var asked = new Dictionary<string, object>();
            if (parsed.GetValue(MaxBatch) is { } most) asked.Add("max_batch", most);
            if (parsed.GetValue(MaxBatchBytes) is { } bytes) asked.Add("max_batch_bytes", bytes);
            if (parsed.GetValue(UnknownOnly) is { } unknown) asked.Add("unknown_only", unknown);
            if (parsed.GetValue(SilentBaseline) is { } silent) asked.Add("silent_baseline", silent);
            if (parsed.GetValue(Allow) is { Length: > 0 } allow) asked.Add("allow", allow.Where(name => name.Length > 0));
            if (parsed.GetValue(AcceptAny2xx) is { } any) asked.Add("accept_any_2xx", any);
            if (parsed.GetValue(Evidence) is { } evidence) asked.Add("evidence", evidence);
            JsonElement app = await LocalAccess.Of(parsed).SendAsync(HttpMethod.Patch, AddressOf(parsed), stopping, asked);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? app.GetRawText() : Describe(app));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald apps set 457084771331516 --max-batch 100
            certherald apps set 457084771331516 --unknown-only true --silent-baseline true
            certherald apps set 457084771331516 --allow partner.example --allow fan-club.example
            """);
    }

    private static Command Rotate()
    {
        var command = new Command("rotate-secret", "Gives it a new secret and prints it, once. Both open the API for a while; requests are signed with the old one until it ends.")
        { App, Callback, Overlap, Secret, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            var asked = new Dictionary<string, object>();
            if (parsed.GetValue(Overlap) is { } text)
                asked.Add("overlap_hours", Durations.TryParse(text, out TimeSpan overlap, mayBeZero: true)
                    ? overlap.TotalHours
                    : throw new ConfigurationException([new ConfigurationMistake("--overlap", $"\"{text}\" is no length of time", "write 24h, 7d or 0s")]));
            if (SecretIn(parsed) is { } secret) asked.Add("secret", secret);
            if (parsed.GetValue(Callback) is { } callback)
                AppCallbackCommands.Print(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, $"{AddressOf(parsed)}/callbacks/{Uri.EscapeDataString(callback)}/rotate-secret", stopping, asked));
            else
                PrintSecret(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, AddressOf(parsed) + "/rotate-secret", stopping, asked));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald apps rotate-secret 457084771331516
            certherald apps rotate-secret 457084771331516 --overlap 0s      ends the old one at once: it has leaked
            """);
    }

    private static Command Remove()
    {
        var command = new Command("remove", "Removes an app with its domains, its secrets and its webhook.") { App, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement app = await LocalAccess.Of(parsed).SendAsync(HttpMethod.Delete, AddressOf(parsed), stopping);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? app.GetRawText() : $"app {app.GetProperty("id").GetString()} was removed");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald apps remove 457084771331516");
    }

    private static Command List()
    {
        var command = new Command("list", "Shows every app: its domains, and where it is told.") { LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement apps = await LocalAccess.Of(parsed).GetAsync("/api/apps", stopping);
            if (parsed.GetValue(LocalAccess.Json)) parsed.InvocationConfiguration.Output.WriteLine(apps.GetRawText());
            else if (apps.GetArrayLength() == 0) parsed.InvocationConfiguration.Output.WriteLine("no app: make one with 'certherald apps create NAME'");
            else foreach (JsonElement app in apps.EnumerateArray()) parsed.InvocationConfiguration.Output.WriteLine(Describe(app));
            return CommandLine.Done;
        });
        return command.WithExamples("certherald apps list --json");
    }

    internal static string Describe(JsonElement app)
    {
        string told = string.Join("; ", app.GetProperty("callbacks").EnumerateArray().Select(callback =>
            $"{string.Join(", ", callback.GetProperty("events").EnumerateArray().Select(kind => kind.GetString()))} to {Visible.Of(callback.GetProperty("url").GetString()!)}"
            + $"{(callback.GetProperty("name").GetString() is "first" ? "" : $" ({callback.GetProperty("name").GetString()})")}{WebhooksCommand.DescribeTls(callback)}"));
        if (told.Length == 0) told = "told nowhere";
        string old = string.Concat(app.GetProperty("old_secrets_until").EnumerateArray()
            .Select(until => until.GetDateTimeOffset().ToString("', an old secret until 'yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture)));
        string options = (app.GetProperty("max_batch").GetInt32() is > 1 and var most ? $", up to {most} events in a body" : "")
            + (app.GetProperty("accept_any_2xx").GetBoolean() ? ", any 2xx delivers" : "") + (app.GetProperty("evidence").GetBoolean() ? ", with evidence" : "")
            + (app.GetProperty("unknown_only").GetBoolean() ? ", unknown only" : "") + (app.GetProperty("silent_baseline").GetBoolean() ? ", silent baseline" : "")
            + (app.GetProperty("allow").GetArrayLength() is > 0 and var allowed ? $", {allowed} names allowed" : "");
        return $"{app.GetProperty("id").GetString()}  {app.GetProperty("domains").GetArrayLength()} domains, {told}{options}{old}  {Visible.Of(app.GetProperty("name").GetString()!)}";
    }

    private static void PrintSecret(ParseResult parsed, JsonElement app)
    {
        parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json)
            ? app.GetRawText()
            : $"app id      {app.GetProperty("id").GetString()}\napp secret  {app.GetProperty("secret").GetString()}");
        parsed.InvocationConfiguration.Error.WriteLine("Keep the secret now: it is shown this once.");
    }

    internal static string AddressOf(ParseResult parsed) => $"/api/apps/{Uri.EscapeDataString(parsed.GetValue(App)!)}";

    private static string? SecretIn(ParseResult parsed) => parsed.GetValue(Secret) is { } text ? WebhooksCommand.SecretOf("--secret", text) : null;
}
