using CertHerald.Inspecting;
using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>Somebody's own part of the watch list. Immutable.</summary>
internal sealed class WatchedPart(WatchList list)
{
    private readonly HashSet<string> _items = [.. list.Items.Select(item => item.Text)];

    public WatchList List => list;

    /// <summary>Whether a certificate falls under this part. Costs a look for each match, however long the list.</summary>
    // Matches are cut for a certificate that falls under very much: then its names are judged again, by this part alone.
    public bool Concerns(MatchFinding finding) =>
        finding.Matches.Any(match => _items.Contains(match.Item)) || (finding.HasMoreMatches && CertificateReading.IsWatched(finding.Certificate, list));
}
