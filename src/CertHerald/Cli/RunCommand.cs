using System.CommandLine;
using CertHerald.Configuring;

namespace CertHerald.Cli;

/// <summary><c>certherald run</c>: the service.</summary>
internal static class RunCommand
{
    public static Option<string?> ConfigOption { get; } = new("--config") { Description = "Configuration file. Default: certherald.json, if it is there.", HelpName = "FILE" };

    public static Option<string?> DataOption { get; } = new("--data") { Description = "Directory for database, caches and keys. Default: ./data", HelpName = "DIR" };

    public static Option<string?> ListenOption { get; } = new("--listen") { Description = "Where console and API answer. Default: http://127.0.0.1:8470", HelpName = "URL" };

    public static Command Create()
    {
        var command = new Command("run", "Runs the service: follows logs, finds, delivers, and answers console and API. Ends cleanly on Ctrl-C.")
        { ConfigOption, DataOption, ListenOption };
        command.SetAction(async (parsed, stopping) =>
        {
            CertHeraldOptions options = Configuration.Read(
                parsed.GetValue(ConfigOption), new CommandLineOverrides(parsed.GetValue(DataOption), parsed.GetValue(ListenOption)));
            return await RunAsync(options, stopping);
        });
        return command.WithExamples("""
            certherald run
            certherald run --config /etc/certherald.json --data /var/lib/certherald
            """);
    }

    /// <summary>Runs until cancelled; says where the console is and how to get in.</summary>
    public static async Task<int> RunAsync(CertHeraldOptions options, CancellationToken stopping)
    {
        foreach (string warning in options.Warnings) Console.Error.WriteLine($"warning: {warning}");
        await using Service service = await Service.StartAsync(options, stopping);
        Console.Error.WriteLine($"certherald {VersionCommand.Version} answers on {service.Address}");
        Console.Error.WriteLine($"console, for the next 10 minutes and once: {service.CreateLoginLink(options.PublicUrl)}");
        await service.WaitForShutdownAsync(stopping);
        if (service.HasBroken) throw new CommandFailedException("the service ended by itself: its log says why");
        Console.Error.WriteLine("stopped");
        return CommandLine.Done;
    }
}
