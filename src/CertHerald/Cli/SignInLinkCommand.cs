using System.CommandLine;
using CertHerald.Configuring;

namespace CertHerald.Cli;

/// <summary><c>certherald sign-in-link</c>: a new way into the console of the running service.</summary>
internal static class SignInLinkCommand
{
    public static Command Create()
    {
        var command = new Command("sign-in-link", "Prints a link that signs its first user in to the console of the running service. Works for 10 minutes.") { RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            CertHeraldOptions options = Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption)));
            string token = (await LocalAccess.Find(options.Data).PostAsync("/api/sign-in-links", stopping)).GetProperty("token").GetString()!;
            Console.Out.WriteLine(HeraldHost.LoginLink(options.PublicUrl, token));
            return CommandLine.Done;
        });
        return command.WithExamples("certherald sign-in-link --data /var/lib/certherald");
    }
}
