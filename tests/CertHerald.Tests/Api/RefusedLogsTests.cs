using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.Cli;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Tests.WebConsole;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;

namespace CertHerald.Tests.Api;

/// <summary>ct.md 7.2: who asks for the logs is told which of them a list names in vain, and why.</summary>
public sealed class RefusedLogsTests
{
    /// <summary>Before the store knows of it, too.</summary>
    [Theory]
    [InlineData(LogProtocol.Rfc6962, "rfc6962")]
    [InlineData(LogProtocol.StaticCt, "staticct")]
    public async Task A_log_that_has_not_answered_yet_is_told_in_the_words_of_the_others(LogProtocol protocol, string word)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.True(LogKey.TryCreate(key.ExportSubjectPublicKeyInfo(), out LogKey? logKey, out _));
        rig.Live.Add(new FollowedLog(new ChosenLog(LogDescription.Custom(logKey, protocol, "https://log.example/"), IsCustom: true, null), rig.Time));
        await rig.SignInAsync();

        JsonElement log = Assert.Single((await rig.Browser.GetAsync("/api/logs")).Json.EnumerateArray(), log => log.GetProperty("id").GetString() == logKey.Id.ToString());

        Assert.Equal((word, "starting"), (log.GetProperty("protocol").GetString(), log.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task Rule_7_2_what_a_list_names_in_vain_is_shown_with_its_reason_by_API_command_and_console()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        rig.Refused.Add(new RefusedLog("Bogus \u001b[2J log", "Nobody", "its log_id is not the SHA-256 of its key"));

        JsonElement logs = (await rig.Browser.GetAsync("/api/logs")).Json;
        string page = (await rig.Browser.GetAsync("/console/logs")).Text;
        using var output = new StringWriter();
        LogsCommand.Write(output, logs);

        JsonElement refused = Assert.Single(logs.EnumerateArray(), log => log.GetProperty("state").GetString() == "refused");
        Assert.Equal("its log_id is not the SHA-256 of its key", refused.GetProperty("last_error").GetString());
        string line = Assert.Single(output.ToString().Split('\n'), line => line.StartsWith("refused", StringComparison.Ordinal));
        Assert.Contains("its log_id is not the SHA-256 of its key", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', line);
        Assert.Contains("its log_id is not the SHA-256 of its key", page, StringComparison.Ordinal);
    }
}
