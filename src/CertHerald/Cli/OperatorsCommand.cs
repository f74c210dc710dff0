using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace CertHerald.Cli;

/// <summary><c>certherald operators</c>: who hears of trouble.</summary>
internal static class OperatorsCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON, as the API gives it." };

    public static Command Create() => new Command("operators", "Shows who hears of trouble (webhooks that take \"operator\", and the mail server), and sends each a test.")
    {
        List(), Test(),
    }.WithExamples("""
        certherald operators list
        certherald operators test
        """);

    private static Command List()
    {
        var command = new Command("list", "Shows each operator channel, and whether it takes what it is sent. Exit code 1 if none does.") { Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement channels = await LocalAccess.Of(parsed).GetAsync("/api/operator-channels", stopping);
            if (parsed.GetValue(Json)) Console.Out.WriteLine(channels.GetRawText());
            else if (channels.GetArrayLength() == 0) Console.Out.WriteLine("nobody hears of trouble: add a webhook that takes \"operator\", or a mail server (\"smtp\")");
            else foreach (JsonElement channel in channels.EnumerateArray()) Console.Out.WriteLine(Describe(channel));
            return channels.EnumerateArray().Any(channel => channel.GetProperty("works").GetBoolean()) ? CommandLine.Done : CommandLine.Failed;
        });
        return command.WithExamples("certherald operators list --json");
    }

    private static Command Test()
    {
        var command = new Command("test", "Sends each operator channel a test, marked as one, and says what came of it. Exit code 1 unless each took it.") { Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement tests = await LocalAccess.Of(parsed).PostAsync("/api/operator-channels/test", stopping);
            if (parsed.GetValue(Json)) Console.Out.WriteLine(tests.GetRawText());
            else if (tests.GetArrayLength() == 0) Console.Out.WriteLine("nobody hears of trouble: add a webhook that takes \"operator\", or a mail server (\"smtp\")");
            else foreach (JsonElement test in tests.EnumerateArray()) Console.Out.WriteLine($"{test.GetProperty("name").GetString()} {DescribeTest(test.GetProperty("result"))}");
            return tests.GetArrayLength() > 0 && tests.EnumerateArray().All(test => IsTaken(test.GetProperty("result"))) ? CommandLine.Done : CommandLine.Failed;
        });
        return command.WithExamples("certherald operators test");
    }

    private static bool IsTaken(JsonElement result) => result.ValueKind == JsonValueKind.Object && result.GetProperty("delivered").GetBoolean();

    private static string DescribeTest(JsonElement result) =>
        result.ValueKind == JsonValueKind.Object ? WebhooksCommand.DescribeTest(result) : "was tested just now: try again in 10 seconds";

    private static string Describe(JsonElement channel)
    {
        string last = channel.GetProperty("last_success") is { ValueKind: JsonValueKind.String } at
            ? string.Create(CultureInfo.InvariantCulture, $"last took something {at.GetDateTimeOffset().UtcDateTime:yyyy-MM-dd HH:mm} UTC")
            : "has taken nothing yet";
        return $"{channel.GetProperty("name").GetString(),-20}  {channel.GetProperty("kind").GetString()}; "
            + (channel.GetProperty("works").GetBoolean() ? last : $"does not work: {channel.GetProperty("trouble").GetString()}");
    }
}
