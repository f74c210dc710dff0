using System.CommandLine;
using System.Diagnostics.Metrics;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Storage;
using CertHerald.Storage.Secrets;

namespace CertHerald.Cli;

/// <summary><c>certherald rekey</c>: a new key for secrets at rest.</summary>
internal static class RekeyCommand
{
    private static readonly Option<bool> DropOld = new("--drop-old") { Description = "Then forget the old keys. Backups made before it need the secrets.key of their own time." };

    private static readonly Option<bool> ForgetLost = new("--forget-lost") { Description = "Remove webhooks whose secrets no key opens any more: when secrets.key is lost for good." };

    public static Command Create()
    {
        var command = new Command("rekey", "Encrypts the database's secrets under a new key, while the service runs or while none does. Cut short, it goes on where it was; so does the next start.")
        { DropOld, ForgetLost, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            CertHeraldOptions options = Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption)));
            Console.Out.WriteLine(Describe(await RunAsync(options, parsed.GetValue(DropOld), parsed.GetValue(ForgetLost), stopping)));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald rekey
            certherald rekey --drop-old --data /var/lib/certherald
            """);
    }

    private static async Task<RekeyOutcome> RunAsync(CertHeraldOptions options, bool dropOld, bool forgetLost, CancellationToken stopping)
    {
        if (!Directory.Exists(options.Data)) throw new CommandFailedException($"there is no {options.Data}: name the service's directory with --data DIR");
        using var meter = new Meter("CertHerald");
        List<string>? forgotten = forgetLost ? [] : null;
        try
        {
            // Whoever opens it is the one instance: no service runs.
            await using IStore store = Stores.Open(options.Store, options.Data, TimeProvider.System, meter, forgotten);
            foreach (string name in forgotten ?? []) Console.Error.WriteLine($"{(name.StartsWith("app:", StringComparison.Ordinal) ? "" : "webhook ")}{name} was removed: no key opens its secrets");
            return await Rekey.RunAsync(store, dropOld, stopping);
        }
        catch (StoreInUseException) when (!forgetLost)
        {
            JsonElement outcome = await LocalAccess.Find(options.Data).SendAsync(HttpMethod.Post, "/api/secrets/rekey", stopping, new { drop_old = dropOld });
            return new RekeyOutcome(
                outcome.GetProperty("added").GetBoolean(), outcome.GetProperty("encrypted").GetInt32(),
                outcome.GetProperty("dropped") is { ValueKind: JsonValueKind.Number } dropped ? dropped.GetInt32() : null);
        }
    }

    private static string Describe(RekeyOutcome outcome) =>
        $"{(outcome.Added ? "a new key encrypts" : "no key was added: an earlier change was ended")}; {outcome.Encrypted} secrets were encrypted anew"
        + (outcome.Dropped is { } dropped ? $"; {dropped} old keys were forgotten" : "; the old keys stay in secrets.key: 'certherald rekey --drop-old' ends them");
}
