using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald logs</c>: the logs that the running service follows.</summary>
internal static class LogsCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON, as the API gives it." };
        var command = new Command("logs", "Shows the logs that the running service follows: state, position, head, lag, and whether all that was read is proven.") { json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            CertHeraldOptions options = Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption)));
            JsonElement logs = await LocalAccess.Find(options.Data).GetAsync("/api/logs", stopping);
            if (parsed.GetValue(json)) Console.Out.WriteLine(logs.GetRawText());
            else Write(Console.Out, logs);
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald logs
            certherald logs --data /var/lib/certherald --json
            """);
    }

    internal static void Write(TextWriter output, JsonElement logs)
    {
        if (logs.GetArrayLength() == 0)
        {
            output.WriteLine("no log is followed yet");
            return;
        }
        string[][] rows =
        [
            ["state", "position", "head", "lag", "verified", "log"],
            .. logs.EnumerateArray().Select(log => (string[])
            [
                Text(log, "state"), Number(log, "position"), Number(log, "head_size"), Number(log, "lag"),
                log.GetProperty("proven").GetUInt64() == log.GetProperty("position").GetUInt64() ? "yes" : "no",
                Text(log, "description") + (log.GetProperty("last_error").GetString() is { } error ? $"  ({Visible.Of(error)})" : ""),
            ]),
        ];
        int[] widths = [.. Enumerable.Range(0, 5).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
            output.WriteLine($"{row[0].PadRight(widths[0])}  {row[1].PadLeft(widths[1])}  {row[2].PadLeft(widths[2])}  {row[3].PadLeft(widths[3])}  {row[4].PadRight(widths[4])}  {row[5]}");
    }

    private static string Text(JsonElement log, string member) => Visible.Of(log.GetProperty(member).GetString() ?? "-");

    private static string Number(JsonElement log, string member) =>
        log.GetProperty(member) is { ValueKind: JsonValueKind.Number } number ? number.GetUInt64().ToString("#,0", CultureInfo.InvariantCulture) : "-";
}
