using CertHerald.Storage;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Following;

/// <summary>
/// The troubles of a log that are states, of which it has each or has not: what is open is remembered, so that a trouble that
/// goes on for days is written when it begins, when it grows worse, and when it ends. Outlives the follower that met it.
/// </summary>
internal sealed class StandingIncidents(LogDescription log) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Dictionary<(string Kind, string Subject), Severity> _open = [];
    private volatile bool _isKnown;

    /// <summary>Whether one of a kind is open, as far as this process has looked.</summary>
    public bool IsOpen(string kind)
    {
        lock (_open) return _open.ContainsKey((kind, ""));
    }

    /// <summary>It is so: opens the incident, or changes its severity.</summary>
    /// <param name="subject">Where a log may have several of the kind.</param>
    public Task OpenAsync(IStore store, Severity severity, string kind, Func<(string Summary, string Evidence)> report, CancellationToken stopping, string subject = "") =>
        ChangeAsync(store, (kind, subject), severity, report, stopping);

    /// <summary>It is not so, or not any more.</summary>
    public Task CloseAsync(IStore store, string kind, CancellationToken stopping, string subject = "") => ChangeAsync(store, (kind, subject), null, null, stopping);

    /// <summary>Looks again before the next case: one was closed by hand, and what still holds must open anew; or another process looked after the log meanwhile.</summary>
    public void Forget() => _isKnown = false;

    public void Dispose() => _one.Dispose();

    private async Task ChangeAsync(IStore store, (string Kind, string Subject) one, Severity? severity, Func<(string, string)>? report, CancellationToken stopping)
    {
        if (_isKnown && Find(one) == severity) return;

        await _one.WaitAsync(stopping);
        try
        {
            if (!_isKnown) await LearnAsync(store, stopping);
            if (Find(one) == severity) return;

            if (severity is { } grave)
            {
                (string summary, string evidence) = report!();
                await store.OpenIncidentAsync(log, new IncidentReport(one.Kind, grave, one.Subject, summary, evidence), stopping);
            }
            else
            {
                await store.CloseIncidentsAsync(log.Id, one.Kind, one.Subject, stopping);
            }
            Set(one, severity);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>What an earlier process left open, and nobody has closed since.</summary>
    private async Task LearnAsync(IStore store, CancellationToken stopping)
    {
        _isKnown = true;                                          // first: what is closed while this looks is looked at again
        try
        {
            IReadOnlyList<Incident> left = await store.IncidentsAsync(new IncidentFilter(OnlyOpen: true, log.Id), stopping);
            lock (_open)
            {
                _open.Clear();
                foreach (Incident one in left) _open[(one.Kind, one.Subject)] = one.Severity;
            }
        }
        catch
        {
            _isKnown = false;
            throw;
        }
    }

    private Severity? Find((string, string) one)
    {
        lock (_open) return _open.TryGetValue(one, out Severity severity) ? severity : null;
    }

    private void Set((string, string) one, Severity? severity)
    {
        lock (_open)
        {
            if (severity is { } known) _open[one] = known;
            else _open.Remove(one);
        }
    }
}
