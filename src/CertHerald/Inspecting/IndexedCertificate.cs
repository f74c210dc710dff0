using CertHerald.Transparency.Merkle;

namespace CertHerald.Inspecting;

/// <summary>Which certificates can be found, of those that nobody watches.</summary>
internal sealed record IndexOptions
{
    /// <summary>Every certificate that is read, not only what is watched. Default: no. Costs some 400 bytes of storage for each.</summary>
    public bool TakesAll { get; init; }

    /// <summary>Keeps the whole certificate too: some 1,500 bytes more for each. Default: no.</summary>
    public bool KeepsDer { get; init; }

    /// <summary>How long such a certificate is kept after it was first seen. What is watched is kept for ever. Default: 30 days.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);
}

/// <summary>What an entry shows that nobody watches, for the index of all certificates.</summary>
/// <param name="Logged">The entry's timestamp, by the log's word.</param>
/// <param name="Certificate">Without a DER if none is to be kept.</param>
internal sealed record IndexedCertificate(EntryIndex Index, DateTimeOffset Logged, CertificateFacts Certificate);
