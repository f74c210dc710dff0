using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;

namespace CertHerald.Tests.Delivering;

public sealed class DeliveryScheduleTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly DeliverySchedule CertSpotter = new CertSpotterDialect().Rules.Schedule;

    [Fact]
    public void E7_Cert_Spotter_deliveries_are_tried_19_times_in_70_hours() => Assert.Equal(
        [
            TimeSpan.Zero, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
            TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(4), TimeSpan.FromHours(10), TimeSpan.FromHours(16),
            TimeSpan.FromHours(22), TimeSpan.FromHours(28), TimeSpan.FromHours(34), TimeSpan.FromHours(40), TimeSpan.FromHours(46),
            TimeSpan.FromHours(52), TimeSpan.FromHours(58), TimeSpan.FromHours(64), TimeSpan.FromHours(70),
        ],
        CertSpotter.Offsets);

    [Fact]
    public void Every_attempt_stays_within_a_tenth_of_its_gap_and_the_last_is_on_time()
    {
        string[] keys = [.. Enumerable.Range(0, 200).Select(_ => Guid.CreateVersion7().ToString())];
        foreach (string key in keys)
        {
            DateTimeOffset due = Start;
            for (int attempt = 1; attempt < CertSpotter.Offsets.Count; attempt++)
            {
                due = CertSpotter.NextAfter(attempt, due, started: due, key)!.Value;
                TimeSpan gap = CertSpotter.Offsets[attempt] - CertSpotter.Offsets[attempt - 1];
                TimeSpan spread = due - (Start + CertSpotter.Offsets[attempt]);
                Assert.InRange(spread, -gap / 10, gap / 10);
            }

            Assert.Equal(Start + TimeSpan.FromHours(70), due);
            Assert.Null(CertSpotter.NextAfter(CertSpotter.Offsets.Count, due, due, key));
        }

        TimeSpan[] firstSpreads = [.. keys.Select(key => CertSpotter.SpreadOf(1, key))];
        Assert.True(firstSpreads.Distinct().Count() > 190, "keys spread attempts");
        Assert.Contains(firstSpreads, spread => spread < TimeSpan.FromSeconds(-2));
        Assert.Contains(firstSpreads, spread => spread > TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void Rule_5_1_a_late_attempt_shifts_the_rest_and_costs_no_try()
    {
        var schedule = new DeliverySchedule([TimeSpan.Zero, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)], Jitter: 0);

        // Due at the start, but we were down for three hours.
        DateTimeOffset second = schedule.NextAfter(1, Start, Start.AddHours(3), "key")!.Value;
        Assert.Equal(Start.AddHours(3).AddMinutes(1), second);
        Assert.Equal(Start.AddHours(3).AddMinutes(5), schedule.NextAfter(2, second, second, "key"));
    }
}
