using System.Text.Json;
using CertHerald.Deciding;

namespace CertHerald.Storage.Sqlite;

/// <summary>What was found of CAA records, and what of it was told.</summary>
internal sealed partial class SqliteStore
{
    // Somebody has heard, or has just heard: the delivery may be gone when it is asked for again.
    private const string IsHeard =
        "(heard OR EXISTS (SELECT 1 FROM delivery WHERE kind = 'operator' AND subject = caa.notice AND state = 'done'))";

    // Nobody was told of it; or those who were to be never took it, and nothing is on its way any more.
    private const string UntoldCaa = $"""
        SELECT name, found, told FROM caa
        WHERE found IS NOT NULL AND (told IS NULL OR told <> found OR (NOT {IsHeard}
            AND NOT EXISTS (SELECT 1 FROM delivery WHERE kind = 'operator' AND subject = caa.notice AND state IN ('pending', 'inflight', 'held', 'joined'))))
        ORDER BY name
        """;

    public Task<IReadOnlyList<StoredCaa>> CaaSetsAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredCaa>>(
        session => session.All(
            $"SELECT name, found, problem, looked, told, {IsHeard} FROM caa ORDER BY name",
            row => new StoredCaa(row.GetString(0), SetOf(row.TextOrNull(1)), row.GetString(2), row.Time(3), SetOf(row.TextOrNull(4)), row.GetBoolean(5))),
        cancellation);

    public Task<int> KeepCaaAsync(IReadOnlyList<CaaLook> looks, bool isWhole, IReadOnlyList<string> channels, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            DateTimeOffset now = _time.GetUtcNow();
            foreach (CaaLook look in looks)
                session.Run(
                    """
                    INSERT INTO caa (name, looked, found, problem) VALUES (@name, @now, @found, @problem)
                    ON CONFLICT (name) DO UPDATE SET looked = @now, found = @found, problem = @problem
                    """,
                    ("@name", look.Name), ("@now", now), ("@found", look.Found?.ToText()), ("@problem", look.Problem));
            if (isWhole) session.Run("DELETE FROM caa WHERE name NOT IN (SELECT value FROM json_each(@names))", ("@names", JsonSerializer.Serialize(looks.Select(look => look.Name))));
            session.Run($"UPDATE caa SET heard = 1 WHERE NOT heard AND notice IS NOT NULL AND {IsHeard}");
            if (channels.Count == 0) return 0;

            int owed = 0;
            foreach (CaaChange[] changes in session.All(UntoldCaa, row => CaaChange.Of(row.GetString(0), row.TextOrNull(2), row.GetString(1))).Chunk(CaaFacts.Most))
            {
                string uid = $"caa/{changes[0].Name}/{now.ToUnixTimeMilliseconds()}";
                owed += OweNotice(session, new NoticeDraft(uid, NoticeTypes.Caa, changes[0].Name, new CaaFacts(changes)), channels, now);
                session.Run(
                    "UPDATE caa SET told = found, heard = 0, notice = (SELECT id FROM notice WHERE uid = @uid) WHERE name IN (SELECT value FROM json_each(@names))",
                    ("@uid", uid), ("@names", JsonSerializer.Serialize(changes.Select(change => change.Name))));
            }
            return owed;
        },
        cancellation);

    /// <summary>There are no others.</summary>
    public Task<bool> TakeCaaAsync(DateTimeOffset until, CancellationToken cancellation) => Task.FromResult(true);

    public Task<IReadOnlyList<string>> NewestEndpointsAsync(int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<string>>(
        session => session.All(
            "SELECT DISTINCT dns_name FROM (SELECT dns_name FROM endpoint ORDER BY issuance DESC LIMIT @limit)", row => row.GetString(0), ("@limit", limit)),
        cancellation);

    private static CaaSet? SetOf(string? text) => text is null ? null : CaaSet.Read(text);
}
