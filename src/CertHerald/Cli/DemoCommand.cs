using System.CommandLine;

namespace CertHerald.Cli;

internal static class DemoCommand
{
    public static Command Create() => new("demo", "x");
}
