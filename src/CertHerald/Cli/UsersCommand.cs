using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CertHerald.Configuring;

namespace CertHerald.Cli;

/// <summary><c>certherald users</c>: who may sign in to the running service's console with a password.</summary>
internal static class UsersCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON, as the API gives it." };

    private static readonly Argument<string> Name = new("NAME") { Description = "Letters a to z, digits, and . - _ @" };

    public static Command Create() => new Command("users", "Sets and removes passwords for the console.") { SetPassword(), Remove(), List() }.WithExamples("""
        certherald users set-password alice
        certherald users list
        certherald users remove alice
        """);

    private static Command SetPassword()
    {
        var command = new Command("set-password", "Sets a user's password, read from the terminal without showing it, or from standard input. Ends the sessions that began with the one before.")
        {
            Name, Json, RunCommand.ConfigOption, RunCommand.DataOption,
        };
        command.SetAction(async (parsed, stopping) =>
        {
            LocalAccess service = LocalAccess.Of(parsed);
            string name = parsed.GetValue(Name)!;
            JsonElement user = await service.SendAsync(HttpMethod.Put, $"/api/users/{Uri.EscapeDataString(name)}/password", stopping, new { password = ReadPassword() });
            Console.Out.WriteLine(parsed.GetValue(Json) ? user.GetRawText() : $"{name} may sign in with the new password");
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald users set-password alice
            pass show certherald | certherald users set-password alice
            """);
    }

    private static Command Remove()
    {
        var command = new Command("remove", "Removes a user and ends the user's sessions.") { Name, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            await LocalAccess.Of(parsed).SendAsync(HttpMethod.Delete, $"/api/users/{Uri.EscapeDataString(parsed.GetValue(Name)!)}", stopping);
            Console.Out.WriteLine($"{parsed.GetValue(Name)} is removed");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald users remove alice");
    }

    private static Command List()
    {
        var command = new Command("list", "Shows every user and when the password was set.") { Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement users = await LocalAccess.Of(parsed).GetAsync("/api/users", stopping);
            if (parsed.GetValue(Json)) Console.Out.WriteLine(users.GetRawText());
            else if (users.GetArrayLength() == 0) Console.Out.WriteLine("no user: make one with 'certherald users set-password NAME'; 'certherald sign-in-link' needs none");
            else foreach (JsonElement user in users.EnumerateArray())
                Console.Out.WriteLine($"{user.GetProperty("name").GetString(),-40}  password set {user.GetProperty("changed").GetDateTimeOffset().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald users list");
    }

    private static string ReadPassword()
    {
        if (Console.IsInputRedirected) return Console.In.ReadLine() ?? throw new CommandFailedException("standard input holds no password");
        string first = ReadHidden("Password: ");
        return first == ReadHidden("Once more: ") ? first : throw new CommandFailedException("the two differ: nothing was changed");
    }

    private static string ReadHidden(string prompt)
    {
        Console.Error.Write(prompt);
        var text = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
            if (key.Key == ConsoleKey.Backspace) text.Length = Math.Max(0, text.Length - 1);
            else if (!char.IsControl(key.KeyChar)) text.Append(key.KeyChar);
        Console.Error.WriteLine();
        return text.ToString();
    }
}
