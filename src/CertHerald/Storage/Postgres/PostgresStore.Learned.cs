using CertHerald.Fetching;
using CertHerald.Transparency.Logs;

namespace CertHerald.Storage.Postgres;

/// <summary>What was learned of logs and hosts.</summary>
internal sealed partial class PostgresStore
{
    public Task<Learned> LearnedAsync(CancellationToken cancellation) => ReadAsync(
        async session => new Learned(
            await session.AllAsync("SELECT operator, host, per_second, slow_start_over FROM rate",
                row => new LearnedRate(row.GetString(0), row.GetString(1), row.GetDouble(2), row.GetBoolean(3))),
            (await session.AllAsync("SELECT log_id, page FROM log WHERE page IS NOT NULL", row => (Id(row.Bytes(0)), row.GetInt32(1)))).ToDictionary()),
        cancellation);

    public Task KeepLearnedAsync(Learned learned, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            // In one order: other nodes keep what they learned, too.
            foreach (LearnedRate rate in learned.Rates.OrderBy(rate => rate.Operator, StringComparer.Ordinal).ThenBy(rate => rate.Host, StringComparer.Ordinal))
                await session.RunAsync(
                    """
                    INSERT INTO rate (operator, host, per_second, slow_start_over) VALUES (@operator, @host, @rate, @over)
                    ON CONFLICT (operator, host) DO UPDATE SET per_second = @rate, slow_start_over = @over
                    """,
                    ("@operator", rate.Operator), ("@host", rate.Host), ("@rate", rate.PerSecond), ("@over", rate.SlowStartOver));
            foreach ((LogId log, int page) in learned.Pages.OrderBy(one => one.Key.ToString(), StringComparer.Ordinal))
                await session.RunAsync("UPDATE log SET page = @page WHERE log_id = @id", ("@page", page), ("@id", log.Value.ToArray()));
            return learned.Rates.Count;
        },
        cancellation);
}
