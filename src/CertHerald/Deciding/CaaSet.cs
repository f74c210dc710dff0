using System.Text;

namespace CertHerald.Deciding;

/// <summary>The CAA records that are relevant for a name: its own, or those of the nearest name above it that has any. RFC 8659 §3.</summary>
/// <param name="Owner">Where they stand; empty if no name up to the top has any.</param>
/// <param name="Records">Sorted: one set has one text, in whatever order it was served.</param>
internal sealed record CaaSet(string Owner, IReadOnlyList<CaaRecord> Records)
{
    private static readonly string[] Understood = [CaaRecord.Issue, CaaRecord.IssueWild, "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"];

    /// <summary>No name up to the top has any.</summary>
    public static CaaSet Absent { get; } = new("", []);

    public static CaaSet Of(string owner, IEnumerable<CaaRecord> records)
    {
        CaaRecord[] sorted = [.. records.DistinctBy(record => record.ToString()).OrderBy(record => record.ToString(), StringComparer.Ordinal)];
        return sorted.Length == 0 ? Absent : new(owner, sorted);
    }

    /// <summary>
    /// Whether the records name this CA. A set that restricts nobody names nobody: any CA may issue by it, so that it authorises none;
    /// and by a critical record that is not understood, no CA may.
    /// </summary>
    /// <param name="isWildcard">For a wildcard: <c>issuewild</c> counts alone if there is any.</param>
    public bool Names(IssuerFacts issuer, bool isWildcard)
    {
        if (issuer is not { IsByKey: true, CaaDomains: { } domains } || Records.Any(record => record.IsCritical && !Understood.Contains(record.Tag))) return false;
        string tag = isWildcard && Records.Any(record => record.Tag == CaaRecord.IssueWild) ? CaaRecord.IssueWild : CaaRecord.Issue;
        return Records.Any(record => record.Tag == tag && record.IssuerDomain is { Length: > 0 } domain && domains.Contains(domain, StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>The whole of it: two sets are the same if their texts are.</summary>
    public string ToText()
    {
        var text = new StringBuilder(Owner);
        foreach (CaaRecord record in Records) text.Append('\n').Append(record);
        return text.ToString();
    }

    /// <summary>Reads what <see cref="ToText"/> wrote.</summary>
    public static CaaSet Read(string text)
    {
        string[] lines = text.Split('\n');
        return new CaaSet(lines[0], [.. lines.Skip(1).Select(ReadRecord)]);
    }

    private static CaaRecord ReadRecord(string line)
    {
        string[] parts = line.Split(' ', 3);
        return new CaaRecord(byte.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), parts[1], parts[2][1..^1]);
    }
}
