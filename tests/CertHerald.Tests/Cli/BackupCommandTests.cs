using System.Text.Json.Nodes;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.EndToEnd;

namespace CertHerald.Tests.Cli;

/// <summary><c>certherald backup</c> and <c>certherald restore</c>, as their users type them.</summary>
[Collection(ProgramTests.Name)]
public sealed class BackupCommandTests
{
    [Fact]
    public async Task A_backup_of_a_running_service_is_restored_and_the_service_goes_on_from_there()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        using var folder = new Scratch();
        string backup = folder.PathOf("backup.db"), restored = folder.PathOf("restored");
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
        await using (Certherald program = await rig.RunReadyAsync())
        {
            await rig.Receiver.NextAsync();
            // A secret, so that there is a key.
            await Certherald.RunAsync("webhooks", "add", "later", "--url", "https://user:password@hooks.example.com/", "--data", rig.Data);

            Ended made = (await Certherald.RunAsync("backup", backup, "--config", rig.WriteConfiguration())).With(0);

            Assert.StartsWith(backup, made.Output, StringComparison.Ordinal);
            Assert.Contains("secrets.key is not in it", made.Errors, StringComparison.Ordinal);
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(backup));
            Assert.Contains("is there already", (await Certherald.RunAsync("backup", backup, "--data", rig.Data)).With(1).Errors, StringComparison.Ordinal);
            Assert.Contains("another certherald", (await Certherald.RunAsync("restore", backup, "--force", "--data", rig.Data)).With(2).Errors, StringComparison.Ordinal);
            await program.StopAsync();
        }

        // Without its key the secrets of a backup are lost, and that is said.
        Assert.Contains("secrets.key", (await Certherald.RunAsync("restore", backup, "--data", folder.PathOf("keyless"))).With(2).Errors, StringComparison.Ordinal);
        Directory.CreateDirectory(restored);
        File.Copy(Path.Combine(rig.Data, "secrets.key"), Path.Combine(restored, "secrets.key"));
        (await Certherald.RunAsync("restore", backup, "--data", restored)).With(0);

        rig.Configuration["data"] = restored;
        await using Certherald again = await rig.RunReadyAsync();
        rig.Log.AddChain(rig.Ca.Issue("new.example.com").Chain);
        // The old one is not told again: its delivery stands in the backup.
        Assert.Equal("new.example.com", (await rig.Receiver.NextAsync()).Names());
    }

    [Fact]
    public async Task A_database_is_copied_while_no_service_runs_too_and_PostgreSQL_is_left_to_its_own_means()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        using var folder = new Scratch();
        rig.Configuration["logs"] = new JsonObject { ["lists"] = new JsonArray() };
        await using (Certherald program = await rig.RunReadyAsync()) await program.StopAsync();

        (await Certherald.RunAsync("backup", folder.PathOf("backup.db"), "--config", rig.WriteConfiguration())).With(0);
        Assert.True(new FileInfo(folder.PathOf("backup.db")).Length > 0);
        Assert.Contains("--data", (await Certherald.RunAsync("backup", folder.PathOf("other.db"), "--data", folder.PathOf("nowhere"))).With(1).Errors, StringComparison.Ordinal);

        rig.Configuration["store"] = "Host=db1;Database=certherald;Username=certherald;Password=secret";
        foreach (string command in (string[])["backup", "restore"])
        {
            Ended told = (await Certherald.RunAsync(command, folder.PathOf("third.db"), "--config", rig.WriteConfiguration())).With(1);
            Assert.Contains(command == "backup" ? "pg_dump" : "pg_restore", told.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("Password", told.Errors, StringComparison.Ordinal);
        }
    }
}
