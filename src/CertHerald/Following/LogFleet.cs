using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// All followed logs, a follower each, and the lists that name them. The only catcher of a follower's failure: one log's
/// trouble is its own.
/// </summary>
/// <param name="follow">Makes the follower of a log's tip, anew for each start.</param>
/// <param name="catchUp">Makes the reader of what lies behind the tip, anew for each start.</param>
internal sealed partial class LogFleet(
    LogOptions options, IReadOnlyList<LogListSource> lists, Func<FollowedLog, LogFollower> follow, Func<FollowedLog, CatchUp> catchUp, TimeProvider time, Meter meter, ILogger<LogFleet> logger)
    : BackgroundService
{
    /// <summary>A log that has not answered for this long is stalled, and says so to whoever asks for readiness.</summary>
    public static readonly TimeSpan StallsAfter = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan ListInterval = TimeSpan.FromHours(1);

    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly Dictionary<LogId, Task> _followers = [];
    private ImmutableList<FollowedLog> _logs = [];
    private volatile string? _listProblem = lists.Count == 0 ? null : "the log lists have not been read yet";

    /// <summary>The logs that are followed now.</summary>
    public IReadOnlyList<FollowedLog> Logs => Volatile.Read(ref _logs);

    /// <summary>Logs that have not answered for long.</summary>
    public IEnumerable<FollowedLog> Stalled => Logs.Where(log => time.GetUtcNow() - (log.Standing.LastSuccess ?? _started) > StallsAfter);

    /// <summary>Why the set of logs may be incomplete; null if it is not.</summary>
    public string? ListProblem => _listProblem;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        Measure();
        var backoff = new Backoff();
        // What is configured by hand waits for no list.
        BeginChosen(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            // Of the lists, what can be had is followed; the rest is asked for again soon.
            _listProblem = await RefreshAsync(stoppingToken);
            BeginChosen(stoppingToken);

            TimeSpan wait = _listProblem is null ? ListInterval * (0.5 + Random.Shared.NextDouble()) : backoff.Next();
            if (_listProblem is null) backoff = new Backoff();
            await Task.Delay(wait, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await Task.WhenAll(_followers.Values);
    }

    private async Task<string?> RefreshAsync(CancellationToken stopping)
    {
        var problems = new List<string>();
        foreach (LogListSource source in lists)
        {
            try
            {
                await source.RefreshAsync(stopping);
            }
            catch (LogListUnavailableException failure)
            {
                NoList(failure.Message);
                problems.Add(failure.Message);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                // The service would end with this loop, and every log with it.
                ListBroke(source.Location, failure);
                problems.Add($"log list {source.Location}: {failure.Message}");
            }
        }
        return problems.Count == 0 ? null : string.Join("; ", problems);
    }

    private void BeginChosen(CancellationToken stopping)
    {
        foreach (ChosenLog chosen in options.Choose(lists.Select(source => source.List).OfType<LogList>())) Begin(chosen, stopping);
    }

    private void Begin(ChosenLog chosen, CancellationToken stopping)
    {
        if (stopping.IsCancellationRequested || _followers.ContainsKey(chosen.Log.Id)) return;
        var log = new FollowedLog(chosen, time);
        Volatile.Write(ref _logs, _logs.Add(log));
        _followers.Add(chosen.Log.Id, KeepFollowingAsync(log, stopping));
        string name = LogSources.NameOf(chosen.Log);
        Follows(name);
    }

    /// <summary>The tip and what lies behind it fail and start again each for itself: a gap must not delay what is new.</summary>
    private Task KeepFollowingAsync(FollowedLog log, CancellationToken stopping) => Task.WhenAll(
        KeepAsync(log, async () =>
        {
            using LogFollower follower = follow(log);
            await follower.RunAsync(stopping);
        }, () => log.Standing.Tip, stopping),
        KeepAsync(log, async () =>
        {
            using CatchUp behind = catchUp(log);
            await behind.RunAsync(stopping);
        }, () => log.Standing.Position, stopping));

    /// <param name="progress">Where it stands: after progress, the next failure is a first one.</param>
    private async Task KeepAsync(FollowedLog log, Func<Task> run, Func<TreeSize> progress, CancellationToken stopping)
    {
        // The first await lets the others begin while a log thinks.
        await Task.Yield();
        var backoff = new Backoff();
        while (!stopping.IsCancellationRequested)
        {
            TreeSize before = progress();
            try
            {
                await run();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                log.Failed(failure.Message, time.GetUtcNow());
                if (failure is LogUnavailableException or StoreException or HeadRefusedException) Failing(LogSources.NameOf(log.Log), failure.Message);
                else Broke(LogSources.NameOf(log.Log), failure);

                if (progress() != before) backoff = new Backoff();
                TimeSpan wait = backoff.Next();
                if (failure is LogUnavailableException { RetryAfter: { } asked } && asked > wait) wait = asked;
                await Task.Delay(wait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Measure()
    {
        Gauge("certherald_log_position", "Entries read of each log.", log => log.Standing.Position.Value);
        Gauge("certherald_log_tree_size", "Entries in each log's newest head.", log => log.Standing.Head?.Size.Value);
        Gauge("certherald_log_verified_size", "Entries read and proven by a signed head.", log => log.Standing.Proven.Value);
        Gauge("certherald_log_head_age_seconds", "Age of each log's newest head, by the log's clock.",
            log => log.Standing.HeadTime is { } signed ? (time.GetUtcNow() - signed).TotalSeconds : null);
        meter.CreateObservableCounter("certherald_entries_total", () => Logs.Select(log => new Measurement<long>(log.Entries, Tag(log))),
            description: "Entries read and inspected.");
        meter.CreateObservableCounter("certherald_malformed_entries_total", () => Logs.Select(log => new Measurement<long>(log.Malformed, Tag(log))),
            description: "Entries that could not be read to their end.");
        meter.CreateObservableCounter(
            "certherald_matches_total",
            () => new Measurement<long>[]
            {
                new(Logs.Sum(log => log.Matches), new KeyValuePair<string, object?>("kind", "watched")),
                new(Logs.Sum(log => log.Malformed), new KeyValuePair<string, object?>("kind", "malformed")),
            },
            description: "Findings in all logs; one certificate in two logs counts twice.");
    }

    private void Gauge(string name, string description, Func<FollowedLog, double?> value) => meter.CreateObservableGauge(
        name, () => from log in Logs where value(log) is not null select new Measurement<double>(value(log)!.Value, Tag(log)), description: description);

    private static KeyValuePair<string, object?> Tag(FollowedLog log) => new("log", LogSources.NameOf(log.Log));

    [LoggerMessage(Level = LogLevel.Information, Message = "Following {Log}")]
    private partial void Follows(string log);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Log}: {Problem}")]
    private partial void Failing(string log, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Log}: following failed and starts again")]
    private partial void Broke(string log, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem}")]
    private partial void NoList(string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "Log list {List} could not be read, and is tried again")]
    private partial void ListBroke(string list, Exception failure);
}
