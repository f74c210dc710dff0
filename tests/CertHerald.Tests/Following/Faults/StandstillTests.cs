using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Transparency.LogLists;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Following.Faults;

/// <summary>A log that signs heads and gives no entry: the plain way to hide one.</summary>
public sealed class StandstillTests : FaultTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LogProtocol.Rfc6962, "body=500,on=entries")]
    [InlineData(LogProtocol.Rfc6962, "body=429,on=entries")]
    [InlineData(LogProtocol.StaticCt, "body=404,on=data")]
    public async Task Missing_entry_F18_heads_without_any_entry_are_an_incident_and_a_stalled_log_until_entries_come(LogProtocol protocol, string fault)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        using var health = new LogHealth(() => run.Fleet.Logs, run.Rig.Store, run.Time, run.Rig.Meter, NullLogger<LogHealth>.Instance);
        run.Log.Misbehave(fault);
        run.Grow(300);

        await run.UntilAsync(() => run.Fleet.Stalled.Any(), Minute);
        Assert.InRange(run.Time.GetUtcNow() - run.Standing.LastSuccess!.Value, TimeSpan.Zero, LogHealth.MostSilence);
        // Under 429 it may be a matter of pace for as long again.
        await run.UntilAsync(() => run.Time.GetUtcNow() - run.Standing.UnreadSince > LogHealth.FallingBehind, Minute);
        await health.LookAsync(Cancellation);
        Incident incident = Assert.Single(await UnreadAsync(run));
        Assert.Equal((Severity.Error, null), (incident.Severity, incident.Closed));
        Assert.Contains("gives none of the 300 entries", incident.Summary, StringComparison.Ordinal);

        run.Log.Behave();
        await run.ReachHeadAsync();
        await health.LookAsync(Cancellation);
        Assert.NotNull(Assert.Single(await UnreadAsync(run)).Closed);
        Assert.Empty(run.Fleet.Stalled);
        await run.AlertsAreThoseOfAnHonestLogAsync();
    }

    [Fact]
    public async Task Missing_entry_a_log_that_never_gave_anything_but_heads_is_told_of_too()
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, ["body=404,on=tile"], start: "333");
        using var health = new LogHealth(() => run.Fleet.Logs, run.Rig.Store, run.Time, run.Rig.Meter, NullLogger<LogHealth>.Instance);

        await run.UntilAsync(() => run.Fleet.Stalled.Any(), Minute);
        await health.LookAsync(Cancellation);

        Assert.Contains("proves no place to begin", Assert.Single(await UnreadAsync(run)).Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Missing_entry_a_log_with_a_gap_that_gives_the_rest_does_not_stand_still()
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.Rfc6962, ["missing=300-360"]);
        using var health = new LogHealth(() => run.Fleet.Logs, run.Rig.Store, run.Time, run.Rig.Meter, NullLogger<LogHealth>.Instance);
        await run.UntilAsync(() => run.Standing.Tip.Value == FaultRun.Size && run.Standing.Lanes is [{ Trouble: not null }, _], Minute);

        await run.PassAsync(TimeSpan.FromHours(1), 5 * Minute);
        await health.LookAsync(Cancellation);

        Assert.Empty(run.Fleet.Stalled);
        Assert.Empty(await UnreadAsync(run));
    }

    [Fact]
    public async Task Rule_8_7_a_tip_that_fails_for_ten_minutes_opens_anew_at_the_head()
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave("body=404,on=data");
        run.Grow(50);

        await run.UntilAsync(() => run.Standing.Lanes is [_, { Start.Value: FaultRun.Size + 50 }], Minute);

        run.Log.Behave();
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
    }

    private static async Task<IReadOnlyList<Incident>> UnreadAsync(FaultRun run) =>
        [.. (await run.Rig.Store.IncidentsAsync(100, Cancellation)).Where(incident => incident is { Kind: IncidentKinds.MissingEntry, Subject: "unread" })];
}
