using CertHerald.Inspecting;

namespace CertHerald.Storage;

/// <summary>What both stores go by: which weak look-alikes are kept, and which are one. Pure.</summary>
internal static class WeakLookalikeRules
{
    /// <summary>Of one protected domain: the strongest, of equal ones the oldest, so that none makes room for its equal and is told of twice.</summary>
    public const int MostOfDomain = 1_000;

    /// <summary>Of all protected domains. Kept to from time to time.</summary>
    public const int Most = 100_000;

    /// <summary>Without a certificate for so long, one is forgotten; with another it is new, as a look-alike after as long is told of again.</summary>
    public static TimeSpan Kept { get; } = TimeSpan.FromDays(30);

    /// <summary>What becomes of a batch's weak look-alikes.</summary>
    /// <param name="before">What is kept of the same pairs of domains.</param>
    /// <param name="standing">How many are kept of a protected domain, and the score of the weakest; those without any may be missing.</param>
    public static WeakPlan Plan(
        IReadOnlyList<WeakLookalike> weak, IReadOnlyDictionary<(string Domain, string Registrable), WeakRow> before, IReadOnlyDictionary<string, (int Count, int Weakest)> standing)
    {
        var added = new List<WeakChange>();
        var changed = new List<WeakChange>();
        foreach (IGrouping<(string, string), WeakLookalike> pair in weak.GroupBy(one => (one.Domain, one.Registrable)))
        {
            WeakRow? row = before.GetValueOrDefault(pair.Key);
            byte[] certificates = row?.Certificates ?? [];
            foreach (WeakLookalike one in pair) certificates = WeakCertificates.With(certificates, one.TbsSha256);
            // Every certificate of it was seen before.
            if (row is not null && certificates == row.Certificates) continue;

            WeakLookalike best = pair.OrderByDescending(one => one.Best.Score).ThenBy(one => one.Best.Name, StringComparer.Ordinal).First();
            var change = new WeakChange(row?.Id, best.Domain, best.Registrable, best.Best, certificates, pair.All(one => one.IsSilent));
            if (row is not null) changed.Add(change);
            else if (!standing.TryGetValue(best.Domain, out (int Count, int Weakest) room) || room.Count < MostOfDomain || best.Best.Score > room.Weakest) added.Add(change);
        }
        return new WeakPlan(added, changed);
    }
}

/// <summary>The certificates that one has, by the beginnings of their hashes: the same one, read again, counts once.</summary>
internal static class WeakCertificates
{
    /// <summary>The last ones: of more the oldest go, and the number stays.</summary>
    public const int Most = 64;

    private const int Length = 8;

    public static int Count(int bytes) => bytes / Length;

    /// <summary>With one more; the same array if it was there.</summary>
    /// <param name="tbsSha256">In hexadecimal digits.</param>
    public static byte[] With(byte[] certificates, string tbsSha256)
    {
        byte[] one = Convert.FromHexString(tbsSha256.AsSpan(0, 2 * Length));
        for (int at = 0; at < certificates.Length; at += Length)
            if (certificates.AsSpan(at, Length).SequenceEqual(one)) return certificates;
        return [.. certificates.Length < Most * Length ? certificates : certificates[Length..], .. one];
    }
}

/// <summary>A weak look-alike that was there before a batch.</summary>
/// <param name="Certificates">See <see cref="WeakCertificates"/>.</param>
internal sealed record WeakRow(long Id, byte[] Certificates);

/// <summary>What is to be written.</summary>
internal sealed record WeakPlan(IReadOnlyList<WeakChange> Added, IReadOnlyList<WeakChange> Changed);

/// <summary>One row of it.</summary>
/// <param name="Row">Null: there is none yet.</param>
/// <param name="Best">The strongest name of the batch: an older one may be stronger.</param>
/// <param name="IsSilent">Of a new row: no digest tells of it.</param>
internal sealed record WeakChange(long? Row, string Domain, string Registrable, LookalikeName Best, byte[] Certificates, bool IsSilent);
