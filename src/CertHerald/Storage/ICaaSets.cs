using CertHerald.Deciding;

namespace CertHerald.Storage;

/// <summary>What was found of CAA records, and what of it was told. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface ICaaSets
{
    /// <summary>Every name that was looked up, by name; each with whether somebody has heard of what it has now.</summary>
    Task<IReadOnlyList<StoredCaa>> CaaSetsAsync(CancellationToken cancellation);

    /// <summary>
    /// Keeps what a look found, in place of the one before; names that are not in it are forgotten. Owes channels notices of every set
    /// that they were not told of, and notes that they were, in one transaction. A failed look changes nothing of what was told.
    /// </summary>
    /// <param name="channels">Empty: nobody is told, so that all of it is told once there is somebody.</param>
    /// <returns>Deliveries that are now owed.</returns>
    Task<int> KeepCaaAsync(IReadOnlyList<CaaLook> looks, IReadOnlyList<string> channels, CancellationToken cancellation);

    /// <summary>Names of the newest endpoints, at most so many.</summary>
    Task<IReadOnlyList<string>> NewestEndpointsAsync(int limit, CancellationToken cancellation);
}

/// <summary>What one look at a name came to.</summary>
/// <param name="Found">Null if it failed.</param>
/// <param name="Problem">Why it failed; empty if it did not.</param>
internal sealed record CaaLook(string Name, CaaSet? Found, string Problem);

/// <summary>A name's CAA records, and what was told of them.</summary>
/// <param name="Found">By the last look; null if that failed.</param>
/// <param name="Told">What the newest notice says; null if there was none.</param>
/// <param name="IsHeard">A channel has taken that notice.</param>
internal sealed record StoredCaa(string Name, CaaSet? Found, string Problem, DateTimeOffset Looked, CaaSet? Told, bool IsHeard)
{
    /// <summary>Whether it may authorise: what the last look found is exactly what somebody has heard of.</summary>
    public bool IsTrusted => IsHeard && Found is not null && Told is not null && Found.ToText() == Told.ToText();
}
