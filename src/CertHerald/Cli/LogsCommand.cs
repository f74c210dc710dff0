using System.CommandLine;

namespace CertHerald.Cli;

internal static class LogsCommand
{
    public static Command Create() => new("logs", "Shows the logs that a running service follows.");
}
