using System.Diagnostics.Metrics;
using CertHerald.Fetching;
using CertHerald.Storage;

namespace CertHerald.Following;

/// <summary>All followed logs, a follower each. The only catcher of a follower's failure: one log's trouble is its own.</summary>
internal sealed partial class LogFleet(
    IReadOnlyList<FollowedLog> logs, Func<FollowedLog, LogFollower> follow, TimeProvider time, Meter meter, ILogger<LogFleet> logger) : BackgroundService
{
    /// <summary>A log that has not answered for this long is stalled, and says so to whoever asks for readiness.</summary>
    public static readonly TimeSpan StallsAfter = TimeSpan.FromMinutes(15);

    private readonly DateTimeOffset _started = time.GetUtcNow();

    /// <summary>The logs, in no order.</summary>
    public IReadOnlyList<FollowedLog> Logs { get; } = logs;

    /// <summary>Logs that have not answered for long.</summary>
    public IEnumerable<FollowedLog> Stalled =>
        Logs.Where(log => time.GetUtcNow() - (log.Standing.LastSuccess ?? _started) > StallsAfter);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Measure();
        await Task.WhenAll(Logs.Select(log => KeepFollowingAsync(log, stoppingToken)));
    }

    private async Task KeepFollowingAsync(FollowedLog log, CancellationToken stopping)
    {
        // The first await lets the host go on starting while a log thinks.
        await Task.Yield();
        var backoff = new Backoff();
        while (!stopping.IsCancellationRequested)
        {
            ulong before = log.Standing.Position.Value;
            try
            {
                await follow(log).RunAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                log.Failed(failure.Message, time.GetUtcNow());
                if (failure is LogUnavailableException or StoreException) Failing(log.Log.Description, failure.Message);
                else Broke(log.Log.Description, failure);

                if (log.Standing.Position.Value != before) backoff = new Backoff();
                TimeSpan wait = backoff.Next();
                if (failure is LogUnavailableException { RetryAfter: { } asked } && asked > wait) wait = asked;
                await Task.Delay(wait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Measure()
    {
        Gauge("certherald_log_position", "Entries read of each log.", log => log.Standing.Position.Value);
        Gauge("certherald_log_tree_size", "Entries in each log's newest head.", log => log.Standing.Head?.Value);
        Gauge("certherald_log_verified_size", "Entries read and proven by a signed head.", log => log.Standing.Proven.Value);
        Gauge("certherald_log_head_age_seconds", "Age of each log's newest head, by the log's clock.",
            log => log.Standing.HeadTime is { } signed ? (time.GetUtcNow() - signed).TotalSeconds : null);
        meter.CreateObservableCounter("certherald_entries_total", () => Logs.Select(log => new Measurement<long>(log.Entries, Tag(log))),
            description: "Entries read and inspected.");
        meter.CreateObservableCounter("certherald_malformed_entries_total", () => Logs.Select(log => new Measurement<long>(log.Malformed, Tag(log))),
            description: "Entries that could not be read to their end.");
    }

    private void Gauge(string name, string description, Func<FollowedLog, double?> value) => meter.CreateObservableGauge(
        name, () => from log in Logs where value(log) is not null select new Measurement<double>(value(log)!.Value, Tag(log)), description: description);

    private static KeyValuePair<string, object?> Tag(FollowedLog log) => new("log", log.Log.Description);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Log}: {Problem}")]
    private partial void Failing(string log, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Log}: following failed and starts again")]
    private partial void Broke(string log, Exception failure);
}
