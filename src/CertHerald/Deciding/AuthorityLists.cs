using System.Collections.Frozen;
using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>
/// Which CAs the user lets issue for his names: one list for all of them, and lists for single watch items, of which the nearest
/// counts alone. A CA stands there by a name that CAA records know it by, or by the SHA-256 of an issuing key. Immutable.
/// </summary>
internal sealed class AuthorityLists
{
    private readonly FrozenDictionary<string, IReadOnlyList<string>> _lists;

    /// <param name="general">For every name that no list is for.</param>
    /// <param name="lists">By watch item: <c>example.com</c>, <c>.example.com</c> with all below it, an IP address.</param>
    public AuthorityLists(IReadOnlyList<string> general, IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> lists)
    {
        General = general;
        _lists = lists.ToFrozenDictionary(StringComparer.Ordinal);
    }

    public static AuthorityLists None { get; } = new([], []);

    /// <summary>For every name that no list is for.</summary>
    public IReadOnlyList<string> General { get; }

    /// <summary>By watch item.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lists => _lists;

    public bool IsEmpty => General.Count == 0 && _lists.Count == 0;

    /// <summary>Reads the name that CAA records have for a CA; null if it is none.</summary>
    public static string? ReadName(string? text) =>
        text is { Length: > 0 } && new CaaRecord(0, CaaRecord.Issue, text.TrimEnd('.')) is { IssuerDomain: { Length: > 0 } domain } && domain.Contains('.') && !text.Contains(';') ? domain : null;

    /// <summary>Both together. Of two lists for one item, this one's counts.</summary>
    public AuthorityLists With(AuthorityLists other) =>
        other.IsEmpty ? this : IsEmpty ? other : new([.. General.Union(other.General, StringComparer.Ordinal)], _lists.Concat(other._lists.Where(list => !_lists.ContainsKey(list.Key))));

    /// <summary>Whether an issuer may issue for a name of a certificate.</summary>
    /// <param name="name">A wildcard stands for all that it covers: a list for one of these must have the issuer too.</param>
    /// <param name="issuerKey">Its SHA-256, which the log or the chain has shown.</param>
    /// <param name="issuer">Found by that key.</param>
    public bool Allow(Identifier name, string issuerKey, IssuerFacts issuer)
    {
        if (IsEmpty) return false;
        if (name.Kind == IdentifierKind.Ip) return Holds(_lists.GetValueOrDefault(name.Text, General), issuerKey, issuer);
        if (CertificateName.Of(name) is not { } read || !Holds(ListOf(name.Text), issuerKey, issuer)) return false;
        if (!read.IsWildcard) return true;

        foreach ((string item, IReadOnlyList<string> list) in _lists)
            if (CertificateName.ParentOf(item.TrimStart('.')) == read.Host && !Holds(list, issuerKey, issuer)) return false;
        return true;
    }

    /// <summary>The list for a name: its own, else that of the nearest tree above it, else the general one.</summary>
    private IReadOnlyList<string> ListOf(string name)
    {
        if (_lists.TryGetValue(name, out IReadOnlyList<string>? list)) return list;
        for (string? at = name; at is not null; at = CertificateName.ParentOf(at))
            if (_lists.TryGetValue("." + at, out list)) return list;
        return _lists.GetValueOrDefault(".", General);
    }

    private static bool Holds(IReadOnlyList<string> list, string issuerKey, IssuerFacts issuer) =>
        list.Contains(issuerKey, StringComparer.Ordinal) || (issuer is { IsByKey: true, CaaDomains: { } domains } && list.Any(domains.Contains));
}
