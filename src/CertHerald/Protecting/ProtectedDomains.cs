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
    private volatile Dictionary<(string Owner, string Domain), DateTimeOffset> _since = [];
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

    /// <summary>The part that stands in the configuration.</summary>
    public IReadOnlyList<ProtectedDomain> Configured => _state.Configured;

    public PublicSuffixes? Suffixes => _state.Suffixes;

    public CharacterFolds? Folds => _folds;

    /// <summary>Puts in force what the configuration holds now.</summary>
    public void Configure(IReadOnlyList<ProtectedDomain> configured, PublicSuffixes? suffixes) =>
        Swap(state => state with { Configured = configured, Suffixes = suffixes });

    /// <summary>Puts in force what the store holds now.</summary>
    public void Load(IReadOnlyList<StoredProtectedDomain> stored, IReadOnlyList<AllowedName> allowed)
    {
        var since = stored.ToDictionary(one => (one.Owner, one.Domain.Name), one => one.Added);
        Swap(state =>
        {
            // Asked for with every look-alike.
            _since = since;
            return state with { Stored = stored, Allowed = allowed };
        });
    }

    /// <summary>Puts in force which other domains owners have: neither they nor what lies below them is ever a look-alike to them.</summary>
    /// <param name="own">By owner; those without any may be missing.</param>
    public void Own(IReadOnlyDictionary<string, IReadOnlyList<string>> own) =>
        Swap(state => state with { Own = [.. own.Select(one => (one.Key, one.Value))] });

    /// <summary>When an owner's domain was set through an API; the beginning of time if it was not.</summary>
    public DateTimeOffset SinceOf(string owner, string domain) => _since.GetValueOrDefault((owner, domain));

    /// <summary>Judges an owner's rules against ordinary names from now on.</summary>
    /// <param name="weighed">An index of his, with what was counted. What is protected may have changed meanwhile: what is the same is taken over.</param>
    public void Weigh(string owner, LookalikeIndex weighed)
    {
        lock (_writing)
            _now = _now.With([.. _now.Owners.Select(one => one.Owner == owner ? one with { Index = one.Index.WeighedAs(weighed) } : one)]);
    }

    /// <summary>The record's own equality compares lists by identity.</summary>
    private static bool IsSame(ProtectedDomain one, ProtectedDomain other) =>
        (one.Name, one.Threshold, one.DigestFrom) == (other.Name, other.Threshold, other.DigestFrom)
        && one.Own.SequenceEqual(other.Own) && one.Allowed.SequenceEqual(other.Allowed) && one.Keywords.SequenceEqual(other.Keywords);

    /// <summary>
    /// What did not change stays the same object: an index takes a while to build and to weigh, and many things change that are
    /// nobody's protection.
    /// </summary>
    private void Swap(Func<State, State> change)
    {
        lock (_writing)
        {
            (PublicSuffixes? suffixes, _state) = (_state.Suffixes, change(_state));
            // The same list is another object after every reload.
            bool isSameList = _state.Suffixes is { } list ? suffixes?.HasRulesOf(list) ?? false : suffixes is null;
            if (isSameList) _state = _state with { Suffixes = suffixes };
            Dictionary<string, OwnerProtection> before = _now.Owners.ToDictionary(one => one.Owner, StringComparer.Ordinal);
            OwnerProtection[] owners = [.. Owners(_state).Select(one => Protect(one.Owner, one.Domains, before.GetValueOrDefault(one.Owner), isSameList))];
            if (!isSameList || !owners.SequenceEqual(_now.Owners)) _now = new Protection(owners, _state.Suffixes);
        }
    }

    private OwnerProtection Protect(string owner, List<ProtectedDomain> domains, OwnerProtection? before, bool isSameList)
    {
        if (before is not null && isSameList && before.Index.Domains.Count == domains.Count && before.Index.Domains.Zip(domains).All(pair => IsSame(pair.First, pair.Second))) return before;
        LookalikeIndex index = LookalikeIndex.Build(domains, _state.Suffixes, _folds);
        return new OwnerProtection(owner, before is null ? index : index.WeighedAs(before.Index));
    }

    private static IEnumerable<(string Owner, List<ProtectedDomain> Domains)> Owners(State state)
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
        ILookup<string, string> owned = state.Own.SelectMany(one => one.Names, (one, name) => (one.Owner, Name: name)).ToLookup(one => one.Owner, one => one.Name, StringComparer.Ordinal);
        foreach ((string owner, List<ProtectedDomain> domains) in owners)
        {
            for (int i = 0; i < domains.Count; i++)
                if (allowed[(owner, domains[i].Name)].ToList() is { Count: > 0 } more) domains[i] = domains[i] with { Allowed = [.. domains[i].Allowed, .. more] };
            // What one of them owns is no imitation of another: it does not matter which one names it.
            if (owned[owner].ToList() is { Count: > 0 } own) domains[0] = domains[0] with { Own = [.. domains[0].Own, .. own] };
            yield return (owner, domains);
        }

        bool IsConfigured(string name) => configured.Contains(name);
    }

    private sealed record State(
        IReadOnlyList<ProtectedDomain> Configured, IReadOnlyList<StoredProtectedDomain> Stored, IReadOnlyList<AllowedName> Allowed,
        List<(string Owner, IReadOnlyList<string> Names)> Own, PublicSuffixes? Suffixes);
}
