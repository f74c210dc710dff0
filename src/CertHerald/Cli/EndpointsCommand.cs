using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald endpoints</c>: the user's names that certificates have shown.</summary>
internal static class EndpointsCommand
{
    private static readonly Option<string?> Domain = new("--domain") { Description = "Only names that are watched as this, such as .example.com.", HelpName = "DOMAIN" };

    private static readonly Option<bool> Missing = new("--missing") { Description = "Only names whose certificate ends soon without a successor in a log; those that end first, first." };

    private static readonly Option<int> Limit = new("--limit") { Description = "At most so many. Default: all.", HelpName = "COUNT" };

    public static Command Create() => new Command("endpoints", "Shows the names of watched domains that certificates have shown, and whose renewal is missing.") { List() }.WithExamples("""
        certherald endpoints list
        certherald endpoints list --missing
        """);

    private static Command List()
    {
        var command = new Command("list", "Shows each name with the certificate that covers it longest: its end, its issuer, its state.") { Domain, Missing, Limit, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            LocalAccess service = LocalAccess.Of(parsed);
            int left = parsed.GetValue(Limit) is > 0 and var most ? most : int.MaxValue;
            var items = new List<JsonElement>();
            for (string? after = ""; after is not null && left > 0;)
            {
                string query = $"limit={Math.Min(left, 1_000).ToString(CultureInfo.InvariantCulture)}&after={Uri.EscapeDataString(after)}&domain={Uri.EscapeDataString(parsed.GetValue(Domain) ?? "")}{(parsed.GetValue(Missing) ? "&state=renewal_missing" : "")}";
                JsonElement page = await service.GetAsync($"/api/endpoints?{query}", stopping);
                foreach (JsonElement name in page.GetProperty("items").EnumerateArray())
                {
                    left--;
                    if (parsed.GetValue(LocalAccess.Json)) items.Add(name);
                    else output.WriteLine(Line(name));
                }
                after = page.GetProperty("next").GetString();
            }
            if (parsed.GetValue(LocalAccess.Json)) output.WriteLine($"[{string.Join(",\n", items.Select(name => name.GetRawText()))}]");
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald endpoints list --domain .example.com
            certherald endpoints list --missing --json
            """);
    }

    private static string Line(JsonElement name)
    {
        JsonElement certificate = name.GetProperty("certificate");
        string state = name.GetProperty("state").GetString()!.Replace('_', ' ');
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Visible.Of(name.GetProperty("dns_name").GetString()!),-40}  {certificate.GetProperty("not_after").GetDateTimeOffset().UtcDateTime:yyyy-MM-dd HH:mm} UTC  {state,-15}  {Visible.Of(certificate.GetProperty("issuer").GetProperty("friendly_name").GetString()!)}, issuance {certificate.GetProperty("id").GetString()}{(certificate.GetProperty("wildcard").GetBoolean() ? ", by a wildcard" : "")}{(certificate.GetProperty("revoked").GetBoolean() ? ", REVOKED" : "")}");
    }
}
