namespace CertHerald.Names.Lookalikes;

/// <summary>A domain that others may imitate, and what its owner has besides.</summary>
public sealed record ProtectedDomain
{
    /// <summary>Judgements below are kept for a digest at most, unless a domain says otherwise.</summary>
    public const int DefaultThreshold = 50;

    /// <summary>Keywords of one domain that are used: those behind are not.</summary>
    public const int MostKeywords = 64;

    /// <summary>A-labels in lower case, such as <c>example.com</c>; a name below a registrable domain protects that name.</summary>
    public required string Name { get; init; }

    /// <summary>The owner's other domains: neither they nor what lies below them is ever a look-alike of this domain.</summary>
    public IReadOnlyList<string> Own { get; init; } = [];

    /// <summary>Names of others that are known and wanted, with what lies below them.</summary>
    public IReadOnlyList<string> Allowed { get; init; } = [];

    /// <summary>Other words that stand for the owner, such as a product: imitated like the domain's own label.</summary>
    public IReadOnlyList<string> Keywords { get; init; } = [];

    /// <summary>From which score on a judgement is an alert. 1–100.</summary>
    public int Threshold { get; init; } = DefaultThreshold;

    /// <summary>From which score on what is no alert is kept for a digest. 1–100; null: nothing is.</summary>
    public int? DigestFrom { get; init; }

    /// <summary>From which score on a judgement is of use.</summary>
    public int Least => DigestFrom is { } digest && digest < Threshold ? digest : Threshold;
}
