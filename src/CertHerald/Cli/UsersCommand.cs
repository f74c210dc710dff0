using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CertHerald.Configuring;

namespace CertHerald.Cli;

/// <summary><c>certherald users</c>: who may sign in to the running service's console with a password.</summary>
internal static class UsersCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "Letters a to z, digits, and . - _ @" };

    /// <param name="input">Where a password comes from; null: this process's terminal or standard input.</param>
    public static Command Create(TextReader? input = null) => new Command("users", "Sets and removes passwords for the console.") { SetPassword(input), Remove(), List() }.WithExamples("""
        certherald users set-password alice
        certherald users list
        certherald users remove alice
        """);

    private static Command SetPassword(TextReader? input)
    {
        var command = new Command("set-password", "Sets a user's password, read from the terminal without showing it, or from standard input. Ends the sessions that began with the one before.")
        {
            Name, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption,
        };
        command.SetAction(async (parsed, stopping) =>
        {
            LocalAccess service = LocalAccess.Of(parsed);
            string name = parsed.GetValue(Name)!;
            JsonElement user = await service.SendAsync(HttpMethod.Put, $"/api/users/{Uri.EscapeDataString(name)}/password", stopping, new { password = ReadPassword(input) });
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? user.GetRawText() : $"{name} may sign in with the new password");
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald users set-password alice
            pass show certherald | certherald users set-password alice
            """);
    }

    private static Command Remove()
    {
        var command = new Command("remove", "Removes a user and ends the user's sessions.") { Name, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            string name = parsed.GetValue(Name)!;
            await LocalAccess.Of(parsed).SendAsync(HttpMethod.Delete, $"/api/users/{Uri.EscapeDataString(name)}", stopping);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? JsonSerializer.Serialize(new { name, removed = true }) : $"{name} is removed");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald users remove alice");
    }

    private static Command List()
    {
        var command = new Command("list", "Shows every user and when the password was set.") { LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement users = await LocalAccess.Of(parsed).GetAsync("/api/users", stopping);
            if (parsed.GetValue(LocalAccess.Json)) parsed.InvocationConfiguration.Output.WriteLine(users.GetRawText());
            else if (users.GetArrayLength() == 0) parsed.InvocationConfiguration.Output.WriteLine("no user: make one with 'certherald users set-password NAME'; 'certherald sign-in-link' needs none");
            else foreach (JsonElement user in users.EnumerateArray())
                parsed.InvocationConfiguration.Output.WriteLine($"{user.GetProperty("name").GetString(),-40}  password set {user.GetProperty("changed").GetDateTimeOffset().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
            return CommandLine.Done;
        });
        return command.WithExamples("certherald users list");
    }

    private static string ReadPassword(TextReader? input)
    {
        if (input is not null || Console.IsInputRedirected) return (input ?? Console.In).ReadLine() ?? throw new CommandFailedException("standard input holds no password");
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
