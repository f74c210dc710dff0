using System.CommandLine;
using System.Text.Json;

namespace CertHerald.Cli;

/// <summary>Where an app is told, beside the address that its owner subscribes.</summary>
internal static class AppCallbackCommands
{
    private static readonly Argument<string> Name = new("NAME") { Description = "The callback's; \"first\" is the one that the app's owner subscribes." };

    private static readonly Option<string> Url = new("--url") { Description = "Where events are POSTed: https://user:password@host/path, env:NAME or file:PATH.", HelpName = "URL" };

    private static readonly Option<string[]> Events = new("--event") { Description = "A kind of event it gets, certificate or lookalike; give it once for each. At first: certificate", HelpName = "EVENT" };

    private static readonly Option<bool?> IncludeValues = new("--include-values") { Description = "Whether bodies carry the certificate. At first: true" };

    private static readonly Option<string> VerifyToken = new("--verify-token") { Description = "What its receiver knows our question by: TEXT, env:NAME or file:PATH.", HelpName = "TOKEN" };

    private static readonly Option<bool?> Signed = new("--signed") { Description = "Whether requests are signed as Standard Webhooks says, too, beside the app's signatures. A secret that is made is printed once." };

    public static Command Set()
    {
        var command = new Command("callback", "Tells an app at one more address, or changes what is named of a callback, once its receiver has confirmed. Each callback gets deliveries of its own. Another host gets none of the old one's secrets.")
        {
            AppsCommand.App, Name, Url, Events, IncludeValues, VerifyToken, Signed, WebhooksCommand.ClientCertificate, WebhooksCommand.ClientKey, WebhooksCommand.Ca,
            LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption,
        };
        command.SetAction(async (parsed, stopping) =>
        {
            var asked = new Dictionary<string, object>();
            if (WebhooksCommand.SecretOf("--url", parsed.GetValue(Url)) is { } url) asked.Add("url", url);
            if (parsed.GetValue(Events) is { Length: > 0 } events) asked.Add("events", events);
            if (parsed.GetValue(IncludeValues) is { } values) asked.Add("include_values", values);
            if (WebhooksCommand.SecretOf("--verify-token", parsed.GetValue(VerifyToken)) is { } token) asked.Add("verify_token", token);
            if (parsed.GetValue(Signed) is { } signed) asked.Add("signed", signed);
            foreach ((string member, string text) in WebhooksCommand.TlsIn(parsed)) asked.Add(member, text);
            Print(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Put, AddressOf(parsed), stopping, asked));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald apps callback 457084771331516 backup --url https://second.example.com/ct --verify-token meatyhamhock
            certherald apps callback 457084771331516 first --client-certificate file:client.pem --client-key file:client.key --ca file:ca.pem
            """);
    }

    public static Command Remove()
    {
        var command = new Command("remove-callback", "Tells an app no longer at a callback. What is owed there waits for one of its name.")
        { AppsCommand.App, Name, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            Print(parsed, await LocalAccess.Of(parsed).SendAsync(HttpMethod.Delete, AddressOf(parsed), stopping));
            return CommandLine.Done;
        });
        return command.WithExamples("certherald apps remove-callback 457084771331516 backup");
    }

    public static void Print(ParseResult parsed, JsonElement app)
    {
        parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? app.GetRawText() : AppsCommand.Describe(app));
        if (parsed.GetValue(LocalAccess.Json)) return;
        foreach (JsonElement callback in app.GetProperty("callbacks").EnumerateArray())
            if (callback.GetProperty("secret").GetString() is { } secret)
                parsed.InvocationConfiguration.Output.WriteLine($"secret of {callback.GetProperty("name").GetString()}: {secret}   (it is not shown again)");
    }

    private static string AddressOf(ParseResult parsed) => $"{AppsCommand.AddressOf(parsed)}/callbacks/{Uri.EscapeDataString(parsed.GetValue(Name)!)}";
}
