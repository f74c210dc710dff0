namespace CertHerald.Storage.Sqlite;

/// <summary>Issuances by what people look for.</summary>
internal sealed partial class SqliteStore
{
    public Task<IReadOnlyList<Issuance>> IssuancesAsync(IssuanceFilter filter, CancellationToken cancellation) => ReadAsync<IReadOnlyList<Issuance>>(
        session =>
        {
            // Certificates make rows long: names and decisions are looked through in indexes that hold nothing else, the newest first, until there are enough.
            (string index, string which) = filter.Kind switch
            {
                IssuanceKind.Unknown => ("issuance_unknown", "known = 0 AND is_watched = 1"),
                IssuanceKind.Known => ("issuance_known", "known = 1"),
                IssuanceKind.Lookalike => ("issuance_lookalike", "known = 0 AND is_watched = 0"),
                _ => ("", "1"),
            };
            // Names of look-alikes stand with these, not among the watched ones.
            if (filter is { Kind: IssuanceKind.Lookalike, Text: { } name } && !IsHash(name)) return [];
            if (filter.Text is { } text)
                which = IsHash(text) ? $"tbs_sha256 = @text AND {which}"
                    : $"id IN (SELECT DISTINCT issuance FROM endpoint WHERE issuance < @before AND instr(dns_name, @text) > 0{(filter.Kind is null ? "" : $" AND EXISTS (SELECT 1 FROM issuance INDEXED BY {index} WHERE {which} AND id = endpoint.issuance)")} ORDER BY issuance DESC LIMIT @limit)";
            return session.All($"SELECT {IssuanceColumns}, known_since FROM issuance WHERE id < @before AND {which} ORDER BY id DESC LIMIT @limit",
                row => ReadIssuance(session, row), ("@before", filter.Before ?? long.MaxValue), ("@limit", filter.Limit), ("@text", filter.Text));
        },
        cancellation);

    public Task<IssuanceCounts> CountIssuancesAsync(DateTimeOffset since, int atMost, CancellationToken cancellation) => ReadAsync(
        session => session.Single(
            """
            SELECT COALESCE(SUM(known = 0 AND is_watched), 0), COALESCE(SUM(known), 0), COALESCE(SUM(known = 0 AND NOT is_watched), 0)
            FROM (SELECT known, is_watched, discovered FROM issuance ORDER BY id DESC LIMIT @most)
            WHERE discovered >= @since
            """,
            row => new IssuanceCounts(row.GetInt32(0), row.GetInt32(1), row.GetInt32(2)), ("@since", since), ("@most", atMost)),
        cancellation);

    private static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);
}
