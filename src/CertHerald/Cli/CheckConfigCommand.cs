using System.CommandLine;
using CertHerald.Configuring;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Fetching;
using CertHerald.Storage;

namespace CertHerald.Cli;

/// <summary><c>certherald check-config</c>: every mistake at once, without starting anything.</summary>
internal static class CheckConfigCommand
{
    public static Command Create()
    {
        var command = new Command("check-config", "Reads the configuration, says what is wrong and what it means. Starts nothing.") { RunCommand.ConfigOption, RunCommand.DataOption, RunCommand.ListenOption };
        command.SetAction(parsed =>
        {
            CertHeraldOptions options = Configuration.Read(
                parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption), parsed.GetValue(RunCommand.ListenOption)));
            foreach (string warning in options.Warnings) Console.Error.WriteLine($"warning: {warning}");
            Console.Out.WriteLine($"listen     {options.Listen} (links begin with {options.PublicUrl})");
            Console.Out.WriteLine($"data       {Path.GetFullPath(options.Data)} ({Stores.Describe(options.Store)})");
            Console.Out.WriteLine($"watched    {options.Watch.Count} items");
            Console.Out.WriteLine($"suffixes   {(options.Suffixes is { } suffixes ? SuffixFile.Describe(suffixes) : "no list: watch items are not checked against public suffixes (certherald data refresh --suffixes)")}");
            Console.Out.WriteLine($"logs       {options.Logs.Lists.Count} lists, {options.Logs.Custom.Count} by hand, from {options.Logs.Start}");
            foreach (LogListOptions list in options.Logs.Lists)
                Console.Out.WriteLine($"log list   {list.Shown} ({(list.SignedBy is { } signer ? $"signed by {signer.Name}" : "unsigned")})");
            foreach (WebhookOptions webhook in options.Webhooks.Where(webhook => webhook.Mail is null))
                Console.Out.WriteLine($"webhook    {webhook.Name}: {webhook.Dialect} to {webhook.Url.Scheme}://{webhook.Url.IdnHost}/… for {string.Join(", ", webhook.Events)}{(webhook.Signer is null ? "" : ", signed")}");
            if (options.Webhooks.FirstOrDefault(webhook => webhook.Mail is not null)?.Mail is { } mail)
                Console.Out.WriteLine($"mail       {mail.Host}:{mail.Port} ({(mail.Tls == MailTls.None ? "unencrypted" : mail.Tls.ToString().ToLowerInvariant())}) to {string.Join(", ", mail.To)}");
            Console.Out.WriteLine("the configuration can be used");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald check-config --config /etc/certherald.json");
    }
}
