using System.CommandLine;
using System.Text.Json;

namespace CertHerald.Cli;

/// <summary>Domains whose imitations an app is told of, with settings for this app alone.</summary>
internal static class AppLookalikeCommands
{
    private static readonly Argument<string> Domain = new("DOMAIN") { Description = "The domain: example.com" };

    private static readonly Option<int?> Threshold = new("--threshold") { Description = "From which score on the app is told, 1 to 100. Default: 50", HelpName = "NUMBER" };

    private static readonly Option<string[]> Allow = new("--allow") { Description = "A name that is no look-alike of it, with all below it. Give it once for each.", HelpName = "NAME" };

    public static Command Protect()
    {
        var command = new Command("protect", "Tells an app of a domain's imitations, with these settings for this app: what is not named is as usual. The app's own 'subscribe' keeps them.")
        { AppsCommand.App, Domain, Threshold, Allow, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            var asked = new Dictionary<string, object>();
            if (parsed.GetValue(Threshold) is { } threshold) asked.Add("threshold", threshold);
            if (parsed.GetValue(Allow) is { Length: > 0 } allow) asked.Add("allow", allow);
            Print(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Put, AddressOf(parsed), stopping, asked));
            return CommandLine.Done;
        });
        return command.WithExamples("certherald apps protect 457084771331516 example.com --threshold 70 --allow example-partner.com");
    }

    public static Command Unprotect()
    {
        var command = new Command("unprotect", "Tells an app of a domain's imitations no more.") { AppsCommand.App, Domain, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            Print(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Delete, AddressOf(parsed), stopping));
            return CommandLine.Done;
        });
        return command.WithExamples("certherald apps unprotect 457084771331516 example.com");
    }

    private static void Print(ParseResult parsed, JsonElement app)
    {
        if (parsed.GetValue(LocalAccess.Json))
        {
            parsed.InvocationConfiguration.Output.WriteLine(app.GetRawText());
            return;
        }
        foreach (JsonElement domain in app.GetProperty("lookalikes").EnumerateArray())
            parsed.InvocationConfiguration.Output.WriteLine(
                $"{domain.GetProperty("domain").GetString()}  from {domain.GetProperty("threshold").GetInt32()} on{(domain.GetProperty("allow").GetArrayLength() is > 0 and var allowed ? $", {allowed} names allowed" : "")}");
    }

    private static string AddressOf(ParseResult parsed) => $"{AppsCommand.AddressOf(parsed)}/lookalikes/{Uri.EscapeDataString(parsed.GetValue(Domain)!)}";
}
