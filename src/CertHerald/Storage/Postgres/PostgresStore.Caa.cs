using CertHerald.Deciding;

namespace CertHerald.Storage.Postgres;

/// <summary>What was found of CAA records, and what of it was told.</summary>
internal sealed partial class PostgresStore
{
    // As in the other store.
    private const string IsHeard =
        "(heard OR EXISTS (SELECT 1 FROM delivery WHERE kind = 'operator' AND subject = caa.notice AND state = 'done'))";

    private const string UntoldCaa = $"""
        SELECT name, found, told FROM caa
        WHERE found IS NOT NULL AND (told IS NULL OR told <> found OR (NOT {IsHeard}
            AND NOT EXISTS (SELECT 1 FROM delivery WHERE kind = 'operator' AND subject = caa.notice AND state IN ('pending', 'inflight', 'held', 'joined'))))
        ORDER BY name
        """;

    public async Task<IReadOnlyList<StoredCaa>> CaaSetsAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            $"SELECT name, found, problem, looked, told, {IsHeard} FROM caa ORDER BY name",
            row => new StoredCaa(row.GetString(0), SetOf(row.TextOrNull(1)), row.GetString(2), row.Time(3), SetOf(row.TextOrNull(4)), row.GetBoolean(5))),
        cancellation);

    public Task<int> KeepCaaAsync(IReadOnlyList<CaaLook> looks, bool isWhole, IReadOnlyList<string> channels, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            DateTimeOffset now = _time.GetUtcNow();
            // Two nodes that look at once must not tell of one change twice.
            await session.PerformAsync("LOCK TABLE caa IN SHARE ROW EXCLUSIVE MODE");
            await session.RunAsync(
                """
                INSERT INTO caa (name, looked, found, problem) SELECT name, @now, found, problem FROM unnest(@names, @found, @problems) AS look (name, found, problem)
                ON CONFLICT (name) DO UPDATE SET looked = excluded.looked, found = excluded.found, problem = excluded.problem
                """,
                ("@now", now), ("@names", looks.Select(look => look.Name).ToArray()), ("@found", looks.Select(look => look.Found?.ToText()).ToArray()),
                ("@problems", looks.Select(look => look.Problem).ToArray()));
            if (isWhole) await session.RunAsync("DELETE FROM caa WHERE name <> ALL(@names)", ("@names", looks.Select(look => look.Name).ToArray()));
            await session.RunAsync($"UPDATE caa SET heard = true WHERE NOT heard AND notice IS NOT NULL AND {IsHeard}");
            if (channels.Count == 0) return 0;

            int owed = 0;
            foreach (CaaChange[] changes in (await session.AllAsync(UntoldCaa, row => CaaChange.Of(row.GetString(0), row.TextOrNull(2), row.GetString(1)))).Chunk(CaaFacts.Most))
            {
                string uid = $"caa/{changes[0].Name}/{now.ToUnixTimeMilliseconds()}";
                owed += await OweNoticeAsync(session, new NoticeDraft(uid, NoticeTypes.Caa, changes[0].Name, new CaaFacts(changes)), channels, now);
                await session.RunAsync(
                    "UPDATE caa SET told = found, heard = false, notice = (SELECT id FROM notice WHERE uid = @uid) WHERE name = ANY(@names)",
                    ("@uid", uid), ("@names", changes.Select(change => change.Name).ToArray()));
            }
            return owed;
        },
        cancellation);

    public Task<bool> TakeCaaAsync(DateTimeOffset until, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync(
            """
            INSERT INTO caa_lease (id, node, until) VALUES (1, @node, @until)
            ON CONFLICT (id) DO UPDATE SET node = @node, until = @until WHERE caa_lease.node = @node OR caa_lease.until < @now
            """,
            ("@node", _node), ("@until", until), ("@now", _time.GetUtcNow())) > 0,
        cancellation);

    public async Task<IReadOnlyList<string>> NewestEndpointsAsync(int limit, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            "SELECT DISTINCT dns_name FROM (SELECT dns_name FROM endpoint ORDER BY issuance DESC LIMIT @limit) AS newest", row => row.GetString(0), ("@limit", limit)),
        cancellation);

    private static CaaSet? SetOf(string? text) => text is null ? null : CaaSet.Read(text);
}
