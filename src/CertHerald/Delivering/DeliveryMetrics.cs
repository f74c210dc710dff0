using System.Diagnostics.Metrics;

namespace CertHerald.Delivering;

/// <summary>What the delivery loop measures.</summary>
internal sealed class DeliveryMetrics
{
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _duration;
    private long _oldestDue = long.MaxValue;

    public DeliveryMetrics(Meter meter, TimeProvider time)
    {
        _attempts = meter.CreateCounter<long>("certherald_deliveries_total", description: "Attempts at deliveries, by webhook and outcome.");
        _duration = meter.CreateHistogram<double>("certherald_delivery_duration_seconds", "s", "How long attempts take.");
        meter.CreateObservableGauge(
            "certherald_oldest_due_delivery_seconds",
            () => Math.Max(0, TimeSpan.FromTicks(time.GetUtcNow().UtcTicks - Volatile.Read(ref _oldestDue)).TotalSeconds),
            "s", "How long the oldest due delivery has been waiting; 0 if none is due.");
    }

    public void Count(string webhook, Answer answer, TimeSpan took)
    {
        _attempts.Add(1, new("webhook", webhook), new("outcome", Answer.NameOf(answer.Outcome)));
        _duration.Record(took.TotalSeconds);
    }

    /// <param name="due">Null if no delivery is open.</param>
    public void OldestIs(DateTimeOffset? due) => Volatile.Write(ref _oldestDue, due?.UtcTicks ?? long.MaxValue);
}
