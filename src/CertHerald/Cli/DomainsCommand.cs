using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Names;

namespace CertHerald.Cli;

/// <summary><c>certherald domains</c>: what the running service watches.</summary>
internal static class DomainsCommand
{
    private static readonly Option<string> Since = new("--since") { Description = "Search the logs back to then, beside the following: 90d, 36h, or a date.", HelpName = "TIME" };

    private static readonly Argument<string[]> Names = new("NAME") { Description = "example.com, .example.com with all below it, or an IP address.", Arity = ArgumentArity.OneOrMore };

    public static Command Create() => new Command("domains", "Shows and changes what the running service watches. Changes are in force at once and survive a restart.")
    {
        List(), Add(), Remove(),
    }.WithExamples("""
        certherald domains list
        certherald domains add .example.com 192.0.2.10
        certherald domains add example.com --lookalikes --preview
        certherald domains remove .example.com
        """);

    private static Command List()
    {
        var command = new Command("list", "Shows every watch item and where it comes from.") { ProtectedCommand.Lookalikes, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            if (parsed.GetValue(ProtectedCommand.Lookalikes)) return await ProtectedCommand.ListAsync(parsed, stopping);
            JsonElement domains = await LocalAccess.Of(parsed).GetAsync("/api/domains", stopping);
            if (parsed.GetValue(LocalAccess.Json)) Console.Out.WriteLine(domains.GetRawText());
            else foreach (JsonElement domain in domains.EnumerateArray()) Console.Out.WriteLine(Describe(domain));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald domains list
            certherald domains list --data /var/lib/certherald --json
            certherald domains list --lookalikes
            """);
    }

    private static Command Add() => Change(
        "add", "Watches these, from now on; with --since also in what the logs showed before.", HttpMethod.Post, _ => "is watched",
        """
        certherald domains add example.com
        certherald domains add .example.com 192.0.2.10 --json
        certherald domains add .example.com --since 90d
        certherald domains add example.com --lookalikes --preview
        certherald domains add example.com --lookalikes --own example.net --threshold 60
        """, [Since, .. ProtectedCommand.Settings]);

    private static Command Remove() => Change(
        "remove", "Ends the watch of items that were added with 'domains add'.", HttpMethod.Delete,
        domain => domain.GetProperty("configured").GetBoolean() ? "was removed, and stays watched: it stands in the configuration as well" : "is not watched any more",
        "certherald domains remove .example.com");

    private static Command Change(string name, string description, HttpMethod method, Func<JsonElement, string> outcome, string examples, params IReadOnlyList<Option> more)
    {
        var command = new Command(name, description) { Names, ProtectedCommand.Lookalikes, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        foreach (Option option in more) command.Options.Add(option);
        command.SetAction(async (parsed, stopping) =>
        {
            if (parsed.GetValue(ProtectedCommand.Lookalikes)) return await ProtectedCommand.ChangeAsync(parsed, method, parsed.GetValue(Names)!, stopping);
            if (more.FirstOrDefault(option => option != Since && parsed.GetResult(option) is { Implicit: false }) is { } alien)
                throw new ConfigurationException([new ConfigurationMistake(alien.Name, "is about protected domains", "give --lookalikes too")]);
            // All are checked before the first is sent.
            List<string> items = [.. parsed.GetValue(Names)!.Select(ItemOf)];
            DateTimeOffset? from = more.Contains(Since) && parsed.GetValue(Since) is { } text ? SinceOf(text) : null;
            LocalAccess service = LocalAccess.Of(parsed);
            foreach (string item in items)
            {
                JsonElement domain = await service.SendAsync(method, $"/api/domains/{Uri.EscapeDataString(item)}", stopping);
                if (domain.TryGetProperty("warning", out JsonElement warning) && warning.ValueKind == JsonValueKind.String) Console.Error.WriteLine($"warning: {warning.GetString()}");
                Console.Out.WriteLine(parsed.GetValue(LocalAccess.Json) ? domain.GetRawText() : $"{item} {outcome(domain)}");
            }
            if (from is not null)
            {
                JsonElement search = await service.SendAsync(HttpMethod.Post, "/api/back-fills", stopping, new { items, since = from });
                Console.Out.WriteLine(parsed.GetValue(LocalAccess.Json) ? search.GetRawText() : $"back-fill {search.GetProperty("id").GetString()} searches {search.GetProperty("logs").GetArrayLength()} logs since {from:yyyy-MM-dd HH:mm}Z: see 'certherald back-fills list'");
                foreach (JsonElement log in search.GetProperty("left_out").EnumerateArray())
                    Console.Error.WriteLine($"warning: {Visible.Of(log.GetProperty("log_description").GetString() ?? "")} is not searched: {log.GetProperty("reason").GetString()}");
            }
            return CommandLine.Done;
        });
        return command.WithExamples(examples);
    }

    private static DateTimeOffset SinceOf(string text) =>
        LogStart.TryParse(text, out LogStart start) && start.SinceAt(DateTimeOffset.UtcNow) is { } since && since < DateTimeOffset.UtcNow
            ? since
            : throw new ConfigurationException([new ConfigurationMistake("--since", $"\"{text}\" is no time in the past", "write a length of time such as 90d or 36h, or a date such as 2026-08-01")]);

    private static string ItemOf(string text)
    {
        WatchList list = WatchLists.Read([text], [], "NAME");
        if (list.Count == 0) throw new ConfigurationException([new ConfigurationMistake("NAME", "is empty", "write example.com or .example.com")]);
        string item = list.Items.Single().Text;
        // A segment of one dot is no segment: no client sends it.
        return item != "." ? item : throw new ConfigurationException([new ConfigurationMistake("NAME", "\".\" watches every name and is not changed while the service runs", "write it into \"watch\" of the configuration")]);
    }

    private static string Describe(JsonElement domain)
    {
        string? added = domain.GetProperty("added") is { ValueKind: JsonValueKind.String } time ? $"added {time.GetDateTimeOffset().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}" : null;
        string? configured = domain.GetProperty("configured").GetBoolean() ? "configuration" : null;
        string? disabled = domain.GetProperty("enabled").GetBoolean() ? null : "disabled";
        return $"{domain.GetProperty("name").GetString(),-40}  {string.Join(", ", new[] { configured, added, disabled }.OfType<string>())}";
    }
}
