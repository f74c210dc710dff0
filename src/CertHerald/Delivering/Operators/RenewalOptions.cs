namespace CertHerald.Delivering.Operators;

/// <summary>When a certificate's renewal is missing, and whether that is told.</summary>
internal sealed record RenewalOptions
{
    public static readonly TimeSpan LeastWindow = TimeSpan.FromDays(1), MostWindow = TimeSpan.FromDays(397);

    /// <summary>How long before its end a certificate should have a successor. Default: 30 days. One that is valid for less altogether, should have it in the last third of its life.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Whether operator channels are told, once of each name and certificate. Default: they are.</summary>
    public bool IsTold { get; init; } = true;
}
