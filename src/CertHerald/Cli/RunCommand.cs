using System.Collections;
using System.CommandLine;
using System.Runtime.InteropServices;
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
            string? config = parsed.GetValue(ConfigOption);
            var overrides = new CommandLineOverrides(parsed.GetValue(DataOption), parsed.GetValue(ListenOption));
            return await RunAsync(() => Configuration.Read(config, overrides), stopping);
        });
        return command.WithExamples("""
            certherald run
            certherald run --config /etc/certherald.json --data /var/lib/certherald
            kill -HUP PID      reads the configuration and its files again: watch, known, look-alikes, webhooks, smtp, outbound, oidc; so does saving them
            """);
    }

    /// <summary>Runs until cancelled; says where the console is and how to get in. SIGHUP, and a change of its files, reload what can be.</summary>
    /// <param name="environment">Null: that of the process.</param>
    public static async Task<int> RunAsync(Func<CertHeraldOptions> read, CancellationToken stopping, IDictionary? environment = null)
    {
        HeraldHost? running = null;
        using var manager = new SystemdNotice(environment ?? Environment.GetEnvironmentVariables(), TimeProvider.System);
        // On Windows this signal means that the window is closed. Before the service stands there is nothing to reload.
        using PosixSignalRegistration? hangup = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            Volatile.Read(ref running)?.Reload();
        });
        await using HeraldHost service = await HeraldHost.StartAsync(read, stopping);
        Volatile.Write(ref running, service);
        foreach (string warning in service.Options.Warnings) StandardErrorLog.WriteLine($"warning: {warning}");
        StandardErrorLog.WriteLine($"certherald {VersionCommand.Version} answers on {service.Address}");
        StandardErrorLog.WriteLine($"console, for the next 10 minutes and once: {service.CreateLoginLink(service.Options.PublicUrl)}");
        manager.Ready($"answers on {service.Address}");
        using CancellationTokenRegistration telling = stopping.Register(manager.Stopping);
        await service.WaitForShutdownAsync(stopping);
        if (service.HasBroken) throw new CommandFailedException("the service ended by itself: its log says why");
        StandardErrorLog.WriteLine("stopped");
        return CommandLine.Done;
    }
}
