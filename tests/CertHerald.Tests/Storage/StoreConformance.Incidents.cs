using System.Text.Json;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Storage;

/// <summary>Incidents: one a log, kind and subject; what is counted, closed, listed.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task An_incident_seen_again_is_the_same_one_and_takes_over_severity_and_summary()
    {
        PaperLog log = await BeginAsync(entries: 1);
        await Store.OpenIncidentAsync(log.Id, new IncidentReport("stale_head", Severity.Warning, "", "old", """{"a":1}"""), Cancellation);
        DateTimeOffset opened = Time.GetUtcNow();
        Time.Advance(TimeSpan.FromHours(1));
        await Store.OpenIncidentAsync(log.Id, new IncidentReport("stale_head", Severity.Error, "", "older", """{"a":2}"""), Cancellation);

        Incident incident = Assert.Single(await Store.IncidentsAsync(10, Cancellation));
        Assert.Equal((Severity.Error, "older", 2L, """{"a":1}"""), (incident.Severity, incident.Summary, incident.Cases, incident.Evidence));
        Assert.Equal((opened, Time.GetUtcNow(), Time.GetUtcNow()), (incident.Opened, incident.Changed, incident.LastCase));
        Assert.Equal((log.Name, "Some operator"), (incident.LogDescription, incident.LogOperator));
    }

    [Fact]
    public async Task An_incident_about_events_keeps_its_gravest_severity_and_its_last_case_and_closes_after_it()
    {
        PaperLog log = await BeginAsync(entries: 1);
        await Store.OpenIncidentAsync(log.Id, new IncidentReport("unparsable_entry", Severity.Error, "", "first", """{"index":1}"""), Cancellation);
        Time.Advance(TimeSpan.FromHours(20));
        await Store.OpenIncidentAsync(log.Id, new IncidentReport("unparsable_entry", Severity.Warning, "", "last", """{"index":9}"""), Cancellation);
        await Store.OpenIncidentAsync(log.Id, IncidentReport.Of("fork", "5", "two trees"), Cancellation);

        Assert.Equal(0, await Store.CloseQuietIncidentsAsync(Time.GetUtcNow(), Cancellation));
        Incident incident = (await Store.IncidentsAsync(10, Cancellation))[1];
        Assert.Equal(Severity.Error, incident.Severity);
        JsonElement evidence = JsonDocument.Parse(incident.Evidence).RootElement;
        Assert.Equal((1, 9), (evidence.GetProperty("index").GetInt32(), evidence.GetProperty("last").GetProperty("index").GetInt32()));

        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await Store.CloseQuietIncidentsAsync(Time.GetUtcNow(), Cancellation));
        Assert.Equal(["fork"], (await Store.IncidentsAsync(new IncidentFilter(OnlyOpen: true), Cancellation)).Select(one => one.Kind));
    }

    [Fact]
    public async Task Incidents_are_listed_by_log_by_state_and_the_worst_of_each_log()
    {
        PaperLog one = await BeginAsync(entries: 1), two = await BeginAsync(entries: 1);
        await Store.OpenIncidentAsync(one.Id, IncidentReport.Of("pruned", "", "1"), Cancellation);
        await Store.OpenIncidentAsync(one.Id, IncidentReport.Of("fork", "5", "2"), Cancellation);
        await Store.OpenIncidentAsync(two.Id, IncidentReport.Of("fork", "5", "3"), Cancellation);
        await Store.CloseIncidentsAsync(one.Id, "fork", null, Cancellation);

        Assert.Equal(["3", "1"], await SummariesAsync(new IncidentFilter(OnlyOpen: true)));
        Assert.Equal(["2", "1"], await SummariesAsync(new IncidentFilter(Log: one.Id)));
        Assert.Equal(["3", "1"], await SummariesAsync(new IncidentFilter(WorstOfEachLog: true)));
        Assert.Equal(["3"], await SummariesAsync(new IncidentFilter(Limit: 1)));

        // A warning that came later hides no fork, and what is over is the newest.
        await Store.OpenIncidentAsync(two.Id, IncidentReport.Of("throttled", "", "4"), Cancellation);
        await Store.CloseIncidentsAsync(one.Id, "pruned", null, Cancellation);
        Assert.Equal(["3", "2"], await SummariesAsync(new IncidentFilter(WorstOfEachLog: true)));
    }

    [Fact]
    public async Task One_incident_is_closed_by_its_number_and_the_next_case_opens_another()
    {
        PaperLog log = await BeginAsync(entries: 1);
        await Store.OpenIncidentAsync(log.Id, IncidentReport.Of("fork", "5", "two trees"), Cancellation);

        Assert.Null(await Store.CloseIncidentAsync(99, Cancellation));
        Incident closed = (await Store.CloseIncidentAsync(1, Cancellation))!;
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(closed, await Store.CloseIncidentAsync(1, Cancellation));
        Assert.Equal(closed.Opened, closed.Closed);

        await Store.OpenIncidentAsync(log.Id, IncidentReport.Of("fork", "5", "two trees"), Cancellation);
        Assert.Equal(2, Assert.Single(await Store.IncidentsAsync(new IncidentFilter(OnlyOpen: true), Cancellation)).Id);
    }

    [Fact]
    public async Task A_log_that_was_never_begun_has_incidents_if_it_is_described_and_is_no_log_that_was_followed()
    {
        using var log = new PaperLog("silent");
        await Store.OpenIncidentAsync(log.Id, IncidentReport.Of("unreachable", "", "nobody knows it"), Cancellation);
        await Store.CloseIncidentsAsync(log.Id, "unreachable", null, Cancellation);
        Assert.Empty(await Store.IncidentsAsync(10, Cancellation));

        await Store.OpenIncidentAsync(log.Description, IncidentReport.Of("unreachable", "", "it is silent"), Cancellation);

        Assert.Equal((log.Id, "silent"), Assert.Single(await Store.IncidentsAsync(10, Cancellation)) is var one ? (one.Log, one.LogDescription) : default);
        Assert.Empty(await Store.LogsAsync(Cancellation));
        Assert.Empty(await Store.LanesAsync(log.Id, Cancellation));
    }

    [Fact]
    public async Task Root_mismatch_is_an_error_and_critical_once_reading_goes_on_unverified()
    {
        PaperLog log = await BeginAsync(entries: 9);
        await CommitAsync(log, log.Read(0, 9, log.Lie()));
        Assert.Equal(Severity.Error, Assert.Single(await Store.IncidentsAsync(10, Cancellation)).Severity);

        LogLane tip = (await Store.LanesAsync(log.Id, Cancellation))[^1];
        (LogLane lower, _) = await Store.SplitLaneAsync(tip, log.FrontierAt(9), new LaneTrouble("root_mismatch", 0, Time.GetUtcNow()), "it contradicts", Cancellation);
        Assert.Equal(Severity.Critical, Assert.Single(await Store.IncidentsAsync(10, Cancellation)).Severity);

        await Store.CommitAsync(lower, log.Read(0, 9, log.Lie()), [], Time.GetUtcNow(), Cancellation);
        Incident again = Assert.Single(await Store.IncidentsAsync(10, Cancellation));
        Assert.Equal((Severity.Critical, 2L), (again.Severity, again.Cases));
    }

    [Fact]
    public async Task The_largest_head_that_was_compared_is_found()
    {
        PaperLog log = await BeginAsync(entries: 9);
        await Store.KeepHeadAsync(log.Id, log.Head(4), Cancellation);
        await Store.KeepHeadAsync(log.Id, log.Head(9), Cancellation);
        Assert.Null(await Store.FindProvenHeadAsync(log.Id, Cancellation));

        await CommitAsync(log, log.Read(0, 4, log.Head(4)));

        Assert.Equal(4UL, (await Store.FindProvenHeadAsync(log.Id, Cancellation))!.Size.Value);
    }

    private async Task<IEnumerable<string>> SummariesAsync(IncidentFilter filter) => (await Store.IncidentsAsync(filter, Cancellation)).Select(one => one.Summary);
}
