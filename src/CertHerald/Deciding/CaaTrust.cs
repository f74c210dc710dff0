using System.Collections.Frozen;
using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>
/// The CAA sets that may authorise: each is what the last look-up found, and exactly what the user was told of. What could not be
/// looked up, has changed since, or is not told yet is not in it. Immutable.
/// </summary>
/// <param name="sets">By name: of a wildcard, what stands behind its <c>*.</c></param>
internal sealed class CaaTrust(IEnumerable<KeyValuePair<string, CaaSet>> sets)
{
    private readonly FrozenDictionary<string, CaaSet> _sets = sets.ToFrozenDictionary(StringComparer.Ordinal);

    public static CaaTrust None { get; } = new([]);

    public bool IsEmpty => _sets.Count == 0;

    public bool Allows(Identifier name, IssuerFacts issuer) =>
        CertificateName.Of(name) is { } read && _sets.TryGetValue(read.Host, out CaaSet? set) && set.Names(issuer, read.IsWildcard);
}
