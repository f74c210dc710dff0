using System.Globalization;

namespace CertHerald.Storage;

/// <summary>Weak look-alikes that no digest told of, as long as they are kept.</summary>
/// <param name="Until">They were found before then.</param>
/// <param name="Lookalikes">At most <see cref="Most"/>, the strongest.</param>
/// <param name="Others">How many more.</param>
internal sealed record DigestFacts(DateTimeOffset Until, IReadOnlyList<DigestedLookalike> Lookalikes, long Others) : NoticeFacts
{
    public const int Most = 50;

    /// <param name="all">How many there are, those among them.</param>
    public static DigestFacts Of(DateTimeOffset until, IReadOnlyList<StoredWeakLookalike> best, long all) => new(
        until,
        [
            .. best.Select(one => new DigestedLookalike(
                one.Best.Name, one.Registrable, one.Domain, one.Best.Score, one.Best.Class, one.Best.Reasons.Count > 0 ? one.Best.Reasons[0] : "", one.Certificates, one.FirstSeen)),
        ],
        all - best.Count);

    /// <summary>One for each day, whoever makes it.</summary>
    public NoticeDraft ToDraft() => new(string.Create(CultureInfo.InvariantCulture, $"digest/{Until.UtcDateTime:yyyy-MM-dd}"), NoticeTypes.LookalikeDigest, "", this);
}

/// <summary>One of a digest. Name and reason are foreign.</summary>
/// <param name="Name">The strongest name.</param>
/// <param name="Registrable">What somebody registered.</param>
/// <param name="Domain">The protected domain.</param>
internal sealed record DigestedLookalike(
    string Name, string Registrable, string Domain, int Score, string Class, string Reason, int Certificates, DateTimeOffset FirstSeen);
