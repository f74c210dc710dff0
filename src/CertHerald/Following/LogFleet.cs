using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json;
using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;

namespace CertHerald.Following;

/// <summary>
/// All followed logs, a follower each, and the lists that name them. What becomes of a log is decided by <see cref="LifeRules"/>
/// and done here. The only catcher of a follower's failure: one log's trouble is its own.
/// </summary>
/// <param name="follow">Makes the follower of a log's tip, anew for each start.</param>
/// <param name="catchUp">Makes the reader of what lies behind the tip, anew for each start.</param>
/// <param name="backFill">Makes the searcher of its past, anew for each start.</param>
internal sealed partial class LogFleet(
    LogOptions options, IReadOnlyList<LogListSource> lists, IStore store, Func<FollowedLog, LogFollower> follow, Func<FollowedLog, CatchUp> catchUp,
    Func<FollowedLog, BackFiller> backFill, TimeProvider time, Meter meter, ILogger<LogFleet> logger)
    : BackgroundService
{
    /// <summary>A log that has given nothing of use for this long is stalled, and says so to whoever asks for readiness.</summary>
    public static readonly TimeSpan StallsAfter = TimeSpan.FromMinutes(15);

    /// <summary>A list that could not be renewed for this long may lack logs.</summary>
    public static readonly TimeSpan ListStalesAfter = TimeSpan.FromHours(24);

    /// <summary>How often the lives of logs are looked at when no list has news.</summary>
    private static readonly TimeSpan PassInterval = TimeSpan.FromMinutes(1);

    /// <summary>What tells of the entries that a log took with it, apart from its gaps.</summary>
    private const string Rest = "rest";

    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly LifeRules _rules = new(options);
    private readonly LogOwnership _ownership = new(store, time, logger);
    private readonly Bell _bell = new(time);
    private readonly Dictionary<LogId, LogLife> _lives = [];
    private readonly Dictionary<LogId, Following> _followers = [];
    private readonly ConcurrentDictionary<string, string> _listProblems = new(StringComparer.Ordinal);
    private ImmutableList<FollowedLog> _logs = [];
    private long _passes;

    /// <summary>The logs that are followed now, and those that were stopped.</summary>
    public IReadOnlyList<FollowedLog> Logs => Volatile.Read(ref _logs);

    /// <summary>How often the lives of all logs were settled. Stands still if that hangs.</summary>
    public long Passes => Interlocked.Read(ref _passes);

    /// <summary>Logs that have not answered for long, or given none of the entries that they signed for, though they should.</summary>
    public IEnumerable<FollowedLog> Stalled => Logs.Where(log => log.Stage == LogStage.Following && !log.IsElsewhere
        && (time.GetUtcNow() - (log.Standing.LastSuccess ?? _started) > StallsAfter || time.GetUtcNow() - log.Standing.UnreadSince > StallsAfter));

    /// <summary>What lists hold that cannot be followed, each once.</summary>
    public IReadOnlyList<RefusedLog> Refused => [.. lists.SelectMany(source => source.List?.Refused ?? []).Distinct()];

    /// <summary>Why the set of logs may be incomplete; null if it is not.</summary>
    public string? ListProblem => string.Join("; ", lists.Select(ProblemOf).OfType<string>()) is { Length: > 0 } problems ? problems : null;

    /// <summary>The same for whoever asks: which lists, and no more.</summary>
    public string? OpenListProblem => string.Join(", ", lists.Where(source => ProblemOf(source) is not null).Select(source => source.Name)) is { Length: > 0 } names
        ? $"Not read, or not renewed: log list {names}. Who may read the API is told why."
        : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        Measure();
        // What is configured by hand waits for no list, and no list for another.
        HashSet<LogId> custom = [];
        foreach (ChosenLog chosen in options.CustomLogs())
        {
            custom.Add(chosen.Log.Id);
            Begin(chosen, LogStage.Following, stoppingToken);
        }
        Task[] lookers = [.. lists.Select(source => KeepLookingAsync(source, stoppingToken)), _ownership.KeepAsync(stoppingToken)];

        bool isLoaded = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                // What another node has found out of its logs since the last look is in the store only.
                if (!isLoaded || store.IsShared)
                    foreach (LogLife life in await store.LivesAsync(stoppingToken)) _lives[life.Log.Id] = life;
                isLoaded = true;
                await PassAsync(custom, stoppingToken);
                Interlocked.Increment(ref _passes);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                // The service would end with this loop, and every log with it.
                if (!stoppingToken.IsCancellationRequested) PassBroke(failure);
            }
            await ((Task)_bell.WaitAsync(PassInterval, stoppingToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await Task.WhenAll([.. lookers, .. _followers.Values.Select(follower => follower.Run)]);
    }

    private async Task KeepLookingAsync(LogListSource source, CancellationToken stopping)
    {
        await Task.Yield();
        var backoff = new Backoff();
        while (!stopping.IsCancellationRequested)
        {
            bool hasList = await RefreshAsync(source, stopping);
            _bell.Ring();

            TimeSpan wait = source.IsToRefetch ? LogListSource.RefetchAfter
                : hasList ? LogListSource.LookInterval * (0.5 + Random.Shared.NextDouble())
                : backoff.Next();
            if (hasList) backoff = new Backoff();
            await Task.Delay(wait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> RefreshAsync(LogListSource source, CancellationToken stopping)
    {
        try
        {
            await source.RefreshAsync(stopping);
            _listProblems.TryRemove(source.Location, out _);
            return true;
        }
        catch (LogListUnavailableException failure)
        {
            NoList(failure.Message);
            _listProblems[source.Location] = failure.Message;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopping: not an error.
        }
        catch (Exception failure)
        {
            ListBroke(source.Shown, failure);
            _listProblems[source.Location] = $"log list {source.Shown}: {failure.Message}";
        }
        return source.List is not null;
    }

    private string? ProblemOf(LogListSource source) =>
        source.List is null ? _listProblems.GetValueOrDefault(source.Location, $"log list {source.Shown} has not been read yet")
        : source.RefreshedAt is { } at && time.GetUtcNow() - at <= ListStalesAfter ? null
        : $"log list {source.Shown} could not be renewed since {source.RefreshedAt?.ToString("u", CultureInfo.InvariantCulture) ?? "the start"}: see that this machine reaches it";

    /// <summary>Decides about every log that a list names or named, and does it.</summary>
    private async Task PassAsync(HashSet<LogId> custom, CancellationToken stopping)
    {
        var named = new NamedLogs(lists.Select(source => (source.Location, source.List)));
        var stored = (await store.LogsAsync(stopping)).ToDictionary(log => log.Id);
        DateTimeOffset now = time.GetUtcNow();
        var changed = new List<LogLife>();
        var all = new List<LogLife>();
        foreach (LogId id in named.Ids.Union(_lives.Keys).Where(id => !custom.Contains(id)))
        {
            LogLife? before = _lives.GetValueOrDefault(id);
            StoredLog? position = stored.GetValueOrDefault(id);
            if (_rules.Next(id, before, named, ProgressOf(id, before, position, now), now) is not { } life) continue;

            all.Add(life);
            if (before is not null && life.IsSameAs(before)) continue;
            // Its owner says what becomes of it.
            if (before is not null && store.IsShared && _ownership.IsElsewhere(id)) continue;
            changed.Add(life);
            string name = LogSources.NameOf(life.Log);
            if (before is not null && before.Stage != life.Stage) Becomes(name, before.Stage, life.Stage);
            if (before is { HasRest: true } != life.HasRest && position is not null) await TellOfRestAsync(life, position, stopping);
        }

        // Before anything is read by it: what a log was to be must be known after a crash.
        if (changed.Count > 0) await store.KeepLivesAsync(changed, stopping);
        foreach (LogLife life in all)
        {
            _lives[life.Log.Id] = life;
            Apply(life, stopping);
        }
    }

    private LogProgress ProgressOf(LogId id, LogLife? before, StoredLog? stored, DateTimeOffset now)
    {
        if (!_followers.TryGetValue(id, out Following? follower) || follower.Log.IsElsewhere) return new LogProgress(stored is not null, HasUnread: stored?.HeadSize > stored?.Position);

        LogStanding standing = follower.Log.Standing;
        bool? isAtEnd = standing.Largest is null || standing.Lanes.Count == 0 ? null : standing.Backlog == 0;
        bool hasAnswered = standing.LastSuccess is { } at && (before?.SilentSince is { } since ? at > since : now - at < StallsAfter);
        return new LogProgress(
            stored is not null, isAtEnd, follower.Log.HasEnded is { } hasEnded ? hasEnded && isAtEnd == true : null,
            standing.State == FollowState.Starting ? null : standing.State == FollowState.Failing && !hasAnswered,
            isAtEnd is null ? stored?.HeadSize > stored?.Position : isAtEnd == false);
    }

    /// <summary>What a log took with it is an incident of its own; if it comes back and is read, that ends.</summary>
    private async Task TellOfRestAsync(LogLife life, StoredLog position, CancellationToken stopping)
    {
        if (!life.HasRest)
        {
            await store.CloseIncidentsAsync(life.Log.Id, IncidentKinds.MissingEntry, Rest, stopping);
            return;
        }
        await store.OpenIncidentAsync(life.Log.Id, IncidentReport.Of(
            IncidentKinds.MissingEntry, Rest,
            $"entries {position.Position} to {position.HeadSize} were not read before the log, in no list any more, was silent for {LifeRules.LongestSilence.TotalDays:0} days",
            JsonSerializer.Serialize(new { first = position.Position.Value, end = position.HeadSize?.Value, silent_since = life.SilentSince })), stopping);
    }

    private void Apply(LogLife life, CancellationToken stopping)
    {
        var chosen = new ChosenLog(life.Log, false, null);
        if (!_followers.TryGetValue(life.Log.Id, out Following? follower))
        {
            Begin(chosen, life.Stage, stopping);
            return;
        }

        // A log that is read elsewhere, or had stopped, or sleeps for a day: its followers start anew.
        bool isStopped = life.Stage == LogStage.Stopped;
        bool startsAnew = !isStopped
            && (follower.Stop is null || !life.IsDescribedAs(follower.Described) || (follower.Stage == LogStage.Finished && life.Stage != LogStage.Finished));
        if (isStopped || startsAnew) follower.Stop?.Cancel();
        if (startsAnew)
        {
            _followers[life.Log.Id] = Start(follower.Log, chosen, life.Stage, follower.Run, stopping);
            return;
        }
        follower.Log.IsNow(chosen, life.Stage);
        _followers[life.Log.Id] = follower with { Stage = life.Stage, Stop = isStopped ? null : follower.Stop };
    }

    private void Begin(ChosenLog chosen, LogStage stage, CancellationToken stopping)
    {
        if (stopping.IsCancellationRequested || _followers.ContainsKey(chosen.Log.Id)) return;
        var log = new FollowedLog(chosen, time) { EndBell = _bell, IsElsewhereNow = () => _ownership.IsElsewhere(chosen.Log.Id) };
        Volatile.Write(ref _logs, _logs.Add(log));
        log.IsNow(chosen, stage);
        _followers.Add(chosen.Log.Id, stage == LogStage.Stopped ? new Following(log, chosen.Log, stage, Task.CompletedTask, null) : Start(log, chosen, stage, Task.CompletedTask, stopping));
    }

    /// <param name="before">The followers that are on their way out: two must not read one log.</param>
    private Following Start(FollowedLog log, ChosenLog chosen, LogStage stage, Task before, CancellationToken stopping)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        CancellationToken stopped = stop.Token;
        string name = LogSources.NameOf(chosen.Log);
        Follows(name);
        return new Following(log, chosen.Log, stage, FollowAsync(), stop);

        async Task FollowAsync()
        {
            using CancellationTokenSource own = stop;
            await before;
            log.IsNow(chosen, stage);
            while (!stopped.IsCancellationRequested) await FollowWhileOwnedAsync(log, stopped);
        }
    }

    /// <summary>A log and what reads it.</summary>
    /// <param name="Described">As its followers know it, or will once those before them have ended.</param>
    /// <param name="Stop">Null if nothing does.</param>
    private sealed record Following(FollowedLog Log, LogDescription Described, LogStage Stage, Task Run, CancellationTokenSource? Stop);

    private async Task FollowWhileOwnedAsync(FollowedLog log, CancellationToken stopping)
    {
        try
        {
            using var owned = CancellationTokenSource.CreateLinkedTokenSource(stopping, await _ownership.TakeAsync(log.Log.Id, stopping));
            // Another node may have read on since this one knew the log.
            if (store.IsShared) log.BeginsAnew();
            await KeepFollowingAsync(log, owned.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopping, while another node had it.
        }
    }

    /// <summary>The tip and what lies behind it fail and start again each for itself: a gap must not delay what is new.</summary>
    private Task KeepFollowingAsync(FollowedLog log, CancellationToken stopping) => Task.WhenAll(
        KeepAsync(log, LogWork.Tip, follow, follower => follower.RunAsync(stopping), stopping),
        KeepAsync(log, LogWork.CatchUp, catchUp, behind => behind.RunAsync(stopping), stopping),
        KeepAsync(log, LogWork.BackFill, backFill, past => past.RunAsync(stopping), stopping));

    private async Task KeepAsync<T>(FollowedLog log, LogWork work, Func<FollowedLog, T> make, Func<T, Task> run, CancellationToken stopping)
        where T : class, IDisposable
    {
        // The first await lets the others begin while a log thinks.
        await Task.Yield();
        var backoff = new Backoff();
        T? follower = null;
        while (!stopping.IsCancellationRequested)
        {
            long before = log.AdvancesOf(work);
            try
            {
                await run(follower ??= make(log));
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                log.Failed(failure.Message, time.GetUtcNow());
                // That a log falls silent which no list names, or which has ended, is no news.
                string name = LogSources.NameOf(log.Log);
                bool isLogs = failure is LogUnavailableException;
                // Most messages of a log begin with its name.
                string problem = failure.Message.StartsWith($"{name}: ", StringComparison.Ordinal) ? failure.Message[(name.Length + 2)..] : failure.Message;
                if (isLogs && log.Stage != LogStage.Following) Silent(name, problem);
                else if (isLogs || failure is StoreException) Failing(name, problem);
                else Broke(name, failure);
                // What was fetched ahead is still good where only the log failed.
                if (!isLogs)
                {
                    follower?.Dispose();
                    follower = null;
                }

                if (log.AdvancesOf(work) != before) backoff = new Backoff();
                TimeSpan wait = backoff.Next();
                if (failure is LogUnavailableException { RetryAfter: { } asked } && asked > wait) wait = asked;
                if (log.Stage == LogStage.Finished) wait = HeadPace.Daily;
                await Task.Delay(wait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        follower?.Dispose();
    }

    private void Measure()
    {
        Gauge("certherald_log_position", "Entries read of each log.", log => log.Standing.Position.Value);
        Gauge("certherald_log_tree_size", "Entries in each log's newest head.", log => log.Standing.Head?.Size.Value);
        Gauge("certherald_log_verified_size", "Entries read and proven by a signed head.", log => log.Standing.Proven.Value);
        Gauge("certherald_log_head_age_seconds", "Age of each log's newest head, by the log's clock.",
            log => log.Stage is LogStage.Following or LogStage.Delisted && log.Standing.HeadTime is { } signed ? (time.GetUtcNow() - signed).TotalSeconds : null);
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

    [LoggerMessage(Level = LogLevel.Information, Message = "{Log} was {Before} and is {After} now, by its log lists")]
    private partial void Becomes(string log, LogStage before, LogStage after);

    [LoggerMessage(Level = LogLevel.Error, Message = "What becomes of the logs could not be settled, and is tried again")]
    private partial void PassBroke(Exception failure);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Log}: {Problem}")]
    private partial void Silent(string log, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Log}: {Problem}")]
    private partial void Failing(string log, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Log}: following failed and starts again")]
    private partial void Broke(string log, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem}")]
    private partial void NoList(string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "Log list {List} could not be read, and is tried again")]
    private partial void ListBroke(string list, Exception failure);
}
