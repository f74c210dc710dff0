using System.Diagnostics.Metrics;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>What the delivery loop measures.</summary>
internal sealed class DeliveryMetrics
{
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _latency;
    private long _oldestDue = long.MaxValue;
    private DeliveryCounts _counts = new(0, 0);

    public DeliveryMetrics(Meter meter, TimeProvider time)
    {
        _attempts = meter.CreateCounter<long>("certherald_deliveries_total", description: "Attempts at deliveries, by webhook and outcome.");
        _duration = meter.CreateHistogram<double>("certherald_delivery_duration_seconds", "s", "How long attempts take.");
        _latency = meter.CreateHistogram<double>(
            "certherald_alert_latency_seconds", "s", "From the log head that first showed an entry to the POST that a webhook took.");
        meter.CreateObservableGauge(
            "certherald_oldest_due_delivery_seconds",
            () => Math.Max(0, TimeSpan.FromTicks(time.GetUtcNow().UtcTicks - Volatile.Read(ref _oldestDue)).TotalSeconds),
            "s", "How long the oldest due delivery has been waiting; 0 if none is due.");
        meter.CreateObservableGauge("certherald_held_deliveries", () => Volatile.Read(ref _counts).Held, description: "Deliveries that wait for their webhook.");
        meter.CreateObservableGauge("certherald_dead_deliveries", () => Volatile.Read(ref _counts).Dead, description: "Deliveries that were given up.");
    }

    public void Count(string webhook, Answer answer, TimeSpan took)
    {
        _attempts.Add(1, new("webhook", webhook), new("outcome", Answer.NameOf(answer.Outcome)));
        _duration.Record(took.TotalSeconds);
    }

    /// <param name="latency">Since the head was seen that first showed the entry.</param>
    public void Alerted(TimeSpan latency) => _latency.Record(latency.TotalSeconds);

    public void CountsAre(DeliveryCounts counts) => Volatile.Write(ref _counts, counts);

    /// <param name="due">Null if no delivery is open.</param>
    public void OldestIs(DateTimeOffset? due) => Volatile.Write(ref _oldestDue, due?.UtcTicks ?? long.MaxValue);
}
