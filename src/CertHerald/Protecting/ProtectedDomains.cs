using System.Diagnostics.Metrics;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.Storage;

namespace CertHerald.Protecting;

/// <summary>
/// Whom to defend, in force now: what the configuration says, what was set through an API, and what was allowed. What it hands out is
/// immutable and swapped whole: a batch in work goes on with what it took. Any thread reads without waiting; those who write take turns.
/// </summary>
internal sealed class ProtectedDomains
{
    private readonly Lock _writing = new();
    private readonly CharacterFolds? _folds;
    private State _state;
    private volatile Protection _now = Protection.None;

    /// <param name="configured">From the configuration.</param>
    /// <param name="suffixes">The public suffixes; null if there is no list of them.</param>
    /// <param name="folds">What characters look like; null: the built-in table.</param>
    public ProtectedDomains(IReadOnlyList<ProtectedDomain> configured, PublicSuffixes? suffixes, CharacterFolds? folds, NameSample sample, Meter meter)
    {
        _folds = folds;
        _state = new State(configured, [], [], [], suffixes);
        meter.CreateObservableGauge("certherald_protected_domains", () => Now.Count, description: "Domains whose imitations are looked for, each counted once for each owner.");
        meter.CreateObservableCounter("certherald_lookalike_names_total", () => sample.NamesJudged, description: "Names that were judged for look-alikes.");
        Swap(state => state);
    }

    /// <summary>What names are judged by.</summary>
    public Protection Now => _now;

    /// <summary>Changes with every change of what is protected; not with what rules are judged against.</summary>
    public int Version { get; private set; }

    /// <summary>The part that stands in the configuration.</summary>
    public IReadOnlyList<ProtectedDomain> Configured => _state.Configured;

    public PublicSuffixes? Suffixes => _state.Suffixes;

    public CharacterFolds? Folds => _folds;

    /// <summary>Puts in force what the configuration holds now.</summary>
    public void Configure(IReadOnlyList<ProtectedDomain> configured, PublicSuffixes? suffixes) =>
        Swap(state => state with { Configured = configured, Suffixes = suffixes });

    /// <summary>Puts in force what the store holds now.</summary>
    public void Load(IReadOnlyList<StoredProtectedDomain> stored, IReadOnlyList<AllowedName> allowed) => Swap(state => state with { Stored = stored, Allowed = allowed });

    /// <summary>Puts in force which other domains owners have: neither they nor what lies below them is ever a look-alike to them.</summary>
    /// <param name="own">By owner; those without any may be missing.</param>
    public void Own(IReadOnlyDictionary<string, IReadOnlyList<string>> own) =>
        Swap(state => state with { Own = [.. own.Select(one => (one.Key, one.Value))] });

    /// <summary>Judges rules against ordinary names from now on. What is protected may have changed meanwhile: then they are counted again.</summary>
    /// <param name="counted">What <see cref="Now"/> was when they were counted.</param>
    /// <param name="weighed">The same, with what was counted.</param>
    public bool Weigh(Protection counted, Protection weighed)
    {
        lock (_writing)
        {
            if (_now != counted) return false;
            _now = weighed;
            return true;
        }
    }

    private void Swap(Func<State, State> change)
    {
        lock (_writing)
        {
            _state = change(_state);
            _now = Build(_state);
            Version++;
        }
    }

    private Protection Build(State state)
    {
        var owners = new SortedDictionary<string, List<ProtectedDomain>>(StringComparer.Ordinal);
        var configured = state.Configured.Select(domain => domain.Name).ToHashSet(StringComparer.Ordinal);
        if (state.Configured.Count > 0) owners.Add(ProtectedDomainOwners.Operator, [.. state.Configured]);
        foreach (StoredProtectedDomain stored in state.Stored)
        {
            if (!owners.TryGetValue(stored.Owner, out List<ProtectedDomain>? domains)) owners.Add(stored.Owner, domains = []);
            // What stands in both is as the configuration says.
            if (stored.Owner != ProtectedDomainOwners.Operator || !IsConfigured(stored.Domain.Name)) domains.Add(stored.Domain);
        }
        ILookup<(string, string), string> allowed = state.Allowed.ToLookup(one => (one.Owner, one.Domain), one => one.Name);
        var built = new List<OwnerProtection>(owners.Count);
        foreach ((string owner, List<ProtectedDomain> domains) in owners)
        {
            for (int i = 0; i < domains.Count; i++)
                if (allowed[(owner, domains[i].Name)].ToList() is { Count: > 0 } more) domains[i] = domains[i] with { Allowed = [.. domains[i].Allowed, .. more] };
            // What one of them owns is no imitation of another: it does not matter which one names it.
            if (state.Own.Find(one => one.Owner == owner).Names is { Count: > 0 } own) domains[0] = domains[0] with { Own = [.. domains[0].Own, .. own] };
            built.Add(new OwnerProtection(owner, LookalikeIndex.Build(domains, state.Suffixes, _folds), OwnsWatched: owner == ProtectedDomainOwners.Operator));
        }
        return new Protection([.. built], state.Suffixes);

        bool IsConfigured(string name) => configured.Contains(name);
    }

    private sealed record State(
        IReadOnlyList<ProtectedDomain> Configured, IReadOnlyList<StoredProtectedDomain> Stored, IReadOnlyList<AllowedName> Allowed,
        List<(string Owner, IReadOnlyList<string> Names)> Own, PublicSuffixes? Suffixes);
}
