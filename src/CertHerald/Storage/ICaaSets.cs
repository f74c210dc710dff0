using CertHerald.Deciding;

namespace CertHerald.Storage;

/// <summary>What was found of CAA records, and what of it was told. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface ICaaSets
{
    /// <summary>Every name that was looked up, by name; each with whether somebody has heard of what it has now.</summary>
    Task<IReadOnlyList<StoredCaa>> CaaSetsAsync(CancellationToken cancellation);

    /// <summary>
    /// Keeps what a look found, in place of the one before. Owes channels notices of every set that they were not told of, and notes
    /// that they were, in one transaction. A failed look changes nothing of what was told.
    /// </summary>
    /// <param name="isWhole">These are all names: others are forgotten.</param>
    /// <param name="channels">Empty: nobody is told, so that all of it is told once there is somebody.</param>
    /// <returns>Deliveries that are now owed.</returns>
    Task<int> KeepCaaAsync(IReadOnlyList<CaaLook> looks, bool isWhole, IReadOnlyList<string> channels, CancellationToken cancellation);

    /// <summary>Takes the looking up for this process, or goes on with it: of those on one database, one at a time looks.</summary>
    /// <param name="until">When another may take it, unless it is taken again.</param>
    /// <returns>False if it is another's.</returns>
    Task<bool> TakeCaaAsync(DateTimeOffset until, CancellationToken cancellation);

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
