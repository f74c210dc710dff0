using System.CommandLine;
using CertHerald.Configuring;
using CertHerald.Delivering;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald data</c>: lists about names, kept in the data directory.</summary>
internal static class DataCommand
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        var command = new Command("data", "Shows the lists about names in the data directory: public suffixes and Unicode's tables, with their versions.")
        { CreateRefresh(), RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(parsed =>
        {
            Show(OptionsOf(parsed).Data, Console.Out);
            return CommandLine.Done;
        });
        return command;
    }

    private static Command CreateRefresh()
    {
        Option<string?>[] options = [.. NameData.All.Select(list => new Option<string?>(list.Option) { Description = $"Where {list.File} is: {list.Meaning}.", HelpName = "URL|FILE" })];
        var command = new Command("refresh", "Takes new lists, checks them, and keeps them in the data directory.") { RunCommand.ConfigOption, RunCommand.DataOption };
        foreach (Option<string?> option in options) command.Options.Add(option);
        command.SetAction(async (parsed, stopping) =>
        {
            (NameList List, string Source)[] wanted = [.. NameData.All.Zip(options, (list, option) => (list, parsed.GetValue(option)!)).Where(one => one.Item2 is not null)];
            if ((wanted.Length == 0 ? $"name at least one source: {string.Join(", ", NameData.All.Select(list => list.Option))}" : wanted.Select(one => NamedSource.Refusal(one.List.Option, one.Source)).FirstOrDefault(refusal => refusal is not null)) is { } mistake)
            {
                Console.Error.WriteLine(mistake);
                return CommandLine.Misused;
            }
            CertHeraldOptions configured = OptionsOf(parsed);
            await RefreshAsync(wanted, configured.Data, configured.Outbound, Console.Out, stopping);
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald data refresh --suffixes https://publicsuffix.org/list/public_suffix_list.dat
            certherald data refresh --suffixes /usr/share/publicsuffix/public_suffix_list.dat
            certherald data refresh --confusables confusables.txt --idna IdnaMappingTable.txt --data /var/lib/certherald
            """);
    }

    /// <summary>Reads and checks all, then writes: one that fails leaves everything as it was.</summary>
    /// <exception cref="CommandFailedException">A list cannot be had or is another, or the directory cannot be written.</exception>
    internal static async Task RefreshAsync(IReadOnlyList<(NameList List, string Source)> wanted, string data, OutboundOptions outbound, TextWriter output, CancellationToken stopping)
    {
        var files = new List<(NameList List, byte[] File)>();
        foreach ((NameList list, string source) in wanted)
        {
            var reading = new NamedSource(outbound, list.Option, "list", "see where it is published now", "the list has never been that long", NameList.MostBytes, Longest);
            byte[] file = await reading.ReadAsync(source, stopping);
            if (list.Check(file).Problem is { } problem) throw new CommandFailedException($"{Visible.Of(source)} is not {list.File}: {problem}");
            files.Add((list, file));
        }
        foreach ((NameList list, byte[] file) in files)
        {
            list.Write(data, file);
            output.WriteLine($"{list.File}  {list.Describe(data)}");
        }
    }

    internal static void Show(string data, TextWriter output)
    {
        int width = NameData.All.Max(list => list.File.Length);
        foreach (NameList list in NameData.All) output.WriteLine($"{list.File.PadRight(width)}  {list.Describe(data)}");
    }

    private static CertHeraldOptions OptionsOf(ParseResult parsed) =>
        Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption)));
}
