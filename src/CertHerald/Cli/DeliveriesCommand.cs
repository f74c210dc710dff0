using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald deliveries</c>: what webhooks are owed and got, and how to send it again.</summary>
internal static class DeliveriesCommand
{
    private static readonly Argument<long> Id = new("ID") { Description = "As 'certherald deliveries list' shows it." };

    private static readonly Argument<long[]> Ids = new("ID") { Description = "As 'certherald deliveries list' shows them.", Arity = ArgumentArity.ZeroOrMore };

    private static readonly Option<string> Webhook = new("--webhook") { Description = "Only those of this webhook.", HelpName = "NAME" };

    private static readonly Option<string> State = new("--state") { Description = "Only those in this state: pending, inflight, done, dead, held, joined or cancelled.", HelpName = "STATE" };

    private static readonly Option<string> ReplayState = new("--state") { Description = "Only those that are dead, held, or undelivered: no attempt of theirs succeeded.", HelpName = "STATE" };

    private static readonly Option<int> Limit = new("--limit") { Description = "The newest so many. Default: 100.", DefaultValueFactory = _ => 100 };

    private static readonly Option<string> From = new("--from") { Description = "Owed then or later: 2026-11-21, 2026-11-21T10:00Z, or 2d for two days ago.", HelpName = "TIME" };

    private static readonly Option<string> Until = new("--until") { Description = "Owed before.", HelpName = "TIME" };

    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only say how many, from when to when." };

    private static readonly Option<bool> AsNew = new("--as-new") { Description = "Send under a new key, so that receivers which keep keys take it again." };

    public static Command Create() => new Command("deliveries", "Shows what webhooks are owed and got, and sends it again.")
    {
        List(), Show(), Replay(), Cancel(),
    }.WithExamples("""
        certherald deliveries list --state dead
        certherald deliveries show 1204
        certherald deliveries replay --state dead --webhook siem --dry-run
        """);

    private static Command List()
    {
        var command = new Command("list", "Shows deliveries, the newest first.") { State, Webhook, Limit, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            string query = $"?state={Uri.EscapeDataString(parsed.GetValue(State) ?? "")}&webhook={Uri.EscapeDataString(parsed.GetValue(Webhook) ?? "")}&limit={parsed.GetValue(Limit).ToString(CultureInfo.InvariantCulture)}";
            JsonElement page = await LocalAccess.Of(parsed).GetAsync($"/api/deliveries{query}", stopping);
            if (parsed.GetValue(LocalAccess.Json)) Console.Out.WriteLine(page.GetRawText());
            else if (page.GetProperty("items").GetArrayLength() == 0) Console.Out.WriteLine(parsed.GetValue(State) is null && parsed.GetValue(Webhook) is null ? "no deliveries yet" : "no deliveries of that state and webhook");
            else foreach (JsonElement delivery in page.GetProperty("items").EnumerateArray()) Console.Out.WriteLine(Describe(delivery));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald deliveries list
            certherald deliveries list --state held --webhook siem --json
            """);
    }

    private static readonly string[] Phases = ["dns", "connect", "tls", "headers", "body"];

    private static Command Show()
    {
        var command = new Command("show", "Shows a delivery with each attempt, and what the receiver answered.") { Id, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement delivery = await LocalAccess.Of(parsed).GetAsync($"/api/deliveries/{Text(parsed.GetValue(Id))}", stopping);
            if (parsed.GetValue(LocalAccess.Json))
            {
                Console.Out.WriteLine(delivery.GetRawText());
                return CommandLine.Done;
            }

            Console.Out.WriteLine(Describe(delivery));
            Console.Out.WriteLine($"key {delivery.GetProperty("key").GetString()}");
            if (delivery.GetProperty("held_because").GetString() is { } reason) Console.Out.WriteLine($"held: {Visible.Of(reason)}");
            foreach (JsonElement attempt in delivery.GetProperty("attempts").EnumerateArray())
            {
                string status = attempt.GetProperty("status") is { ValueKind: JsonValueKind.Number } number ? $" {number.GetInt32().ToString(CultureInfo.InvariantCulture)}" : "";
                Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{attempt.GetProperty("started").GetDateTimeOffset():yyyy-MM-dd HH:mm:ss}Z  {attempt.GetProperty("outcome").GetString()}{status}  {attempt.GetProperty("took_ms").GetDouble():0} ms{(attempt.GetProperty("counted").GetBoolean() ? "" : "  not counted")}  {Visible.Of(attempt.GetProperty("detail").GetString() ?? "")}").TrimEnd());
                if (PhasesOf(attempt) is { Length: > 0 } phases) Console.Out.WriteLine($"    {phases}");
                if (attempt.GetProperty("answer").GetString() is { Length: > 0 } answer) Console.Out.WriteLine($"    {Visible.Of(answer.Length <= 200 ? answer : answer[..200] + "…")}");
            }
            return CommandLine.Done;
        });
        return command.WithExamples("certherald deliveries show 1204");
    }

    /// <summary>Where the attempt went and what it waited for; empty if it came to nothing, or an older program made it.</summary>
    private static string PhasesOf(JsonElement attempt)
    {
        IEnumerable<string> parts = Phases
            .Where(part => attempt.TryGetProperty(part + "_ms", out JsonElement took) && took.ValueKind == JsonValueKind.Number)
            .Select(part => string.Create(CultureInfo.InvariantCulture, $"{part} {attempt.GetProperty(part + "_ms").GetDouble():0.0} ms"));
        string phases = string.Join(", ", parts);
        return attempt.TryGetProperty("peer", out JsonElement peer) && peer.GetString() is { } address ? $"{Visible.Of(address)}: {phases}" : phases;
    }

    private static Command Replay()
    {
        var command = new Command("replay", "Sends deliveries again, at half the rate of their webhook: the same bytes under the same key. What waits is due now.")
        {
            Ids, ReplayState, Webhook, From, Until, DryRun, AsNew, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption,
        };
        command.SetAction(async (parsed, stopping) =>
        {
            long[] ids = parsed.GetValue(Ids) ?? [];
            JsonElement outcome = await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, "/api/deliveries/replay", stopping, new
            {
                ids = ids.Length > 0 ? ids.Select(Text) : null,
                webhook = parsed.GetValue(Webhook),
                from = TimeOf(parsed, From),
                until = TimeOf(parsed, Until),
                state = parsed.GetValue(ReplayState),
                dry_run = parsed.GetValue(DryRun),
                as_new = parsed.GetValue(AsNew),
            });
            Console.Out.WriteLine(parsed.GetValue(LocalAccess.Json) ? outcome.GetRawText() : DescribeReplay(outcome));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald deliveries replay 1204
            certherald deliveries replay --state dead --dry-run
            certherald deliveries replay --webhook siem --from 2026-11-20 --until 2026-11-21 --as-new
            """);
    }

