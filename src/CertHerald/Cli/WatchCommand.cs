using System.CommandLine;
using System.Net;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Delivering;

namespace CertHerald.Cli;

/// <summary><c>certherald watch</c>: the service without a configuration file.</summary>
internal static class WatchCommand
{
    internal static IPNetwork Network(string text) => Configuration.TryReadNetwork(text, out IPNetwork network)
        ? network
        : throw new ConfigurationException([new ConfigurationMistake("--allow", $"\"{text}\" is no network", "write 10.1.2.0/24 or one address")]);

    public static Command Create()
    {
        var domains = new Argument<string[]>("DOMAIN") { Description = "example.com, or .example.com with all below it.", Arity = ArgumentArity.OneOrMore };
        var webhook = new Option<string>("--webhook") { Description = "Where unknown certificates are POSTed; user:password@ for HTTP Basic.", Required = true, HelpName = "URL" };
        var allow = new Option<string[]>("--allow") { Description = "A network that is not public and that the webhook may be in, such as 10.1.2.0/24 or 127.0.0.1.", HelpName = "NETWORK" };
        var command = new Command("watch", "Starts watching at once: these domains, every public log, one webhook in the Cert Spotter dialect.")
        { domains, webhook, allow, RunCommand.ConfigOption, RunCommand.DataOption, RunCommand.ListenOption };
        command.SetAction(async (parsed, stopping) =>
        {
            if (!WebhookUrl.TryParse(parsed.GetValue(webhook)!, out WebhookUrl? url, out string? mistake))
                throw new ConfigurationException([new ConfigurationMistake("--webhook", mistake, "for example --webhook https://siem.example.com/ct")]);

            var hook = new WebhookOptions
            {
                Name = "webhook",
                Dialect = "certspotter",
                Url = url.Address,
                Credentials = url.Credentials,
                Events = [EventKinds.UnknownCertificate],
            };
            return await RunCommand.RunAsync(
                () =>
                {
                    CertHeraldOptions options = Configuration.Read(
                        parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption), parsed.GetValue(RunCommand.ListenOption)));
                    OutboundOptions outbound = options.Outbound with { Allow = [.. options.Outbound.Allow, .. (parsed.GetValue(allow) ?? []).Select(Network)] };
                    return options with
                    {
                        Watch = WatchLists.Read(parsed.GetValue(domains)!, [], "DOMAIN"),
                        Webhooks = [hook],
                        Outbound = outbound,
                        Warnings = [.. Configuration.Unreachable([hook], outbound)],
                    };
                },
                stopping);
        });
        return command.WithExamples("""
            certherald watch .example.com --webhook https://user:password@siem.example.com/ct
            """);
    }
}
