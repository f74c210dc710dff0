using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald issuances</c>: the certificates that the running service found.</summary>
internal static class IssuancesCommand
{
    private static readonly Option<string?> Before = new("--before") { Description = "Only those found before the one with this id: the last one of the page before.", HelpName = "ID" };

    private static readonly Option<int> Limit = new("--limit") { Description = "At most so many. Default: 50.", HelpName = "COUNT", DefaultValueFactory = _ => 50 };

    private static readonly Argument<long> Id = new("id") { Description = "The issuance's id, as an alert or 'list' shows it.", HelpName = "ID" };

    public static Command Create() => new Command("issuances", "Shows the certificates that the running service found: whether they are known, who issued them, whether they are revoked; and marks them as yours.")
    {
        List(), Show(), KnownCommand.Authorize("certherald issuances authorize 42"),
    }.WithExamples("""
        certherald issuances list --limit 10
        certherald issuances show 42
        certherald issuances authorize 42
        """);

    private static Command List()
    {
        var command = new Command("list", "Shows them, newest first.") { Before, Limit, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            string before = parsed.GetValue(Before) is { } id ? $"&before={Uri.EscapeDataString(id)}" : "";
            JsonElement page = await LocalAccess.Of(parsed).GetAsync($"/api/issuances?limit={parsed.GetValue(Limit).ToString(CultureInfo.InvariantCulture)}{before}", stopping);
            if (parsed.GetValue(LocalAccess.Json)) parsed.InvocationConfiguration.Output.WriteLine(page.GetRawText());
            else foreach (JsonElement issuance in page.GetProperty("items").EnumerateArray()) parsed.InvocationConfiguration.Output.WriteLine(Line(issuance));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald issuances list
            certherald issuances list --before 1200 --json
            """);
    }

    private static Command Show()
    {
        var command = new Command("show", "Shows one: its names, its issuer, why it is known or not, and what its issuer's revocation list says.") { Id, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement issuance = await LocalAccess.Of(parsed).GetAsync($"/api/issuances/{parsed.GetValue(Id).ToString(CultureInfo.InvariantCulture)}", stopping);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(LocalAccess.Json)) output.WriteLine(issuance.GetRawText());
            else Write(output, issuance);
            return CommandLine.Done;
        });
        return command.WithExamples("certherald issuances show 42");
    }

    private static string Line(JsonElement issuance) =>
        $"{Text(issuance, "id"),8}  {Time(issuance.GetProperty("discovered"))}  {State(issuance),-16}  {Visible.Of(string.Join(' ', Names(issuance).Take(4)))}{(Names(issuance).Count() > 4 ? " …" : "")}";

    private static void Write(TextWriter output, JsonElement issuance)
    {
        JsonElement revocation = issuance.GetProperty("revocation");
        output.WriteLine($"issuance    {Text(issuance, "id")}, {State(issuance)}: {Visible.Of(Text(issuance, "reason"))}");
        output.WriteLine($"discovered  {Time(issuance.GetProperty("discovered"))}");
        output.WriteLine($"names       {Visible.Of(string.Join(' ', Names(issuance)))}");
        output.WriteLine($"issuer      {Visible.Of(Text(issuance.GetProperty("issuer"), "friendly_name"))} ({Visible.Of(Text(issuance.GetProperty("issuer"), "name"))})");
        output.WriteLine($"valid       {Time(issuance.GetProperty("not_before"))} to {Time(issuance.GetProperty("not_after"))}");
        output.WriteLine($"kind        {(issuance.GetProperty("precertificate").GetBoolean() ? "precertificate" : "certificate")}");
        output.WriteLine($"revocation  {Describe(revocation)}");
        output.WriteLine($"tbs sha256  {Text(issuance, "tbs_sha256")}");
        output.WriteLine($"key sha256  {Text(issuance, "pubkey_sha256")}");
    }

    private static string Describe(JsonElement revocation)
    {
        string looked = revocation.GetProperty("checked_at").ValueKind == JsonValueKind.String ? $", looked for {Time(revocation.GetProperty("checked_at"))}" : "";
        string problem = revocation.GetProperty("problem") is { ValueKind: JsonValueKind.String } why ? $" ({Visible.Of(why.GetString()!)})" : "";
        return revocation.GetProperty("revoked").GetBoolean()
            ? $"REVOKED {Time(revocation.GetProperty("time"))}, reason {Text(revocation, "reason_name")}{looked}{problem}"
            : $"{(looked.Length > 0 ? "not revoked" : "not known")}{looked}{problem}";
    }

    private static string State(JsonElement issuance) =>
        (issuance.GetProperty("known").GetBoolean() ? "known" : "unknown") + (issuance.GetProperty("revocation").GetProperty("revoked").GetBoolean() ? ", revoked" : "");

    private static IEnumerable<string> Names(JsonElement issuance) =>
        issuance.GetProperty("dns_names").EnumerateArray().Concat(issuance.GetProperty("ip_addresses").EnumerateArray()).Select(name => name.GetString()!);

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";

    private static string Time(JsonElement time) => time.ValueKind == JsonValueKind.String ? $"{time.GetDateTimeOffset().UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC" : "?";
}
