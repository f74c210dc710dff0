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
        var command = new Command("logs", "Shows the logs that the running service follows: state, position, proven size, head, backlog, rate, time left, and the last incident.") { LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.Subcommands.Add(Close());
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement logs = await LocalAccess.Of(parsed).GetAsync("/api/logs", stopping);
            if (parsed.GetValue(LocalAccess.Json)) Console.Out.WriteLine(logs.GetRawText());
            else Write(Console.Out, logs);
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald logs
            certherald logs --data /var/lib/certherald --json
            certherald logs close-incident 17
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
            ["state", "position", "proven", "head", "backlog", "rate/s", "left", "incident", "log"],
            .. logs.EnumerateArray().Select(log => (string[])
            [
                Text(log, "state"), Number(log, "position"), Number(log, "proven"), Number(log, "head_size"), Number(log, "lag"), Rate(log), Left(log), Incident(log),
                Text(log, "description") + (log.GetProperty("last_error").GetString() is { } error ? $"  ({Visible.Of(error)})" : ""),
            ]),
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
            output.WriteLine(string.Join("  ", row.Select((cell, column) =>
                column == row.Length - 1 ? cell : column is 0 or 7 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))));
    }

    private static Command Close()
    {
        var id = new Argument<long>("ID") { Description = "The incident's number, as console and API show it." };
        var command = new Command("close-incident", "Closes an incident that has been dealt with. One whose cause still holds opens again.") { id, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement closed = await LocalAccess.Of(parsed).PostAsync($"/api/incidents/{parsed.GetValue(id).ToString(CultureInfo.InvariantCulture)}/close", stopping);
            Console.Out.WriteLine(parsed.GetValue(LocalAccess.Json) ? closed.GetRawText() : $"{Text(closed, "kind")} of {Text(closed, "log_description")} is closed");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald logs close-incident 17");
    }

    private static string Rate(JsonElement log) =>
        log.GetProperty("rate") is { ValueKind: JsonValueKind.Number } rate ? rate.GetDouble().ToString("#,0.#", CultureInfo.InvariantCulture) : "-";

    /// <summary>Time left at the present rate.</summary>
    private static string Left(JsonElement log)
    {
        if (log.GetProperty("seconds_left") is not { ValueKind: JsonValueKind.Number } left) return "-";
        double seconds = left.GetDouble();
        return seconds switch
        {
            < 120 => $"{seconds:0}s",
            < 7_200 => $"{Math.Ceiling(seconds / 60):0}m",
            < 172_800 => $"{Math.Ceiling(seconds / 3_600):0}h",
            _ => $"{Math.Ceiling(seconds / 86_400):0}d",
        };
    }

    /// <summary>The last one: its number while it is open, since that is what closes it.</summary>
    private static string Incident(JsonElement log) => log.GetProperty("last_incident") is { ValueKind: JsonValueKind.Object } last
        ? last.GetProperty("closed").ValueKind == JsonValueKind.Null ? $"{Text(last, "kind")} #{Text(last, "id")} ({Text(last, "severity")})" : $"{Text(last, "kind")}, closed"
        : "-";

    private static string Text(JsonElement log, string member) => Visible.Of(log.GetProperty(member).GetString() ?? "-");

    private static string Number(JsonElement log, string member) =>
        log.GetProperty(member) is { ValueKind: JsonValueKind.Number } number ? number.GetUInt64().ToString("#,0", CultureInfo.InvariantCulture) : "-";
}
