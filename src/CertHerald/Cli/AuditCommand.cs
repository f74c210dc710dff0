using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald audit</c>: who changed what in the running service.</summary>
internal static class AuditCommand
{
    private static readonly Option<int> Limit = new("--limit") { Description = "How many, newest first.", HelpName = "NUMBER", DefaultValueFactory = _ => 100 };

    private static readonly Option<long?> Before = new("--before") { Description = "Only those below this id.", HelpName = "ID" };

    public static Command Create() => new Command("audit", "Shows who changed what.") { List() }.WithExamples("certherald audit list");

    private static Command List()
    {
        var command = new Command("list", "Shows who changed what, newest first.") { Limit, Before, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            string path = $"/api/audit?limit={parsed.GetValue(Limit).ToString(CultureInfo.InvariantCulture)}&before={parsed.GetValue(Before)?.ToString(CultureInfo.InvariantCulture)}";
            JsonElement page = await LocalAccess.Of(parsed).GetAsync(path, stopping);
            if (parsed.GetValue(LocalAccess.Json)) parsed.InvocationConfiguration.Output.WriteLine(page.GetRawText());
            else foreach (JsonElement entry in page.GetProperty("items").EnumerateArray()) parsed.InvocationConfiguration.Output.WriteLine(Describe(entry));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald audit list
            certherald audit list --limit 1000 --json
            """);
    }

    private static string Describe(JsonElement entry)
    {
        string At(string member) => Visible.Of(entry.GetProperty(member).GetString()!);
        string time = entry.GetProperty("at").GetDateTimeOffset().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return $"{At("id"),6}  {time}  {At("who"),-20}  {At("outcome"),-11}  {At("method")} {At("resource")}";
    }
}
