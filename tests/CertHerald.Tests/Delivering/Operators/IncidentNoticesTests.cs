using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Logs;

namespace CertHerald.Tests.Delivering.Operators;

/// <summary>What operator channels hear of incidents of logs.</summary>
public sealed class IncidentNoticesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_webhook_hears_open_change_and_close_and_others_hear_nothing()
    {
        await using Receiver pager = Receiver.Start();
        await using Receiver siem = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Pager(pager), Given.Webhook(siem.Url, "siem"));
        LogId log = await LogOfAsync(rig);

        await rig.Store.OpenIncidentAsync(log, new IncidentReport("stale_head", Severity.Warning, "", "it is old", "{}"), Cancellation);
        await TellAsync(rig);
        JsonElement opened = Json(await pager.NextAsync());
        // An attempt that is under way would run out of time.
        await rig.Log.WaitForAsync("got operator");
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        await rig.Store.OpenIncidentAsync(log, new IncidentReport("stale_head", Severity.Error, "", "it is very old", "{}"), Cancellation);
        await TellAsync(rig);
        JsonElement changed = Json(await pager.NextAsync());
        await rig.Store.CloseIncidentsAsync(log, "stale_head", null, Cancellation);
        await TellAsync(rig);
        JsonElement closed = Json(await pager.NextAsync());

        Assert.Equal(["log.incident.opened", "log.incident.changed", "log.incident.closed"], new[] { opened, changed, closed }.Select(one => one.GetProperty("type").GetString()));
        Assert.Equal(["warning", "error", "error"], new[] { opened, changed, closed }.Select(one => one.GetProperty("severity").GetString()));
        Assert.Equal([1, 2, 2], new[] { opened, changed, closed }.Select(one => one.GetProperty("cases").GetInt32()));
        Assert.Equal(["it is old", "it is very old", "it is very old"], new[] { opened, changed, closed }.Select(one => one.GetProperty("summary").GetString()));
        Assert.Equal(JsonValueKind.Null, changed.GetProperty("closed").ValueKind);
        Assert.Equal("2026-03-01T12:01:00Z", closed.GetProperty("closed").GetString());
        Assert.Equal(log.ToString(), opened.GetProperty("log").GetProperty("id").GetString());
        Assert.Equal(IncidentKinds.AdviceFor("stale_head"), opened.GetProperty("advice").GetString());
        Assert.Equal("https://ct.example.org/console/logs#incident-1", opened.GetProperty("url").GetString());
        Assert.Equal(3, pager.Requests.Select(request => request.Key).Distinct().Count());
        Assert.Empty(siem.Requests);
    }

    [Fact]
    public async Task One_log_kind_and_change_is_told_once_in_six_hours_and_what_came_meanwhile_together_after_them()
    {
        await using Receiver pager = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Pager(pager));
        LogId log = await LogOfAsync(rig);
        await rig.Store.OpenIncidentAsync(log, IncidentReport.Of("missing_entry", "before 5", "first"), Cancellation);
        Assert.Equal(1, await TellAsync(rig));

        rig.Time.Advance(TimeSpan.FromHours(1));
        foreach (string subject in (string[])["before 9", "before 12", "before 20"])
            await rig.Store.OpenIncidentAsync(log, IncidentReport.Of("missing_entry", subject, subject), Cancellation);
        await rig.Store.CloseIncidentsAsync(log, "missing_entry", "before 20", Cancellation);
        Assert.Equal(0, await TellAsync(rig));
        // Another kind has its own six hours.
        await rig.Store.OpenIncidentAsync(log, IncidentReport.Of("pruned", "", "pruned"), Cancellation);
        Assert.Equal(1, await TellAsync(rig));

        rig.Time.Advance(TimeSpan.FromHours(5) - TimeSpan.FromSeconds(1));
        Assert.Equal(0, await TellAsync(rig));
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await TellAsync(rig));
        Assert.Equal(0, await TellAsync(rig));

        Notice? together = await rig.Store.FindNoticeAsync(3, Cancellation);
        Assert.Equal("log.incident.opened", together!.Type);
        IncidentFacts facts = Assert.IsType<IncidentFacts>(together.Facts);
        Assert.Equal(("before 9", 1), (facts.Summary, facts.Others));
    }

    [Fact]
    public async Task Nobody_is_told_that_it_closed_who_was_not_told_that_it_opened()
    {
        await using Receiver pager = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Pager(pager));
        LogId log = await LogOfAsync(rig);
        await OpenAndCloseAsync(rig, log);
        // Seen only after both: told of both.
        Assert.Equal(2, await TellAsync(rig));

        await OpenAndCloseAsync(rig, log);
        Assert.Equal(0, await TellAsync(rig));
        rig.Time.Advance(TimeSpan.FromHours(7));
        Assert.Equal(0, await TellAsync(rig));
    }

    [Fact]
    public async Task Killed_before_or_after_telling_each_incident_is_told_once()
    {
        await using Receiver pager = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Pager(pager));
        LogId log = await LogOfAsync(rig);
        await rig.Store.OpenIncidentAsync(log, IncidentReport.Of("fork", "5", "two trees"), Cancellation);

        await rig.ReopenAsync();
        Assert.Equal(1, await TellAsync(rig));
        await rig.ReopenAsync();
        Assert.Equal(0, await TellAsync(rig));
        rig.Time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(0, await TellAsync(rig));
        await rig.StartLoopAsync();

        Assert.Equal("fork", Json(await pager.NextAsync()).GetProperty("kind").GetString());
        Assert.Single(await rig.DeliveriesAsync());
    }

    [Fact]
    public async Task Entries_that_cannot_be_read_are_no_incidents_to_be_told_of()
    {
        await using Receiver pager = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Pager(pager));
        await rig.OweMalformedAsync();
        Assert.Equal("unparsable_entry", Assert.Single(await rig.Store.IncidentsAsync(10, Cancellation)).Kind);
        Assert.Equal(0, await TellAsync(rig));
    }

    [Fact]
    public async Task Without_a_channel_nothing_is_owed_and_a_channel_that_comes_later_hears_what_is_open()
    {
        await using Receiver pager = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Pager(pager));
        LogId log = await LogOfAsync(rig);
        await OpenAndCloseAsync(rig, log);
        await rig.Store.OpenIncidentAsync(log, IncidentReport.Of("pruned", "", "gone"), Cancellation);
        Assert.Equal(0, await TellAsync(rig, []));

        Assert.Equal(1, await TellAsync(rig));
        Assert.Equal("pruned", Assert.IsType<IncidentFacts>((await rig.Store.FindNoticeAsync(1, Cancellation))!.Facts).Kind);
    }

    private static async Task OpenAndCloseAsync(DeliveryRig rig, LogId log)
    {
        await rig.Store.OpenIncidentAsync(log, IncidentReport.Of("future_head", "", "ahead"), Cancellation);
        await rig.Store.CloseIncidentsAsync(log, "future_head", null, Cancellation);
    }

    private static WebhookOptions Pager(Receiver receiver) => new() { Name = "pager", Dialect = "native", Url = receiver.Url, Events = [EventKinds.Operator] };

    private static async Task<LogId> LogOfAsync(DeliveryRig rig) => Assert.Single(await rig.Store.LogsAsync(Cancellation)).Id;

    /// <returns>How many deliveries more are owed than before.</returns>
    private static async Task<int> TellAsync(DeliveryRig rig, IReadOnlyList<WebhookOptions>? webhooks = null)
    {
        int before = (await rig.DeliveriesAsync()).Count;
        using OperatorRig operators = OperatorRig.Of(rig, webhooks ?? [Named]);
        await operators.Notices.TellAsync(Cancellation);
        return (await rig.DeliveriesAsync()).Count - before;
    }

    private static WebhookOptions Named { get; } = new() { Name = "pager", Dialect = "native", Url = new Uri("http://127.0.0.1/"), Events = [EventKinds.Operator] };

    private static JsonElement Json(Received request) => JsonElement.Parse(request.Body);
}
