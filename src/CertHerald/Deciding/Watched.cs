using System.Diagnostics.Metrics;
using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>
/// What is watched and what is known, in force now. Its values are immutable and swapped whole: a batch in work goes on with
/// the list that it took. Any thread reads without waiting; those who write take turns.
/// </summary>
internal sealed class Watched
{
    private readonly Lock _writing = new();
    private volatile State _now;

    /// <param name="configured">From configuration and files.</param>
    /// <param name="suffixes">What watch items are checked against; null if there is no list.</param>
    public Watched(WatchList configured, KnownCertificates known, Meter meter, PublicSuffixes? suffixes = null)
    {
        _now = new State(configured, WatchList.Empty, WatchList.Empty, configured, known, suffixes);
        meter.CreateObservableGauge("certherald_watch_items", () => List.Count, description: "Watch items in force, each counted once.");
    }

    /// <summary>Everything that is watched.</summary>
    public WatchList List => _now.List;

    /// <summary>The part of it that stands in configuration and files.</summary>
    public WatchList Configured => _now.Configured;

    /// <summary>The part of it that was added through the API.</summary>
    public WatchList Added => _now.Added;

    /// <summary>The part of it that is apps'.</summary>
    public WatchList OfApps => _now.OfApps;

    public KnownCertificates Known => _now.Known;

    /// <summary>The public suffixes; null if there is no list of them.</summary>
    public PublicSuffixes? Suffixes => _now.Suffixes;

    /// <summary>Puts in force what configuration and files hold now.</summary>
    /// <returns>How many items were in force before, and are from now on.</returns>
    public (int Before, int After) Configure(WatchList configured, KnownCertificates known, PublicSuffixes? suffixes = null) =>
        Swap(now => now with { Configured = configured, Known = known, Suffixes = suffixes });

    /// <summary>Puts in force what was added through the API.</summary>
    /// <returns>As <see cref="Configure"/>.</returns>
    public (int Before, int After) Add(WatchList added) => Swap(now => now with { Added = added });

    /// <summary>Puts in force what apps have subscribed to.</summary>
    /// <returns>As <see cref="Configure"/>.</returns>
    public (int Before, int After) AddOfApps(WatchList ofApps) => Swap(now => now with { OfApps = ofApps });

    private (int Before, int After) Swap(Func<State, State> change)
    {
        lock (_writing)
        {
            State before = _now, after = change(before);
            _now = after with { List = after.Configured.With(after.Added).With(after.OfApps) };
            return (before.List.Count, _now.List.Count);
        }
    }

    private sealed record State(WatchList Configured, WatchList Added, WatchList OfApps, WatchList List, KnownCertificates Known, PublicSuffixes? Suffixes);
}
