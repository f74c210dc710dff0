using CertHerald.Transparency.Merkle;

namespace CertHerald.Inspecting;

/// <summary>What a certificate shows that imitates a protected domain of whoever runs the service, too little for an alert: for the digest.</summary>
/// <param name="Index">Of the entry.</param>
/// <param name="Domain">The protected domain.</param>
/// <param name="Registrable">The domain that somebody registered.</param>
/// <param name="Best">The strongest of its names.</param>
/// <param name="TbsSha256">The certificate, in hexadecimal digits: the same in every log, and for precertificate and certificate.</param>
internal sealed record WeakLookalike(EntryIndex Index, string Domain, string Registrable, LookalikeName Best, string TbsSha256)
{
    /// <summary>Of one batch no more are kept: each costs the commit a little.</summary>
    public const int MostOfBatch = 1_000;

    /// <summary>It was there before anybody watched: kept, and told to nobody.</summary>
    public bool IsSilent { get; init; }
}
