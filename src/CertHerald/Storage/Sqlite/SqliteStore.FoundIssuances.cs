namespace CertHerald.Storage.Sqlite;

/// <summary>Issuances by what people look for.</summary>
internal sealed partial class SqliteStore
{
    private const int TbsDigits = 64;

    public Task<IReadOnlyList<Issuance>> IssuancesAsync(IssuanceFilter filter, CancellationToken cancellation) => ReadAsync<IReadOnlyList<Issuance>>(
        session =>
        {
            // Names are looked through once, in an index that holds nothing else.
            string which = filter.Text is { } text ? text.Length == TbsDigits && text.All(char.IsAsciiHexDigitLower)
                    ? "AND tbs_sha256 = @text"
                    : "AND id IN (SELECT issuance FROM endpoint WHERE instr(dns_name, @text) > 0)" : "";
            which += filter.Kind switch
            {
                IssuanceKind.Unknown => " AND known = 0 AND EXISTS (SELECT 1 FROM endpoint WHERE issuance = issuance.id)",
                IssuanceKind.Known => " AND known = 1",
                IssuanceKind.Lookalike => " AND known = 0 AND NOT EXISTS (SELECT 1 FROM endpoint WHERE issuance = issuance.id)",
                _ => "",
            };
            return session.All($"SELECT {IssuanceColumns}, known_since FROM issuance WHERE id < @before {which} ORDER BY id DESC LIMIT @limit",
                row => ReadIssuance(session, row), ("@before", filter.Before ?? long.MaxValue), ("@limit", filter.Limit), ("@text", filter.Text));
        },
        cancellation);

    public Task<IssuanceCounts> CountIssuancesAsync(DateTimeOffset since, int atMost, CancellationToken cancellation) => ReadAsync(
        session => session.Single(
            """
            SELECT COALESCE(SUM(known = 0 AND own), 0), COALESCE(SUM(known), 0), COALESCE(SUM(known = 0 AND NOT own), 0) FROM (
                SELECT known, EXISTS (SELECT 1 FROM endpoint WHERE issuance = issuance.id) AS own
                FROM issuance WHERE discovered >= @since ORDER BY discovered DESC LIMIT @most)
            """,
            row => new IssuanceCounts(row.GetInt32(0), row.GetInt32(1), row.GetInt32(2)), ("@since", since), ("@most", atMost)),
        cancellation);
}
