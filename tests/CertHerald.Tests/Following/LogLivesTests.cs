using System.Security.Cryptography;
using System.Text.Json.Nodes;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.Following;

/// <summary>Lists that change while logs are followed: ct.md 7.4 and 7.5, F36 to F38. Over real HTTP.</summary>
public sealed class LogLivesTests
{
    private const string List = "list.json";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task F38_a_log_added_to_the_list_is_followed_without_a_restart_and_pending_to_usable_changes_nothing(LogProtocol protocol)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, 300);
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1")));
        await rig.PassesAsync(() => rig.Fleet.ListProblem is null);
        Assert.Empty(rig.Fleet.Logs);

        rig.Served[List] = LogLists.Json("1.2", Entry(log, LogState.Pending));
        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 300);
        rig.Served[List] = LogLists.Json("1.3", Entry(log, LogState.Usable));
        await rig.PassesAsync(() => rig.Log!.Log.State == LogState.Usable);
        Grow(log, 20);
        await rig.PassesAsync(() => rig.Log!.Standing.Proven.Value == 320);

        Assert.Equal((FollowState.Following, 320L), (rig.Log!.State, rig.Log.Entries));
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task F38_a_log_that_moves_is_read_on_at_its_new_address_from_the_same_position(LogProtocol protocol)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, 300);
        await using ScriptedServer elsewhere = await ForwardAsync(log);
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", Entry(log, LogState.Usable))));
        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 300);

        rig.Served[List] = LogLists.Json("1.2", LogLists.Entry(log.Description with { State = LogState.Usable, Url = new Uri(elsewhere.Url, log.Description.Url.AbsolutePath) }));
        await rig.PassesAsync(() => !elsewhere.Requests.IsEmpty);
        log.Forget();
        int before = elsewhere.Requests.Count;
        Grow(log, 20);
        await rig.PassesAsync(() => rig.Log!.Standing.Proven.Value == 320);

        // All that arrives at the log came through the new address, give or take one under way.
        Assert.InRange(log.Requests.Count() - (elsewhere.Requests.Count - before), -1, 1);
        Assert.Equal(320, rig.Log!.Entries);
        Assert.Equal(elsewhere.Url.Port, new Uri(Assert.Single(await rig.Store.LogsAsync(Cancellation)).Url).Port);
        Assert.Empty(await rig.IncidentsAsync());
    }

    [Fact]
    public async Task F38_a_rejected_log_is_stopped_and_goes_on_from_its_position_when_it_is_wanted_again()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300);
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", Entry(log, LogState.Usable))));
        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 300);

        rig.Served[List] = LogLists.Json("1.2", Entry(log, LogState.Rejected));
        await rig.PassesAsync(() => rig.Log!.State == FollowState.Stopped);
        await rig.PassAsync(TimeSpan.FromHours(2));
        log.Forget();
        Grow(log, 20);
        await rig.PassAsync(TimeSpan.FromHours(5));
        Assert.Empty(log.Requests);
        Assert.Empty(rig.Fleet.Stalled);
        Assert.Equal(300UL, Assert.Single(await rig.Store.LogsAsync(Cancellation)).Position.Value);

        rig.Served[List] = LogLists.Json("1.3", Entry(log, LogState.Usable));
        await rig.PassesAsync(() => rig.Log!.Standing.Proven.Value == 320);

        Assert.Equal((FollowState.Following, 320L), (rig.Log!.State, rig.Log.Entries));
    }

    [Fact]
    public async Task F38_a_log_in_two_lists_is_one_and_is_followed_while_one_of_them_says_so()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.StaticCt, 300);
        await using LivesRig rig = await LivesRig.StartAsync(
            ("a.json", LogLists.Json("1", Entry(log, LogState.Rejected))), ("b.json", LogLists.Json("1", Entry(log, LogState.Usable))));
        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 300);

        rig.Served["b.json"] = LogLists.Json("2", Entry(log, LogState.Retired));
        await rig.PassesAsync(() => rig.Log!.State == FollowState.Finished);
        rig.Served["a.json"] = LogLists.Json("2", Entry(log, LogState.Qualified));
        await rig.PassesAsync(() => rig.Log!.State == FollowState.Following);

        Assert.Equal(300, rig.Log!.Entries);
    }

    [Theory]
    [InlineData("503")]
    [InlineData("404")]
    [InlineData("cut")]
    public async Task F37_a_log_in_no_list_is_followed_while_it_answers_and_finished_after_seven_silent_days_without_an_incident(string silence)
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300);
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", Entry(log, LogState.Usable))));
        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 300);

        rig.Served[List] = LogLists.Json("1.2");
        await rig.PassesAsync(() => rig.Log!.State == FollowState.Delisted);
        Grow(log, 20);
        await rig.PassesAsync(() => rig.Log!.Standing.Proven.Value == 320);
        log.Lie = (path, context, body) =>
        {
            if (silence == "cut") context.Abort();
            context.Response.StatusCode = silence == "404" ? 404 : 503;
            return Task.FromResult(true);
        };
        DateTimeOffset silent = rig.Time.GetUtcNow();
        await rig.PassAsync(TimeSpan.FromDays(6.5), TimeSpan.FromHours(2));
        Assert.Equal(FollowState.Delisted, rig.Log!.State);
        Assert.Empty(rig.Fleet.Stalled);
        await rig.PassesAsync(() => rig.Log.State == FollowState.Finished);

        Assert.True(rig.Time.GetUtcNow() - silent >= LifeRules.LongestSilence);
        Assert.Empty(await rig.IncidentsAsync());

        log.Forget();
        await rig.PassAsync(TimeSpan.FromDays(2), TimeSpan.FromHours(2));
        Assert.InRange(log.Requests.Count(), 0, 3);
    }

    [Fact]
    public async Task F37_entries_that_a_silent_log_took_with_it_are_missing_until_it_is_back_and_they_are_read()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300);
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", Entry(log, LogState.Usable))));
        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 300);

        // Its head is still seen, its entries are not; then nothing at all.
        log.Lie = (path, context, _) => path.EndsWith("get-sth", StringComparison.Ordinal) ? Task.FromResult(false) : RefuseAll(path, context, []);
        Grow(log, 20);
        await rig.PassesAsync(() => rig.Log!.Standing.Head?.Size.Value == 320 && rig.Log.Standing.State == FollowState.Failing);
        log.Lie = RefuseAll;
        rig.Served[List] = LogLists.Json("1.2");
        await rig.PassesAsync(() => rig.Log!.State == FollowState.Delisted);
        await rig.PassesAsync(() => rig.Log!.State == FollowState.Finished, TimeSpan.FromHours(2));
        // Meanwhile it may have withheld them for so long that this is told as well, and signed nothing for as long.
        Incident missing = Assert.Single(await rig.IncidentsAsync(), incident => incident.Subject != "unread" && incident.Kind != IncidentKinds.StaleHead);
        Assert.Equal((IncidentKinds.MissingEntry, null), (missing.Kind, missing.Closed));
        Assert.Contains("300 to 320", missing.Summary, StringComparison.Ordinal);

        await rig.RestartAsync(List);
        await rig.PassesAsync(() => rig.Log?.State == FollowState.Finished);
        log.Lie = (_, _, _) => Task.FromResult(false);
        rig.Served[List] = LogLists.Json("1.3", Entry(log, LogState.Usable));
        await rig.PassesAsync(() => rig.Log!.State == FollowState.Following && rig.Log.Standing.Proven.Value == 320, looks: 10);
        await rig.PassAsync(TimeSpan.FromHours(1));

        // Its head is weeks old by our clock, which is another matter.
        Assert.All((await rig.IncidentsAsync()).Where(incident => incident.Kind == IncidentKinds.MissingEntry), incident => Assert.NotNull(incident.Closed));
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task F36_a_read_only_log_at_its_final_head_is_finished_and_looked_at_daily(LogProtocol protocol)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, 300);
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", Entry(log, LogState.Readonly, FinalOf(log, 300)))));
        await rig.PassesAsync(() => rig.Log?.State == FollowState.Finished);
        Assert.Equal(300UL, rig.Log!.Standing.Proven.Value);

        await rig.PassAsync(TimeSpan.FromHours(12));
        log.Forget();
        await rig.PassAsync(TimeSpan.FromDays(3));
        Assert.InRange(log.Requests.Count(), 1, 4);
        Assert.Empty(rig.Fleet.Stalled);

        await rig.RestartAsync(List);
        await rig.PassesAsync(() => rig.Log?.Standing.Head is not null);
        Assert.Equal(FollowState.Finished, rig.Log!.State);
        Assert.Empty(await rig.IncidentsAsync());
    }

    [Fact]
    public async Task F36_a_read_only_log_below_its_final_head_is_followed_until_it_is_there()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300), ahead = await LyingLog.StartAsync(LogProtocol.Rfc6962, 320);
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", Entry(log, LogState.Readonly, FinalOf(ahead, 320)))));
        await rig.PassesAsync(() => rig.Log?.HasEnded == false);
        await rig.PassAsync(TimeSpan.FromHours(3));
        Assert.Equal(FollowState.Following, rig.Log!.State);

        Grow(log, 20);
        await rig.PassesAsync(() => rig.Log.State == FollowState.Finished);

        Assert.Equal(320UL, rig.Log.Standing.Proven.Value);
        Assert.Empty(await rig.IncidentsAsync());
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962, 300)]
    [InlineData(LogProtocol.StaticCt, 300)]
    [InlineData(LogProtocol.Rfc6962, 290)]
    [InlineData(LogProtocol.StaticCt, 290)]
    public async Task F36_a_read_only_log_unlike_its_final_head_is_an_incident(LogProtocol protocol, int finalSize)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, 300);
        FinalTreeHead wrong = FinalOf(log, (ulong)finalSize) with { Root = MerkleHash.OfEmptyTree };
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", Entry(log, LogState.Readonly, wrong))));
        await rig.PassesAsync(() => rig.Log?.HasEnded is not null && (finalSize < 300 || rig.Log.State == FollowState.Finished));

        Incident incident = Assert.Single(await rig.IncidentsAsync());
        Assert.Equal((IncidentKinds.InconsistentHead, Severity.Critical), (incident.Kind, incident.Severity));
        JsonNode evidence = JsonNode.Parse(incident.Evidence)!;
        Assert.Equal((wrong.Root.ToBase64(), log.FrontierAt(300).Root().ToBase64()), ((string?)evidence["final_root"], (string?)evidence["head_root"]));
        // A log that is larger than its end has not ended: what it takes on is read.
        Assert.Equal(finalSize < 300 ? FollowState.Following : FollowState.Finished, rig.Log!.State);

        rig.Served[List] = LogLists.Json("1.2", Entry(log, LogState.Readonly, FinalOf(log, (ulong)finalSize)));
        await rig.PassesAsync(() => rig.Log.Log.FinalTreeHead != wrong && rig.Log.HasEnded is not null);
        Assert.NotNull(Assert.Single(await rig.IncidentsAsync()).Closed);
    }

    [Fact]
    public async Task Rule_7_4_a_start_without_any_list_goes_on_with_the_logs_that_lists_named()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.StaticCt, 300);
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", Entry(log, LogState.Usable))));
        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 300);
        Directory.Delete(rig.CacheFolder, recursive: true);
        rig.Served.Clear();
        Grow(log, 20);

        await rig.RestartAsync(List);
        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 320);

        Assert.Equal(FollowState.Following, rig.Log!.State);
        Assert.Contains(List, rig.Fleet.ListProblem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_of_a_list_that_is_configured_no_more_is_stopped_and_one_never_begun_is_not_begun_when_retired()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300), retired = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300);
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", Entry(log, LogState.Usable), Entry(retired, LogState.Retired))));
        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 300);
        Assert.Empty(retired.Requests);

        await rig.RestartAsync();
        await rig.PassesAsync(() => rig.Log?.State == FollowState.Stopped);

        Assert.Equal(300UL, Assert.Single(await rig.Store.LogsAsync(Cancellation)).Position.Value);
    }

    [Fact]
    public async Task F38_the_service_fetches_a_badly_signed_list_again_after_a_minute_three_times_and_takes_it_once_it_is_mended()
    {
        using var key = RSA.Create(2048);
        byte[] json = LogLists.Json("1.1"), good = key.SignData(json, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        await using LivesRig rig = await LivesRig.StartAsync(new ListSigner("a test", key.ExportSubjectPublicKeyInfo()), (List, json), ("list.sig", [.. good[..^1], 0]));
        await rig.PassesAsync(() => rig.Asked("list.sig") == 1, TimeSpan.Zero);

        DateTimeOffset first = rig.Time.GetUtcNow();
        await rig.PassesAsync(() => rig.Asked("list.sig") == 4, TimeSpan.FromSeconds(1));
        Assert.True(rig.Time.GetUtcNow() - first >= 3 * LogListSource.RefetchAfter);
        Assert.Contains("does not bear the signature", rig.Fleet.ListProblem, StringComparison.Ordinal);
        Assert.Equal(4, rig.Asked(List));

        rig.Served["list.sig"] = good;
        await rig.PassesAsync(() => rig.Fleet.ListProblem is null);
    }

    [Fact]
    public async Task Rule_7_4_lists_that_could_not_be_renewed_for_a_day_are_told()
    {
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1")), ("other.json", LogLists.Json("1.1")));
        await rig.PassesAsync(() => rig.Fleet.ListProblem is null, TimeSpan.FromMinutes(1));
        rig.Served.TryRemove(List, out _);

        rig.Time.Advance(TimeSpan.FromHours(25));

        Assert.Contains($"{List} could not be renewed since", rig.Fleet.ListProblem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task F38_what_a_list_names_and_cannot_be_followed_is_told_with_its_reason_and_disturbs_nothing()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300), other = await LyingLog.StartAsync(LogProtocol.Rfc6962, 1);
        JsonObject placeholder = LogLists.Entry(other.Description with { Description = "bogus", Url = new Uri("https://ct.example.com/bogus/"), State = LogState.Usable });
        JsonObject wrongId = Entry(other, LogState.Usable);
        wrongId["log_id"] = log.Description.Id.ToString();
        await using LivesRig rig = await LivesRig.StartAsync((List, LogLists.Json("1.1", placeholder, wrongId, Entry(log, LogState.Usable))));

        await rig.PassesAsync(() => rig.Log?.Standing.Proven.Value == 300);

        Assert.Equal(["bogus", "a log"], rig.Fleet.Refused.Select(refused => refused.Name));
        Assert.Contains("reserved name", rig.Fleet.Refused[0].Reason, StringComparison.Ordinal);
        Assert.Contains("SHA-256", rig.Fleet.Refused[1].Reason, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
    }

    private static JsonObject Entry(LyingLog log, LogState state, FinalTreeHead? final = null) =>
        LogLists.Entry(log.Description with { State = state, FinalTreeHead = final });

    private static FinalTreeHead FinalOf(LyingLog log, ulong size) => new(new TreeSize(size), log.FrontierAt(size).Root());

    private static void Grow(LyingLog log, int by)
    {
        int size = (int)log.Log.Size.Value;
        for (int i = size; i < size + by; i++) log.Log.AddEntry(LyingLog.LeafInput(i), [0, 0, 0]);
        log.Log.Publish();
    }

    private static Task<bool> RefuseAll(string path, HttpContext context, byte[] body)
    {
        context.Response.StatusCode = 503;
        return Task.FromResult(true);
    }

    /// <summary>The same log at another address.</summary>
    private static async Task<ScriptedServer> ForwardAsync(LyingLog log)
    {
        var client = new HttpClient();
        return await ScriptedServer.StartAsync(async context =>
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri(log.Description.Url, context.Request.Path + context.Request.QueryString), context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await context.Response.Body.WriteAsync(await answer.Content.ReadAsByteArrayAsync(context.RequestAborted));
        });
    }
}
