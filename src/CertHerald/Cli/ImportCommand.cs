using System.CommandLine;
using System.Diagnostics.Metrics;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Names;
using CertHerald.Storage;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Cli;

/// <summary><c>certherald import</c>: takes over from another monitor.</summary>
internal static class ImportCommand
{
    private const int MostStateBytes = 1 << 20, MostLogs = 10_000;

    private static readonly Argument<string> StateDirectory = new("DIR") { Description = "Its state directory, such as ~/.certspotter. It is only read." };

    private static readonly Option<string?> WatchListFile = new("--watchlist") { Description = "Its watch list. Default: DIR/watchlist, if it is there.", HelpName = "FILE" };

    public static Command Create() => new Command("import", "Takes over what another monitor watches, and goes on where it stopped.") { CertSpotter() }.WithExamples("""
        certherald import certspotter ~/.certspotter --data /var/lib/certherald
        """);

    private static Command CertSpotter()
    {
        var command = new Command("certspotter", "Takes over the watch list and the positions of SSLMate's open-source certspotter, from version 0.15 on. Stop both first.")
        { StateDirectory, WatchListFile, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            string directory = parsed.GetValue(StateDirectory)!;
            CertHeraldOptions options = Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption)));
            Imported imported = await RunAsync(directory, parsed.GetValue(WatchListFile), options, parsed.InvocationConfiguration.Error, stopping);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? imported.ToJson() : imported.ToString());
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald import certspotter ~/.certspotter
            certherald import certspotter /var/lib/certspotter --watchlist /etc/certspotter/watchlist --data /var/lib/certherald
            """);
    }

    /// <exception cref="CommandFailedException">The directory is none of certspotter's, or of another version.</exception>
    /// <exception cref="ConfigurationException">The watch list has mistakes.</exception>
    /// <exception cref="StoreInUseException">A service runs.</exception>
    private static async Task<Imported> RunAsync(string directory, string? watchListFile, CertHeraldOptions options, TextWriter errors, CancellationToken stopping)
    {
        IReadOnlyDictionary<LogId, TreeSize> positions = PositionsIn(directory, errors);
        string usual = Path.Combine(directory, "watchlist");
        string? file = watchListFile ?? (File.Exists(usual) ? usual : null);
        WatchList watched = WatchList.Empty;
        if (file is not null)
        {
            var mistakes = new List<ConfigurationMistake>();
            watched = WatchLists.Read([], [file], "--watchlist", mistakes, out IReadOnlyList<string> warnings);
            if (mistakes.Count > 0) throw new ConfigurationException(mistakes);
            foreach (string warning in warnings) errors.WriteLine($"warning: {warning}");
        }

        using var meter = new Meter("CertHerald");
        // Whoever opens it is the one instance: no service runs.
        await using IStore store = Stores.Open(options.Store, options.Data, TimeProvider.System, meter);
        int added = 0, begun = 0;
        foreach (WatchItem item in watched.Items)
            if (await store.AddItemAsync(new AddedItem(item.Text, TimeProvider.System.GetUtcNow()), stopping)) added++;
        foreach (LogId log in positions.Keys)
            if ((await store.LanesAsync(log, stopping)).Count > 0) begun++;
        ImportedStarts.Write(options.Data, positions);
        return new Imported(watched.Count, added, positions.Count, begun);
    }

    /// <summary>How far each log is verified: what was only downloaded is read again.</summary>
    private static Dictionary<LogId, TreeSize> PositionsIn(string directory, TextWriter errors)
    {
        string version = Path.Combine(directory, "version"), logs = Path.Combine(directory, "logs");
        if (!File.Exists(version) || !Directory.Exists(logs)) throw new CommandFailedException($"{directory} is no state directory of certspotter: it has no 'version' and 'logs'; name the one that certspotter's -state_dir names");
        if (TextOf(version).Trim() is not "2" and var other)
            throw new CommandFailedException($"{directory} is of version {Inspecting.Visible.Of(other[..Math.Min(other.Length, 20)])}, and 2 is known: run certspotter 0.15 to 0.24 on it once");

        var positions = new Dictionary<LogId, TreeSize>();
        foreach (string log in Directory.EnumerateDirectories(logs).Order(StringComparer.Ordinal).Take(MostLogs))
        {
            string state = Path.Combine(log, "state.json");
            if (!File.Exists(state)) continue;
            if (ImportedStarts.IdOf(Path.GetFileName(log)) is { } id && ReadSize(TextOf(state)) is { } size) positions[id] = size;
            else errors.WriteLine($"warning: {state} cannot be read: its log begins as \"logs.start\" says");
        }
        return positions;
    }

    private static TreeSize? ReadSize(string state)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(state);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("verified_position", out JsonElement position) && position.ValueKind == JsonValueKind.Object
                && position.TryGetProperty("size", out JsonElement size) && size.ValueKind == JsonValueKind.Number && size.TryGetUInt64(out ulong value)
                ? ImportedStarts.SizeOf(value)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string TextOf(string path) =>
        new FileInfo(path).Length <= MostStateBytes ? File.ReadAllText(path) : throw new CommandFailedException($"{path} is larger than {MostStateBytes >> 20} MiB: it is not certspotter's");

    /// <summary>What was taken over.</summary>
    /// <param name="WatchItems">In the watch list; <paramref name="Added"/> of them were not watched before.</param>
    /// <param name="Logs">With a position; <paramref name="AlreadyFollowed"/> of them go on where this service is.</param>
    private sealed record Imported(int WatchItems, int Added, int Logs, int AlreadyFollowed)
    {
        public string ToJson() => JsonSerializer.Serialize(new { watch_items = WatchItems, added = Added, logs = Logs, already_followed = AlreadyFollowed });

        public override string ToString() =>
            $"{WatchItems} watch items, {Added} of them new; positions of {Logs} logs"
            + (AlreadyFollowed > 0 ? $", {AlreadyFollowed} of which are followed already and go on where they are" : "")
            + ": the next start goes on there";
    }
}
