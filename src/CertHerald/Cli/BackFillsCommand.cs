using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald back-fills</c>: the searches of the past that <c>domains add --since</c> began.</summary>
internal static class BackFillsCommand
{
    private static readonly Argument<long> Id = new("ID") { Description = "As 'certherald back-fills list' shows it." };

    public static Command Create() => new Command("back-fills", "Shows and steers the searches of the past that 'certherald domains add --since' began. They survive a restart.")
    {
        List(),
        Change("pause", "Lets a search rest. Its position stays.", HttpMethod.Post, "/pause", "is paused"),
        Change("resume", "Goes on with a search where it stopped.", HttpMethod.Post, "/resume", "goes on"),
        Change("remove", "Forgets a search, done or not. What it found stays.", HttpMethod.Delete, "", "is removed"),
    }.WithExamples("""
        certherald back-fills list
        certherald back-fills pause 3
        certherald back-fills resume 3
        """);

    private static Command List()
    {
        var command = new Command("list", "Shows every search: how far it is, and how long it will take.") { LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement searches = await LocalAccess.Of(parsed).GetAsync("/api/back-fills", stopping);
            if (parsed.GetValue(LocalAccess.Json)) Console.Out.WriteLine(searches.GetRawText());
            else if (searches.GetArrayLength() == 0) Console.Out.WriteLine("no search of the past: begin one with 'certherald domains add NAME --since 90d'");
            else foreach (JsonElement search in searches.EnumerateArray()) Write(Console.Out, search);
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald back-fills list
            certherald back-fills list --json
            """);
    }

    private static Command Change(string name, string description, HttpMethod method, string action, string outcome)
    {
        var command = new Command(name, description) { Id, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            string id = parsed.GetValue(Id).ToString(CultureInfo.InvariantCulture);
            JsonElement search = await LocalAccess.Of(parsed).SendAsync(method, $"/api/back-fills/{id}{action}", stopping);
            Console.Out.WriteLine(parsed.GetValue(LocalAccess.Json) ? search.GetRawText() : $"back-fill {id} {outcome}");
            return CommandLine.Done;
        });
        return command.WithExamples($"certherald back-fills {name} 3");
    }

    internal static void Write(TextWriter output, JsonElement search)
    {
        ulong read = search.GetProperty("read").GetUInt64(), total = search.GetProperty("total").GetUInt64();
        string left = total > read && search.GetProperty("seconds_left") is { ValueKind: JsonValueKind.Number } seconds ? $", {TimeSpan.FromSeconds(seconds.GetInt64())} left" : "";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{search.GetProperty("id").GetString(),-4} {search.GetProperty("state").GetString(),-8} {read:#,0} of {total:#,0} entries{left}  since {search.GetProperty("since").GetDateTimeOffset():yyyy-MM-dd HH:mm}Z  {string.Join(' ', search.GetProperty("items").EnumerateArray().Select(item => item.GetString()))}"));
        foreach (JsonElement log in search.GetProperty("logs").EnumerateArray())
            if (log.GetProperty("problem").GetString() is { } problem)
                output.WriteLine($"       {Visible.Of(log.GetProperty("log_description").GetString() ?? "")}: {problem}");
    }
}
