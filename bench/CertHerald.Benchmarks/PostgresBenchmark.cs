using System.Diagnostics;
using System.Reflection;
using CertHerald.Delivering;
using CertHerald.Storage;
using CertHerald.Storage.Postgres;
using CertHerald.Tests.Doubles;

namespace CertHerald.Benchmarks;

/// <summary>What batches gain in PostgreSQL, and what its hints cost. A server of its own, on this machine; each commit waits for the disk.</summary>
internal static class PostgresBenchmark
{
    private const int Group = 64;

    public static async Task<IReadOnlyList<Row>> RunAsync(bool quick, Predicate<string> wanted)
    {
        if (!wanted("Q4") && !wanted("Q5") && !wanted("Q6")) return [];
        if (!PrivatePostgres.IsInstalled) return [new Row("Q4", "PostgreSQL, Q4 to Q6", "left out", "", "it is not installed")];
        await using PrivatePostgres server = await PrivatePostgres.StartAsync("-c max_connections=200", CancellationToken.None);

        var rows = new List<Row>();
        int rounds = quick ? 20 : 100;
        if (wanted("Q4")) rows.Add(await EnqueuedAsync(server, rounds));
        if (wanted("Q5")) rows.Add(await ClaimedAsync(server, rounds));
        if (wanted("Q6")) rows.Add(await HintedAsync(server, rounds));
        return rows;
    }

    private static async Task<Owing> OpenAsync(PrivatePostgres server) => await Owing.OpenAsync($"{await server.AddDatabaseAsync("", CancellationToken.None)};Maximum Pool Size=64");

    private static async Task<Row> EnqueuedAsync(PrivatePostgres server, int rounds)
    {
        string[] names = [.. Enumerable.Range(0, Group).Select(i => $"hook{i}")];
        var pairs = new List<(double Together, double Alone)>();
        for (int i = 0; i < 5; i++) pairs.Add((Group * await EnqueueAsync(server, producers: 4, rounds, names), await EnqueueAsync(server, producers: 32, rounds / 4, names[0])));
        return Compared("Q4", "PostgreSQL: enqueue, 4 producers of 64 in a commit to 32 of one", "≥ 5", pairs);
    }

    /// <summary>Commits a second, of logs that are read at once.</summary>
    private static async Task<double> EnqueueAsync(PrivatePostgres server, int producers, int rounds, params string[] names)
    {
        await using Owing store = await OpenAsync(server);
        Owing[] logs = [.. await Task.WhenAll(Enumerable.Range(0, producers).Select(_ => store.AnotherAsync()))];
        return await EnqueueAsync(logs, rounds, names);
    }

    private static async Task<double> EnqueueAsync(Owing[] logs, int rounds, string[] names)
    {
        await EachAsync(logs, 3, log => log.OweAsync(1, names));
        return await EachAsync(logs, rounds, log => log.OweAsync(1, names));
    }

    private static async Task<Row> ClaimedAsync(PrivatePostgres server, int rounds)
    {
        var pairs = new List<(double Together, double Alone)>();
        for (int i = 0; i < 5; i++) pairs.Add((Group * await ClaimAsync(server, claimers: 4, Group, rounds), await ClaimAsync(server, claimers: 16, 1, rounds)));
        return Compared("Q5", "PostgreSQL: claims, 4 nodes of 64 at once to 16 of one", "≥ 8", pairs);
    }

    /// <summary>Claims a second, each claimer of a webhook of its own.</summary>
    private static async Task<double> ClaimAsync(PrivatePostgres server, int claimers, int count, int rounds)
    {
        await using Owing store = await OpenAsync(server);
        string[] hooks = [.. Enumerable.Range(0, claimers).Select(i => $"hook{i}")];
        for (int owed = 0; owed < (rounds + 3) * count; owed += 100) await store.OweAsync(100, hooks);
        await EachAsync(hooks, 3, TakeAsync);
        return await EachAsync(hooks, rounds, TakeAsync);

        async Task TakeAsync(string hook)
        {
            DateTimeOffset now = DateTimeOffset.UtcNow;
            IReadOnlyList<StoredDelivery> claimed = await store.Store.ClaimAsync(
                [new ClaimRequest(hook, state => WebhookHealth.GrantTo(state, now, underWay: 0, count, rate: 1e6))], count, now, now.AddSeconds(90), CancellationToken.None);
            if (claimed.Count != count) throw new InvalidOperationException("The benchmark measures something else than it says.");
        }
    }

    private static async Task<Row> HintedAsync(PrivatePostgres server, int rounds)
    {
        string[] names = [.. Enumerable.Range(0, Group).Select(i => $"hook{i}")];
        var pairs = new List<(double With, double Without)>();
        for (int i = 0; i < 5; i++) pairs.Add((Group * await EnqueueAsync(hinted: true), Group * await EnqueueAsync(hinted: false)));
        return Compared("Q6", "PostgreSQL: the same enqueue, 4 of 64, with NOTIFY to without", "≥ 0.9", pairs);

        async Task<double> EnqueueAsync(bool hinted)
        {
            await using Owing store = await OpenAsync(server);
            if (!hinted) await SilenceAsync((PostgresStore)store.Store);
            return await PostgresBenchmark.EnqueueAsync([.. await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => store.AnotherAsync()))], rounds, names);
        }
    }

    /// <summary>No setting turns hints off: they are ended from outside.</summary>
    private static async Task SilenceAsync(PostgresStore store)
    {
        object hints = typeof(PostgresStore).GetField("_hints", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(store)!;
        await ((CancellationTokenSource)typeof(PostgresHints).GetField("_closing", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(hints)!).CancelAsync();
    }

    private static Row Compared(string id, string what, string goal, List<(double Left, double Right)> pairs) =>
        new(id, what, Row.Number(Median(pairs.Select(pair => pair.Left / pair.Right)), "0.0"), goal,
            $"{Row.Number(Median(pairs.Select(pair => pair.Left)))} to {Row.Number(Median(pairs.Select(pair => pair.Right)))} a second, median of {pairs.Count} pairs");

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>How many a second, of so many by each.</summary>
    private static async Task<double> EachAsync<T>(T[] all, int rounds, Func<T, Task> work)
    {
        long begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(all.Select(async one =>
        {
            for (int i = 0; i < rounds; i++) await work(one);
        }));
        return all.Length * rounds / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
