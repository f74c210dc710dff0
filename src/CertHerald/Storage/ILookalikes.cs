using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Storage;

/// <summary>
/// Look-alikes that were found. They are written by <see cref="ILogStore.CommitAsync"/>, in the transaction of the batch that showed
/// them: one for each registrable domain and protected domain, whatever certificates and names it gets later. A part of
/// <see cref="IStore"/>.
/// </summary>
internal interface ILookalikes
{
    /// <summary>What was found, by filter.</summary>
    Task<IReadOnlyList<StoredLookalike>> LookalikesAsync(LookalikeFilter filter, CancellationToken cancellation);

    /// <summary>Null if there is none.</summary>
    Task<StoredLookalike?> FindLookalikeAsync(long id, CancellationToken cancellation);

    /// <summary>The names of one, the strongest first. Those of a bulk finding are its members'.</summary>
    Task<IReadOnlyList<ImitatingName>> ImitatingNamesAsync(long lookalike, int limit, CancellationToken cancellation);

    /// <summary>Those that a certificate shows.</summary>
    Task<IReadOnlyList<StoredLookalike>> LookalikesOfAsync(long issuance, CancellationToken cancellation);

    /// <summary>What was told; null if there is none, or its certificate is kept no more.</summary>
    Task<LookalikeAlert?> FindLookalikeAlertAsync(long id, CancellationToken cancellation);

    /// <summary>Sets the state of one, and of the members of a bulk finding with it.</summary>
    /// <returns>False if there is none.</returns>
    Task<bool> SetLookalikeAsync(long id, LookalikeState state, CancellationToken cancellation);

    /// <summary>
    /// Deletes the next part of what nobody has seen since: look-alikes with their names, and certificates that were kept for
    /// look-alikes alone. What was dismissed is told of again if it comes back after that.
    /// </summary>
    /// <returns>How many; less than <paramref name="limit"/> says that none is left.</returns>
    Task<int> DeleteLookalikesAsync(DateTimeOffset before, int limit, CancellationToken cancellation);
}

/// <summary>What became of a look-alike. The names are database values. Bulk: a bulk finding stands for it.</summary>
internal enum LookalikeState { Open, Dismissed, Allowed, Bulk }

/// <summary>Which look-alikes to list.</summary>
/// <param name="Owner">Null: everybody's.</param>
/// <param name="Domain">The protected domain; null: any.</param>
/// <param name="State">Null: any.</param>
/// <param name="Least">From this score on.</param>
internal sealed record LookalikeFilter(string? Owner = ProtectedDomainOwners.Operator, string? Domain = null, LookalikeState? State = null, int Least = 1, int Limit = 100)
{
    /// <summary>The newest first, below this id; else the strongest first, of equal ones the newest.</summary>
    public long? Before { get; init; }

    public bool NewestFirst { get; init; }

    /// <summary>The strongest first, behind this one.</summary>
    public LookalikePlace? After { get; init; }

    /// <summary>Lists what a bulk finding stands for, with <see cref="Registrable"/>.</summary>
    public string? Registrable { get; init; }
}

/// <summary>Where a look-alike stands among the strongest: by its score, of equal ones by its id, both descending.</summary>
internal readonly record struct LookalikePlace(int Score, long Id);

/// <summary>A registrable domain that imitates a protected one.</summary>
/// <param name="Domain">The protected domain; empty for a bulk finding, which is about several.</param>
/// <param name="Best">The strongest name.</param>
/// <param name="Names">How many names.</param>
/// <param name="Certificates">In how many certificates.</param>
/// <param name="Issuance">The last certificate.</param>
/// <param name="Opened">When it was found.</param>
/// <param name="LastSeen">When its last certificate was found.</param>
internal sealed record StoredLookalike(
    long Id, string Owner, string Domain, string Registrable, LookalikeState State, LookalikeName Best, long Names, long Certificates, long Issuance,
    DateTimeOffset Opened, DateTimeOffset LastSeen)
{
    public bool IsBulk => Domain.Length == 0;

    public LookalikeTier Tier => Lookalike.TierOf(Best.Score);
}

/// <summary>A name of a look-alike, and the first certificate that had it.</summary>
/// <param name="Domain">The protected domain.</param>
internal sealed record ImitatingName(string Domain, LookalikeName Name, long Issuance, DateTimeOffset Seen);

/// <summary>What was told of a look-alike, once: it stays as it was told.</summary>
/// <param name="Change">One of <see cref="LookalikeChanges"/>.</param>
/// <param name="Names">Names of this certificate that imitate, by protected domain, the strongest first.</param>
internal sealed record LookalikeAlert(
    long Id, long Lookalike, string Owner, string Registrable, string Change, DateTimeOffset At, IReadOnlyList<AlertedNames> Names, Issuance Issuance);

/// <summary>The names that imitate one protected domain. Kept as JSON: members may be added, never renamed.</summary>
internal sealed record AlertedNames(string Domain, IReadOnlyList<LookalikeName> Names)
{
    public int Score => Names.Max(name => name.Score);
}

/// <summary>Why a look-alike is told of. The texts are database values and stand in bodies: never change one.</summary>
internal static class LookalikeChanges
{
    /// <summary>It was found.</summary>
    public const string New = "new";

    /// <summary>It has a certificate again, after a long silence.</summary>
    public const string Again = "again";

    /// <summary>Its registrable domain imitates many protected domains: told once, for all of them.</summary>
    public const string Bulk = "bulk";
}
