using System.Net;

namespace CertHerald.Deciding;

/// <summary>That CAA records may authorise, by the user's choice, and how they are looked up.</summary>
/// <param name="Interval">Between two looks at a name.</param>
/// <param name="Servers">Whom to ask; empty: the system's name servers.</param>
internal sealed record CaaUse(TimeSpan Interval, IReadOnlyList<IPEndPoint> Servers)
{
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromHours(1), LeastInterval = TimeSpan.FromMinutes(1);
}
