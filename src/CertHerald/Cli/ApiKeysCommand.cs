using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Configuring;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald api-keys</c>: the keys of programs that use the running service's API.</summary>
internal static class ApiKeysCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "What the key is for." };

    private static readonly Argument<string> Prefix = new("KEY") { Description = "Its first twelve characters, as 'certherald api-keys list' shows them." };

    private static readonly Option<string[]> Scope = new("--scope")
    {
        Description = $"What it may do: {string.Join(", ", Scopes.All.Select(Scopes.NameOf))}. Several are allowed. Default: read.",
        HelpName = "SCOPE",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string> Expires = new("--expires") { Description = "Ends it after this time, such as 90d. Default: it lasts until it is revoked.", HelpName = "TIME" };

    public static Command Create() => new Command("api-keys", "Makes, shows and revokes the keys of programs that use the API.") { Make(), Revoke(), List() }.WithExamples("""
        certherald api-keys create "nightly report" --scope read --expires 365d
        certherald api-keys list
        certherald api-keys revoke chk_4k2m9x7q
        """);

    private static Command Make()
    {
        var command = new Command("create", "Makes a key and prints it: this once, it cannot be read back.") { Name, Scope, Expires, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            DateTimeOffset? expires = null;
            if (parsed.GetValue(Expires) is { } text)
                expires = Durations.TryParse(text, out TimeSpan length)
                    ? DateTimeOffset.UtcNow + length
                    : throw new ConfigurationException([new ConfigurationMistake("--expires", $"\"{text}\" is no length of time", "write 90d or 36h")]);
            string[] scopes = parsed.GetValue(Scope) is { Length: > 0 } given ? given : [Scopes.NameOf(Access.Scope.Read)];
            if (scopes.FirstOrDefault(scope => Scopes.Read(scope) is null) is { } unknown)
                throw new ConfigurationException([new ConfigurationMistake("--scope", $"\"{unknown}\" is none", $"write one of {string.Join(", ", Scopes.All.Select(Scopes.NameOf))}")]);

            JsonElement key = await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, "/api/api-keys", stopping, new { name = parsed.GetValue(Name), scopes, expires });
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? key.GetRawText() : key.GetProperty("key").GetString());
            parsed.InvocationConfiguration.Error.WriteLine("Keep it now: it is shown this once.");
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald api-keys create grafana
            certherald api-keys create deployment --scope watch --scope read --expires 90d
            """);
    }

    private static Command Revoke()
    {
        var command = new Command("revoke", "Ends a key at once.") { Prefix, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement key = await LocalAccess.Of(parsed).SendAsync(HttpMethod.Delete, $"/api/api-keys/{Uri.EscapeDataString(parsed.GetValue(Prefix)!)}", stopping);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? key.GetRawText() : $"{key.GetProperty("prefix").GetString()} is revoked");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald api-keys revoke chk_4k2m9x7q");
    }

    private static Command List()
    {
        var command = new Command("list", "Shows every key: what it may do, and when it was last used.") { LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement keys = await LocalAccess.Of(parsed).GetAsync("/api/api-keys", stopping);
            if (parsed.GetValue(LocalAccess.Json)) parsed.InvocationConfiguration.Output.WriteLine(keys.GetRawText());
            else if (keys.GetArrayLength() == 0) parsed.InvocationConfiguration.Output.WriteLine("no key: make one with 'certherald api-keys create NAME'");
            else foreach (JsonElement key in keys.EnumerateArray()) parsed.InvocationConfiguration.Output.WriteLine(Describe(key));
            return CommandLine.Done;
        });
        return command.WithExamples("certherald api-keys list --json");
    }

    private static string Describe(JsonElement key)
    {
        string scopes = string.Join(",", key.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));
        return $"{key.GetProperty("prefix").GetString()}  {key.GetProperty("state").GetString(),-8}{scopes,-24}  last used {DayOf(key, "last_used")}, expires {DayOf(key, "expires")}  {Visible.Of(key.GetProperty("name").GetString()!)}";
    }

    private static string DayOf(JsonElement key, string member) =>
        key.GetProperty(member) is { ValueKind: JsonValueKind.String } time ? time.GetDateTimeOffset().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : "never";
}
