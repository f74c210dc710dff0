using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;

namespace CertHerald.Cli;

/// <summary><c>certherald version</c>.</summary>
internal static class VersionCommand
{
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static Command Create()
    {
        var command = new Command("version", "Prints the version and the runtime it works on.");
        command.SetAction(_ => Console.Out.WriteLine($"certherald {Version} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})"));
        return command.WithExamples("certherald version");
    }
}
