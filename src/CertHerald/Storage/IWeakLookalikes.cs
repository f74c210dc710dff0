using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Storage;

/// <summary>
/// Weak look-alikes: too weak for an alert, kept for a digest. One for each registrable domain and protected domain of whoever runs the
/// service. They are written by <see cref="ILogStore.CommitAsync"/>, in the transaction of the batch that showed them; a certificate
/// that is read again changes nothing. Where there is a look-alike of the same pair there is no weak one, and one that becomes a
/// look-alike goes. A part of <see cref="IStore"/>.
/// </summary>
internal interface IWeakLookalikes
{
    /// <summary>What is kept, by filter.</summary>
    Task<IReadOnlyList<StoredWeakLookalike>> WeakLookalikesAsync(WeakLookalikeFilter filter, CancellationToken cancellation);

    /// <summary>
    /// Owes webhooks a notice of the weak look-alikes found before a time that no digest has counted yet: the strongest of them, and
    /// how many more. With the note that they were told, one transaction: killed before it, the next call tells them; killed after it,
    /// nothing is told twice. However often and by however many it is called, there is one digest for each day.
    /// </summary>
    /// <param name="wanted">Protected domains with a digest, and from which score on it tells; what lies outside is noted as told, and told to nobody.</param>
    /// <param name="until">The midnight that ends the digest's last day, UTC.</param>
    /// <param name="webhooks">Empty: nobody is told, and nothing is noted.</param>
    /// <returns>What it told, and deliveries that are now owed; null if there is nothing to tell, or that day's was told before.</returns>
    Task<(DigestFacts Digest, int Owed)?> TellDigestAsync(DateTimeOffset until, IReadOnlyDictionary<string, int> wanted, IReadOnlyList<string> webhooks, CancellationToken cancellation);

    /// <summary>Deletes the next part of what nobody has seen since, and of the weakest of more than <paramref name="most"/>, of equal ones the newest.</summary>
    /// <returns>How many; less than <paramref name="limit"/> says that none is left.</returns>
    Task<int> DeleteWeakLookalikesAsync(DateTimeOffset before, int most, int limit, CancellationToken cancellation);
}

/// <summary>Which weak look-alikes to list.</summary>
/// <param name="Domain">The protected domain; null: any.</param>
internal sealed record WeakLookalikeFilter(string? Domain = null, int Limit = 100)
{
    /// <summary>The newest first, below this id; else the strongest first, of equal ones the newest.</summary>
    public long? Before { get; init; }

    public bool NewestFirst { get; init; }

    /// <summary>The strongest first, behind this one.</summary>
    public LookalikePlace? After { get; init; }
}

/// <summary>A registrable domain that imitates a protected one a little.</summary>
/// <param name="Domain">The protected domain.</param>
/// <param name="Best">The strongest name, with one reason.</param>
/// <param name="Certificates">In how many certificates; <see cref="WeakCertificates.Most"/> or more are that many.</param>
/// <param name="LastSeen">When its last certificate was found.</param>
internal sealed record StoredWeakLookalike(
    long Id, string Domain, string Registrable, LookalikeName Best, int Certificates, DateTimeOffset FirstSeen, DateTimeOffset LastSeen)
{
    public LookalikeTier Tier => Lookalike.TierOf(Best.Score);
}
