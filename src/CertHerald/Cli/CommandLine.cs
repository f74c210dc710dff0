using System.CommandLine;
using System.Runtime.InteropServices;
using CertHerald.Configuring;
using CertHerald.Storage;
using CertHerald.Storage.Secrets;

namespace CertHerald.Cli;

/// <summary>How every command starts and ends: exit codes, signals, mistakes in words.</summary>
internal static class CommandLine
{
    public const int Done = 0, Failed = 1, Misused = 2;

    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors) Console.Error.WriteLine(error.Message);
            Console.Error.WriteLine($"certherald {string.Join(' ', PathOf(parsed))} --help shows how it is used.".Replace("  ", " ", StringComparison.Ordinal));
            return Misused;
        }

        // 130 and 143 are what shells expect after Ctrl-C and a plain kill; the stop itself is clean.
        int signal = 0;
        using var stopping = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, 130));
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, 143));
        try
        {
            int code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stopping.Token);
            return signal != 0 ? signal : code;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return signal;
        }
        catch (ConfigurationException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return Misused;
        }
        catch (StoreException failure) when (failure is StoreInUseException or SecretKeyException)
        {
            Console.Error.WriteLine(failure.Message);
            return Misused;
        }
        catch (Exception failure) when (failure is StoreException or CommandFailedException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(failure.Message);
            return Failed;
        }

        void Stop(PosixSignalContext context, int code)
        {
            // A second Ctrl-C ends at once, as people expect.
            if (signal != 0) return;
            context.Cancel = true;
            signal = code;
            stopping.Cancel();
        }
    }

    private static Stack<string> PathOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is System.CommandLine.Parsing.CommandResult { Command: not RootCommand } command; at = at.Parent)
            names.Push(command.Command.Name);
        return names;
    }
}

/// <summary>A command cannot do what it was asked. The message says why and what to do; exit code 1.</summary>
internal sealed class CommandFailedException : Exception
{
    public CommandFailedException(string message) : base(message) { }

    public CommandFailedException(string message, Exception inner) : base(message, inner) { }
}
