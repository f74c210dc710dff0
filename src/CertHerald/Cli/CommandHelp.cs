using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace CertHerald.Cli;

/// <summary>Examples below a command's help, and only there: lists of commands stay a line each.</summary>
internal static class CommandHelp
{
    private static readonly ConditionalWeakTable<Command, string> Examples = [];

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
                parseResult.InvocationConfiguration.Output.WriteLine("Examples:");
                foreach (string line in examples.Split('\n')) parseResult.InvocationConfiguration.Output.WriteLine($"  {line}");
                parseResult.InvocationConfiguration.Output.WriteLine();
            }
            return code;
        }
    }
}
