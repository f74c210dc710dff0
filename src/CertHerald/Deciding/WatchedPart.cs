using CertHerald.Inspecting;
using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>Somebody's own part of the watch list. Immutable.</summary>
/// <param name="since">By item, what was logged before concerns nobody; null: whenever it was logged.</param>
internal sealed class WatchedPart(WatchList list, IReadOnlyDictionary<string, DateTimeOffset>? since = null)
{
    private readonly HashSet<string> _items = [.. list.Items.Select(item => item.Text)];

    public WatchList List => list;

    /// <summary>Whether a certificate falls under this part. Costs a look for each match, however long the list.</summary>
    // Matches are cut for a certificate that falls under very much: then its names are judged again, by this part alone.
    public bool Concerns(MatchFinding finding) =>
        finding.Matches.Any(match => _items.Contains(match.Item) && IsIn(match, finding)) || (finding.HasMoreMatches && ConcernsMore(finding));

    /// <summary>The same finding, with what falls under this part.</summary>
    public MatchFinding Of(MatchFinding finding) =>
        finding with { Matches = CertificateReading.Matches(finding.Certificate, list, out bool isCut, out bool isSpent), HasMoreMatches = isCut || isSpent };

    private bool ConcernsMore(MatchFinding finding) =>
        since is null ? CertificateReading.IsWatched(finding.Certificate, list) : Of(finding) is { } own && (own.HasMoreMatches || own.Matches.Any(match => IsIn(match, finding)));

    private bool IsIn(Match match, MatchFinding finding) => since is null || since.GetValueOrDefault(match.Item) <= finding.Logged;
}
