using System.Diagnostics;
using CertHerald.Delivering;
using CertHerald.Storage;

namespace CertHerald.Benchmarks;

/// <summary>What writes to the store gain by sharing a transaction. Full synchronisation: a commit waits for the disk.</summary>
internal static class StoreBenchmark
{
    private const int Group = 100;

    public static async Task<IReadOnlyList<Row>> RunAsync(bool quick, Predicate<string> wanted)
    {
        var rows = new List<Row>();
        if (wanted("Q1")) rows.Add(await EnqueuedAsync(quick ? 50 : 200));
        if (wanted("Q2")) rows.Add(await ClaimedAsync(quick ? 50 : 200));
        if (wanted("Q3")) rows.Add(await GroupedAsync(quick ? 400 : 2_000));
        return rows;
    }

    private static async Task<Row> EnqueuedAsync(int commits)
    {
        await using Owing store = await Owing.OpenAsync();
        string[] names = [.. Enumerable.Range(0, Group).Select(i => $"hook{i}")];
        await store.OweAsync(10, names);
        double together = Group * await RateAsync(commits, () => store.OweAsync(1, names)), alone = await RateAsync(commits, () => store.OweAsync(1, names[0]));
        return new Row("Q1", $"enqueue, {Group} in a commit to one", Row.Number(together / alone, "0.0"), "≥ 20", $"{Row.Number(together)} to {Row.Number(alone)} a second");
    }

    private static async Task<Row> ClaimedAsync(int rounds)
    {
        await using Owing store = await Owing.OpenAsync();
        for (int i = 0; i < rounds + 20; i++) await store.OweAsync(Group, "hook");
        for (int i = 0; i < 10; i++) await TakeAsync(Group);
        double together = Group * await RateAsync(rounds, () => TakeAsync(Group)), alone = await RateAsync(rounds, () => TakeAsync(1));
        return new Row("Q2", $"claim and complete, {Group} together to one", Row.Number(together / alone, "0.0"), "≥ 20", $"{Row.Number(together)} to {Row.Number(alone)} a second");

        async Task TakeAsync(int count)
        {
            DateTimeOffset now = DateTimeOffset.UtcNow;
            IReadOnlyList<StoredDelivery> claimed = await store.Store.ClaimAsync(
                [new ClaimRequest("hook", state => WebhookHealth.GrantTo(state, now, underWay: 0, count, rate: 1e6))], count, now, now.AddSeconds(90), CancellationToken.None);
            if (claimed.Count != count) throw new InvalidOperationException("The benchmark measures something else than it says.");
            await store.Store.CompleteAsync(
                [.. claimed.Select(one => new Completion(
                    one.Webhook, new Lease(one.Id, one.Lease!.Value), new StoredAttempt(one.Id, now, TimeSpan.FromMilliseconds(5), 200, "delivered", null, []),
                    state => new Settlement(DeliveryState.Done, now, true, WebhookHealth.AfterSuccess(state, now, now).State), PerSecond: 1e6))],
                CancellationToken.None);
        }
    }

    /// <summary>Writes of 64 producers that share commits, to the same writes one after the other.</summary>
    private static async Task<Row> GroupedAsync(int writes)
    {
        await using Owing store = await Owing.OpenAsync();
        await store.OweAsync(1, "hook");
        Task WriteAsync() => store.Store.ChangeWebhookAsync("hook", state => (state with { Failures = state.Failures + 1 }, null), 1, CancellationToken.None);
        double alone = await RateAsync(Math.Max(50, writes / 10), WriteAsync), together = await RateAsync(writes, WriteAsync, producers: 64);
        return new Row("Q3", "64 producers, group commit to none", Row.Number(together / alone, "0.0"), "≥ 5",
            $"{Row.Number(together)} to {Row.Number(alone)} durable writes a second; a flush of this disk {Row.Number(await FlushAsync() * 1e3, "0.00")} ms, which Q1 to Q3 depend on");
    }

    /// <summary>Seconds until a page is on the disk.</summary>
    private static async Task<double> FlushAsync()
    {
        string path = Path.GetTempFileName();
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        return 1 / await RateAsync(100, () =>
        {
            file.Write(new byte[8192]);
            file.Flush(flushToDisk: true);
            return Task.CompletedTask;
        });
    }

    private static async Task<double> RateAsync(int count, Func<Task> work, int producers = 1)
    {
        int left = count;
        long begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, producers).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await work();
        }));
        return count / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