    private static Command Cancel()
    {
        var command = new Command("cancel", "Calls a delivery off that waits or is held. It can be replayed.") { Id, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement delivery = await LocalAccess.Of(parsed).SendAsync(HttpMethod.Post, $"/api/deliveries/{Text(parsed.GetValue(Id))}/cancel", stopping);
            Console.Out.WriteLine(parsed.GetValue(LocalAccess.Json) ? delivery.GetRawText() : $"delivery {Text(parsed.GetValue(Id))} is called off");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald deliveries cancel 1204");
    }

    private static string Describe(JsonElement delivery) => string.Create(CultureInfo.InvariantCulture,
        $"{delivery.GetProperty("id").GetString(),-8} {delivery.GetProperty("state").GetString(),-9} {delivery.GetProperty("created").GetDateTimeOffset():yyyy-MM-dd HH:mm:ss}Z  {Visible.Of(delivery.GetProperty("webhook").GetString()!),-16} {delivery.GetProperty("kind").GetString()} {delivery.GetProperty("subject").GetString()}  {(delivery.GetProperty("tries").GetInt32() is var tries && tries == 1 ? "1 try" : $"{tries} tries")}{(delivery.GetProperty("state").GetString() is "pending" ? $", due {delivery.GetProperty("due").GetDateTimeOffset():yyyy-MM-dd HH:mm:ss}Z" : "")}");

    private static string DescribeReplay(JsonElement outcome)
    {
        long count = outcome.GetProperty("count").GetInt64();
        if (count == 0) return "no delivery is like that";
        string range = string.Create(CultureInfo.InvariantCulture,
            $"owed from {outcome.GetProperty("first").GetDateTimeOffset():yyyy-MM-dd HH:mm:ss}Z to {outcome.GetProperty("last").GetDateTimeOffset():yyyy-MM-dd HH:mm:ss}Z");
        if (outcome.GetProperty("dry_run").GetBoolean()) return string.Create(CultureInfo.InvariantCulture, $"{count} deliveries, {range}; none was sent");
        return string.Create(CultureInfo.InvariantCulture,
            $"{count} deliveries, {range}: {outcome.GetProperty("replayed").GetInt64()} are sent again, {outcome.GetProperty("hastened").GetInt64()} waited and are due now, {outcome.GetProperty("held").GetInt64()} are held, {outcome.GetProperty("under_way").GetInt64()} were under way");
    }

    private static DateTimeOffset? TimeOf(ParseResult parsed, Option<string> option)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        if (Durations.TryParse(text, out TimeSpan ago)) return DateTimeOffset.UtcNow - ago;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
            ? time
            : throw new ConfigurationException([new ConfigurationMistake(option.Name, $"\"{text}\" is no time", "write 2026-11-21, 2026-11-21T10:00Z, or 2d for two days ago")]);
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
