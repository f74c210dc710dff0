namespace CertHerald.Dialects.CertSpotter.Api;

/// <summary>Who may search, and how often.</summary>
internal sealed record CertSpotterApiOptions
{
    /// <summary>Requests of callers without a key, per hour and address.</summary>
    public const int AnonymousRequests = 10;

    /// <summary>Whether issuances are shown without a key. Default: no. Whoever reaches the address then sees every certificate of the monitored domains.</summary>
    public bool Anonymous { get; init; }

    /// <summary>Requests of each key, per hour. Default: no limit.</summary>
    public int? KeyRequests { get; init; }
}
