using System.Collections.Concurrent;
using CertHerald.Deciding;

namespace CertHerald.Resolving;

/// <summary>
/// Finds the CAA records that are relevant for names: a name's own, or those of the nearest name above it that has any. What one look
/// has asked, it does not ask again. RFC 8659 §3.
/// </summary>
internal sealed class CaaLookup(Func<string, CancellationToken, Task<CaaAnswer>> ask)
{
    private readonly ConcurrentDictionary<string, Task<CaaAnswer>> _asked = new(StringComparer.Ordinal);

    /// <returns>The set, perhaps <see cref="CaaSet.Absent"/>; null, with the problem, if any name on the way up could not be asked: it may have records.</returns>
    public async Task<(CaaSet? Set, string Problem)> FindAsync(string name, CancellationToken cancellation)
    {
        for (string? at = name; at is not null; at = CertificateName.ParentOf(at))
        {
            CaaAnswer answer = await _asked.GetOrAdd(at, one => ask(one, cancellation));
            if (answer.Records is null) return (null, $"{at}: {answer.Problem}");
            if (answer.Records.Count > 0) return (CaaSet.Of(at, answer.Records), "");
        }
        return (CaaSet.Absent, "");
    }
}
