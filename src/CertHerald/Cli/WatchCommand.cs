using System.CommandLine;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Delivering;

namespace CertHerald.Cli;

/// <summary><c>certherald watch</c>: the service without a configuration file.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var domains = new Argument<string[]>("DOMAIN") { Description = "example.com, or .example.com with all below it.", Arity = ArgumentArity.OneOrMore };
        var webhook = new Option<string>("--webhook") { Description = "Where unknown certificates are POSTed; user:password@ for HTTP Basic.", Required = true, HelpName = "URL" };
        var command = new Command("watch", "Starts watching at once: these domains, every public log, one webhook in the Cert Spotter dialect.")
        { domains, webhook, RunCommand.ConfigOption, RunCommand.DataOption, RunCommand.ListenOption };
        command.SetAction(async (parsed, stopping) =>
        {
            CertHeraldOptions options = Configuration.Read(
                parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption), parsed.GetValue(RunCommand.ListenOption)));
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
            return await RunCommand.RunAsync(options with { Watch = WatchLists.Read(parsed.GetValue(domains)!, [], "DOMAIN"), Webhooks = [hook], Warnings = [] }, stopping);
        });
        return command.WithExamples("""
            certherald watch .example.com --webhook https://user:password@siem.example.com/ct
            """);
    }
}
