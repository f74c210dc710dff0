using System.Text.Json.Serialization;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>One thing that must hold for the service to do its work.</summary>
/// <param name="Name">Short and stable: monitoring may look for it.</param>
/// <param name="Reason">Why it does not hold, and what would help; null if it does and nothing need be said.</param>
internal sealed record Check(string Name, bool Ok, string? Reason = null)
{
    /// <summary>What of it everybody may be told; null: all of it.</summary>
    [JsonIgnore]
    public string? OpenReason { get; init; }
}

/// <summary>A feature's checks, made when called. Register one for each feature that can be the cause of a silence.</summary>
internal delegate Task<IReadOnlyList<Check>> CheckSource(CancellationToken cancellation);

/// <summary>Whether the service does its work, and if not, why. Answers are reused for a second: anybody may ask.</summary>
internal sealed partial class Readiness(IStore store, IEnumerable<CheckSource> sources, TimeProvider time, ILogger<Readiness> log)
    : IDisposable
{
    /// <summary>A delivery that is due for longer than this means that alerts do not get out.</summary>
    public static readonly TimeSpan LongestDue = TimeSpan.FromSeconds(300);

    /// <summary>A delivery that is due for longer is worth a word: alerts come late.</summary>
    public static readonly TimeSpan LongDue = TimeSpan.FromSeconds(60);

    private const int MostNamed = 10;

    private static readonly TimeSpan Reuse = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private IReadOnlyList<Check>? _latest;
    private long _at;

    /// <summary>Every check, in a stable order.</summary>
    public async Task<IReadOnlyList<Check>> ChecksAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (_latest is not null && time.GetElapsedTime(_at) < Reuse) return _latest;

            var checks = new List<Check>();
            checks.AddRange(await MadeAsync("store", StoreAsync, cancellation));
            checks.AddRange(await MadeAsync("deliveries", DeliveriesAsync, cancellation));
            checks.AddRange(await MadeAsync("incidents", IncidentsAsync, cancellation));
            foreach (CheckSource source in sources) checks.AddRange(await MadeAsync("checks", source, cancellation));

            (_latest, _at) = (checks, time.GetTimestamp());
            return checks;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<IReadOnlyList<Check>> StoreAsync(CancellationToken cancellation) =>
        await store.IsWritableAsync(cancellation)
            ? [new Check("store", true)]
            : [new Check("store", false, "The store cannot be written: see that its disk has room and its file may be written.")];

    private async Task<IReadOnlyList<Check>> DeliveriesAsync(CancellationToken cancellation)
    {
        TimeSpan waiting = await store.OldestDueAsync(cancellation) is { } due ? time.GetUtcNow() - due : TimeSpan.Zero;
        return [new Check("deliveries", waiting <= LongestDue, waiting <= LongDue ? null : $"The oldest delivery has been due for {(long)waiting.TotalSeconds} seconds.")];
    }

    /// <summary>
    /// A log that lies is no reason to take the service out of rotation: another instance would see the same log, and alerts
    /// go on. What is open is said all the same, the gravest first.
    /// </summary>
    private async Task<IReadOnlyList<Check>> IncidentsAsync(CancellationToken cancellation)
    {
        List<Incident> open =
        [
            .. from incident in await store.IncidentsAsync(new IncidentFilter(OnlyOpen: true), cancellation)
               orderby incident.Severity descending, incident.Id
               select incident,
        ];
        if (open.Count == 0) return [new Check("incidents", true)];

        string shown = string.Join(", ", open.Take(MostNamed).Select(incident =>
            $"{incident.Kind} ({incident.Severity.ToString().ToLowerInvariant()}) of {(incident.LogDescription.Length > 0 ? incident.LogDescription : incident.Log)}"));
        string more = open.Count > MostNamed ? $", and {open.Count - MostNamed} more" : "";
        string grade = open[0].Severity >= Severity.Error ? "Degraded by incidents" : "Open incidents";
        return [new Check("incidents", true, $"{grade} of logs: {shown}{more}. See /console/logs, or 'certherald logs'.")];
    }

    // Edge of the request pipeline: a check that cannot be made is one that does not hold, and hides none of the others.
    private async Task<IReadOnlyList<Check>> MadeAsync(string name, CheckSource source, CancellationToken cancellation)
    {
        try
        {
            return await source(cancellation);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            LogUncheckable(failure, name);
            return [new Check(name, false, "This could not be checked: the service's log says why.")];
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Readiness: {Check} could not be checked")]
    private partial void LogUncheckable(Exception failure, string check);
}
