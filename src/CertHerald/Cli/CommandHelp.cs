using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace CertHerald.Cli;

/// <summary>Examples below a command's help, and only there: lists of commands stay a line each.</summary>
internal static class CommandHelp
{
    private static readonly Dictionary<Command, string> Examples = [];

    public static Command WithExamples(this Command command, string examples)
    {
        Examples.Add(command, examples);
        return command;
    }

    /// <summary>Lets <c>--help</c> show them.</summary>
    public static RootCommand WithHelp(this RootCommand root)
    {
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((SynchronousCommandLineAction)help.Action!);
        return root;
    }

    private sealed class HelpWithExamples(SynchronousCommandLineAction plain) : SynchronousCommandLineAction
    {
        // Who asks for help need not have given what a command requires.
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = plain.Invoke(parseResult);
            if (Examples.TryGetValue(parseResult.CommandResult.Command, out string? examples))
            {
                Console.Out.WriteLine("Examples:");
                foreach (string line in examples.Split('\n')) Console.Out.WriteLine($"  {line}");
                Console.Out.WriteLine();
            }
            return code;
        }
    }
}
