namespace CertHerald.Storage.Postgres;

/// <summary>Issuances by what people look for.</summary>
internal sealed partial class PostgresStore
{
    private const int TbsDigits = 64;

    public Task<IReadOnlyList<Issuance>> IssuancesAsync(IssuanceFilter filter, CancellationToken cancellation)
    {
        // Each as the index of its kind has it.
        string which = filter.Kind switch
        {
            IssuanceKind.Unknown => "NOT known AND is_watched",
            IssuanceKind.Known => "known",
            IssuanceKind.Lookalike => "NOT known AND NOT is_watched",
            _ => "true",
        };
        // Names of look-alikes stand with these, not among the watched ones.
        if (filter is { Kind: IssuanceKind.Lookalike, Text: { } name } && !IsHash(name)) return Task.FromResult<IReadOnlyList<Issuance>>([]);
        if (filter.Text is { } text)
            which += IsHash(text) ? " AND tbs_sha256 = @text" :
                // The newest first, until there are enough.
                $"""
                 AND id IN (SELECT DISTINCT issuance FROM endpoint WHERE issuance < @before AND strpos(dns_name, @text) > 0
                    {(filter.Kind is null ? "" : $"AND EXISTS (SELECT 1 FROM issuance WHERE {which} AND id = endpoint.issuance)")} ORDER BY issuance DESC LIMIT @limit)
                """;
        // A zero character is in no name of this store.
        (string, object?)[] parameters = [("@before", filter.Before ?? long.MaxValue), ("@limit", filter.Limit)];
        if (filter.Text is not null) parameters = [.. parameters, ("@text", filter.Text.Replace('\0', '\uFFFD'))];
        return ReadAsync(session => ReadIssuancesAsync(session, $"WHERE id < @before AND {which} ORDER BY id DESC LIMIT @limit", parameters), cancellation);
    }

    public Task<IssuanceCounts> CountIssuancesAsync(DateTimeOffset since, int atMost, CancellationToken cancellation) => ReadAsync(
        session => session.SingleAsync(
            """
            SELECT count(*) FILTER (WHERE NOT known AND is_watched), count(*) FILTER (WHERE known), count(*) FILTER (WHERE NOT known AND NOT is_watched)
            FROM (SELECT known, is_watched, discovered FROM issuance ORDER BY id DESC LIMIT @most) AS newest
            WHERE discovered >= @since
            """,
            row => new IssuanceCounts((int)row.GetInt64(0), (int)row.GetInt64(1), (int)row.GetInt64(2)), ("@since", since), ("@most", atMost)),
        cancellation);

    private static bool IsHash(string text) => text.Length == TbsDigits && text.All(char.IsAsciiHexDigitLower);
}
