using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>What was committed, as a stream.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task Everything_that_was_committed_is_in_the_stream_of_events_in_its_order()
    {
        PaperLog log = await BeginAsync(entries: 9);
        Batch batch = log.Read(0, 9);
        await CommitAsync(
            log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example")), "hook"), Some.Unknown(Some.Malformed(batch.Raw, 1)),
            Some.Unknown(Some.Match(batch.Raw, 2, Some.Facts("b.example"))));
        StoredDelivery claimed = Assert.Single(await ClaimAsync("hook"));
        await Store.CompleteAsync(claimed, new StoredAttempt(claimed.Id, Time.GetUtcNow(), TimeSpan.FromMilliseconds(7), 204, "delivered", null, []), DeliveryState.Done, Time.GetUtcNow());

        EventPart part = await Store.EventsAsync(default, await HorizonAsync(new EventCursor(2, 1, 1, 1)), 100, Cancellation);

        Assert.Equal(["a.example", "b.example"], part.Issuances.Select(one => one.Issuance.Certificate.DnsNames[0]));
        MalformedEvent malformed = Assert.Single(part.Malformed);
        Assert.Equal((log.Id, 1UL, Time.GetUtcNow()), (malformed.Log, malformed.Index.Value, malformed.Discovered));
        AttemptEvent attempt = Assert.Single(part.Attempts);
        Assert.Equal(("hook", claimed.Kind, 1L, DeliveryState.Done, "delivered", 204, true, 7.0),
            (attempt.Webhook, attempt.Kind, attempt.Subject, attempt.State, attempt.Outcome, attempt.Status, attempt.Counted, attempt.Took.TotalMilliseconds));
        // What cannot be read opens an incident too.
        Assert.Equal("unparsable_entry", Assert.Single(part.Incidents).Kind);
    }

    [Fact]
    public async Task A_stream_of_events_goes_on_behind_what_was_seen_and_in_parts()
    {
        PaperLog log = await BeginAsync(entries: 5);
        Batch batch = log.Read(0, 5);
        await CommitAsync(log, batch, [.. Enumerable.Range(0, 5).Select(i => Some.Unknown(Some.Match(batch.Raw, i, Some.Facts(Some.Numbered("name", i)))))]);
        EventCursor end = await HorizonAsync(new EventCursor(5, 0, 0, 0));

        Assert.Equal([1, 2], (await Store.EventsAsync(default, end, 2, Cancellation)).Issuances.Select(one => one.Id));
        Assert.Equal([3, 4], (await Store.EventsAsync(new EventCursor(2, 0, 0, 0), end, 2, Cancellation)).Issuances.Select(one => one.Id));
        Assert.Equal([3], (await Store.EventsAsync(new EventCursor(2, 0, 0, 0), new EventCursor(3, 0, 0, 0), 100, Cancellation)).Issuances.Select(one => one.Id));
        Assert.True((await Store.EventsAsync(end, end, 100, Cancellation)).IsEmpty);
    }

    [Fact]
    public async Task Each_change_of_an_incident_is_an_event_as_it_was_then_and_a_mere_case_is_none()
    {
        PaperLog log = await BeginAsync(entries: 1);
        DateTimeOffset opened = Time.GetUtcNow();
        await Store.OpenIncidentAsync(log.Id, new IncidentReport("stale_head", Severity.Warning, "s", "old", "{}"), Cancellation);
        await Store.OpenIncidentAsync(log.Id, new IncidentReport("stale_head", Severity.Warning, "s", "old", "{}"), Cancellation);
        Time.Advance(TimeSpan.FromHours(1));
        await Store.OpenIncidentAsync(log.Id, new IncidentReport("stale_head", Severity.Error, "s", "older", "{}"), Cancellation);
        Time.Advance(TimeSpan.FromHours(1));
        await Store.CloseIncidentsAsync(log.Id, "stale_head", null, Cancellation);

        IReadOnlyList<IncidentEvent> changes = (await Store.EventsAsync(default, await HorizonAsync(new EventCursor(0, 0, 3, 0)), 100, Cancellation)).Incidents;

        Assert.Equal(
            [(1L, Severity.Warning, "old", opened, null), (1L, Severity.Error, "older", opened.AddHours(1), null), (1L, Severity.Error, "older", opened.AddHours(2), (DateTimeOffset?)opened.AddHours(2))],
            changes.Select(one => (one.Incident, one.Severity, one.Summary, one.At, one.Closed)));
        Assert.All(changes, one => Assert.Equal((log.Id, log.Name, "stale_head", "s"), (one.Log, one.LogDescription, one.Kind, one.Subject)));
    }

    /// <summary>Waits until the stream is complete up to a place: other databases of the server may be written to, which delays it.</summary>
    private async Task<EventCursor> HorizonAsync(EventCursor expected)
    {
        await Eventually.HappensAsync(async () => await Store.EventHorizonAsync(Cancellation) == expected);
        return expected;
    }
}
