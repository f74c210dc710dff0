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
        _now = new State(configured, WatchList.Empty, WatchList.Empty, configured, configured, suffixes, known, KnownCertificates.None, CaaTrust.None, known);
        meter.CreateObservableGauge("certherald_watch_items", () => List.Count, description: "Watch items in force, each counted once.");
    }

    /// <summary>Everything that is watched.</summary>
    public WatchList List => _now.List;

    /// <summary>The part of it that stands in configuration and files.</summary>
    public WatchList Configured => _now.Configured;

    /// <summary>The part of it that was added through the API.</summary>
    public WatchList Added => _now.Added;

    /// <summary>The part of it that belongs to whoever runs the service: configured or added, and nobody's tenant's.</summary>
    public WatchList Own => _now.Own;

    /// <summary>The part of it that is apps'.</summary>
    public WatchList OfApps => _now.OfApps;

    /// <summary>Everything that is known.</summary>
    public KnownCertificates Known => _now.Known;

    /// <summary>The part of it that stands in configuration and files.</summary>
    public KnownCertificates KnownConfigured => _now.KnownConfigured;

    /// <summary>More, or less, is known than before. Told by whoever changed it, after it is in force.</summary>
    public event Action? KnownChanged;

    /// <summary>The public suffixes; null if there is no list of them.</summary>
    public PublicSuffixes? Suffixes => _now.Suffixes;

    /// <summary>Puts in force what configuration and files hold now.</summary>
    /// <returns>How many items were in force before, and are from now on.</returns>
    public (int Before, int After) Configure(WatchList configured, KnownCertificates known, PublicSuffixes? suffixes = null) =>
        Swap(now => now with { Configured = configured, KnownConfigured = known, Suffixes = suffixes });

    /// <summary>Puts in force what was added through the API.</summary>
    /// <returns>As <see cref="Configure"/>.</returns>
    public (int Before, int After) Add(WatchList added) => Swap(now => now with { Added = added });

    /// <summary>Puts in force what was authorised through the API.</summary>
    public void Authorise(KnownCertificates added) => Swap(now => now with { KnownAdded = added });

    /// <summary>Puts in force which CAA records may authorise.</summary>
    public void Trust(CaaTrust caa) => Swap(now => now with { Caa = caa });

    /// <summary>Puts in force what apps have subscribed to.</summary>
    /// <returns>As <see cref="Configure"/>.</returns>
    public (int Before, int After) AddOfApps(WatchList ofApps) => Swap(now => now with { OfApps = ofApps });

    private (int Before, int After) Swap(Func<State, State> change)
    {
        State before, after;
        lock (_writing)
        {
            before = _now;
            after = change(before);
            if (before.Configured != after.Configured || before.Added != after.Added || before.OfApps != after.OfApps) after = after with { Own = after.Configured.With(after.Added), List = after.Configured.With(after.Added).With(after.OfApps) };
            if (before.KnownConfigured != after.KnownConfigured || before.KnownAdded != after.KnownAdded || before.Caa != after.Caa)
                after = after with { Known = after.KnownConfigured.With(after.KnownAdded).With(after.KnownConfigured.CaaUse is null ? CaaTrust.None : after.Caa) };
            _now = after;
        }
        if (before.Known != after.Known) KnownChanged?.Invoke();
        return (before.List.Count, after.List.Count);
    }

    private sealed record State(
        WatchList Configured, WatchList Added, WatchList OfApps, WatchList Own, WatchList List, PublicSuffixes? Suffixes,
        KnownCertificates KnownConfigured, KnownCertificates KnownAdded, CaaTrust Caa, KnownCertificates Known);
}
