using CertHerald.Inspecting;
using CertHerald.Names;

namespace CertHerald.Storage;

/// <summary>
/// How a query is answered, in either store: which ranges of the index are merged, and what of it is an answer. A store asks for
/// the next part of each range (<see cref="Keys"/>), joins the parts (<see cref="Join"/>), reads those certificates, keeps what
/// <see cref="Finds"/> says, and goes on until the page is full or the ranges have ended.
/// </summary>
internal sealed class CertificateSearchPlan
{
    /// <summary>Most ids that are asked for at once.</summary>
    private const int MostAtOnce = 1_000;

    private readonly CertificateQuery _query;
    private readonly string _below;
    private readonly bool _matchesPatterns;
    private readonly WatchList _domain;
    private long _above, _beneath;

    public CertificateSearchPlan(CertificateQuery query)
    {
        _query = query;
        _below = "." + query.Domain;
        _matchesPatterns = query.MatchWildcards || (query.IncludeBelow && !query.NamedOnly);
        (_above, _beneath) = (query.Above ?? long.MinValue, query.Below ?? long.MaxValue);
        // As the watch list understands patterns: what was alerted on is found under the domain that it was watched by.
        _domain = _matchesPatterns && WatchList.TryParse([("", 1, query.IncludeBelow ? _below : query.Domain)], out WatchList list, out _, out _) ? list : WatchList.Empty;
        List<long> keys = KeysOf(query.Domain);
        Keys = query.UnexpiredAt is null ? [.. keys, .. keys.Select(CertificateKeys.Expired)] : keys;
    }

    /// <summary>The ranges of the index.</summary>
    public IReadOnlyList<long> Keys { get; }

    /// <summary>Where each range goes on: ids greater than this, and less than <see cref="Beneath"/>.</summary>
    public long Above => _above;

    /// <summary>See <see cref="Above"/>.</summary>
    public long Beneath => _beneath;

    /// <summary>Whether there is nothing left to read.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>How many ids of each range to ask for.</summary>
    /// <param name="found">So far.</param>
    public int AtOnce(int found) => Math.Clamp(_query.Limit - found, 1, MostAtOnce);

    /// <summary>
    /// The next certificates to read, in the query's order, each once. Of a range that was not read to its end nothing is known
    /// behind its last id, so what others have behind it waits for the next time.
    /// </summary>
    /// <param name="parts">Of each range, in the query's order.</param>
    /// <param name="atOnce">As it was asked for: a part with fewer is a range's last.</param>
    public IReadOnlyList<long> Join(IEnumerable<IReadOnlyList<long>> parts, int atOnce)
    {
        var ids = new SortedSet<long>();
        long? horizon = null;
        foreach (IReadOnlyList<long> part in parts)
        {
            ids.UnionWith(part);
            if (part.Count < atOnce) continue;
            horizon = horizon is { } known ? _query.OldestFirst ? Math.Min(known, part[^1]) : Math.Max(known, part[^1]) : part[^1];
        }
        IsAtEnd = horizon is null;
        if (horizon is not { } last) return [.. Ordered(ids)];

        if (_query.OldestFirst) _above = last;
        else _beneath = last;
        return [.. Ordered(ids).TakeWhile(id => _query.OldestFirst ? id <= last : id >= last)];
    }

    /// <summary>Whether a certificate under one of the keys is what the query asks for.</summary>
    public bool Finds(CertificateFacts facts) =>
        !(_query.UnexpiredAt is { } now && facts.NotAfter is { } end && end <= now)
        && (facts.DnsNames.Any(Finds) || facts.IpAddresses.Contains(_query.Domain, StringComparer.Ordinal));

    private bool Finds(string name) =>
        string.Equals(name, _query.Domain, StringComparison.Ordinal)
        || (_query.IncludeBelow && name.EndsWith(_below, StringComparison.Ordinal))
        || (_matchesPatterns && new Identifier(IdentifierKind.Dns, name) is { IsGlob: true } pattern && _domain.Matches(pattern).Count > 0);

    private IEnumerable<long> Ordered(SortedSet<long> ids) => _query.OldestFirst ? ids : ids.Reverse();

    private List<long> KeysOf(ReadOnlySpan<char> domain)
    {
        if (domain.IsEmpty) return [];
        List<long> keys = [CertificateKeys.Of(CertificateKeys.Kind.Name, domain)];
        if (_query.IncludeBelow) keys.Add(CertificateKeys.Of(CertificateKeys.Kind.Below, CertificateKeys.Shortened(domain)));
        if (!_matchesPatterns) return keys;

        keys.Add(CertificateKeys.Of(CertificateKeys.Kind.Name, $"*.{CertificateKeys.ParentOf(domain)}"));
        for (ReadOnlySpan<char> above = CertificateKeys.Shortened(CertificateKeys.ParentOf(domain)); ; above = CertificateKeys.ParentOf(above))
        {
            keys.Add(CertificateKeys.Of(CertificateKeys.Kind.Pattern, above));
            if (above.IsEmpty) return keys;
        }
    }
}
