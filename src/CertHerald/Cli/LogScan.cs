using System.Diagnostics;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Cli;

/// <summary>One log, read once from a place to another. Its numbers may be read while it runs.</summary>
internal sealed class LogScan(LogReader reader, Inspector inspector, LogStart start, TreeSize? until) : IDisposable
{
    private readonly Stopwatch _clock = new();
    private long _entries, _matches, _malformed, _verified, _total;

    public LogDescription Log => reader.Log;

    public long Entries => Interlocked.Read(ref _entries);

    /// <summary>Entries there are to read; 0 until the head is known.</summary>
    public long Total => Interlocked.Read(ref _total);

    public long Matches => Interlocked.Read(ref _matches);

    public long Malformed => Interlocked.Read(ref _malformed);

    /// <summary>The size up to which a signed head proves what was read; 0 if it proves nothing.</summary>
    public TreeSize Verified => new((ulong)Interlocked.Read(ref _verified));

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Why it ended early; null if it did not.</summary>
    public string? Failure { get; private set; }

    /// <summary>Reads it, writing what is found. A log's trouble ends in <see cref="Failure"/>.</summary>
    public async Task RunAsync(MatchWriter output, CancellationToken cancellation)
    {
        _clock.Start();
        try
        {
            VerifiedHead head = await RetryAsync(() => reader.GetHeadAsync(cancellation), cancellation);
            TreeSize end = until is { } wanted && wanted < head.Size ? wanted : head.Size;
            Frontier position = await RetryAsync(
                async () => await reader.StartAtAsync(await reader.FindStartAsync(start, head, DateTimeOffset.UtcNow, cancellation), head, cancellation), cancellation);
            Interlocked.Exchange(ref _total, (long)Math.Max(end.Value, position.Size.Value) - (long)position.Size.Value);

            while (position.Size < end)
            {
                Batch batch = await RetryAsync(() => reader.ReadAsync(position, head, cancellation), cancellation);
                using RawBatch raw = batch.Raw;
                IReadOnlyList<Finding> findings = inspector.Inspect(raw);
                Count(raw, findings, end);
                output.Write(Log, findings, end, isProven: batch is VerifiedBatch);
                if (batch is DisputedBatch)
                {
                    Failure = $"entries {position.Size} to {batch.End.Size} do not give the root that the log signed for {head.Size} entries: the log lies, or what lies between changed them";
                    return;
                }
                position = batch.End;
                if (batch is VerifiedBatch) Interlocked.Exchange(ref _verified, (long)position.Size.Value);
            }

            // Stopped before the head of a log that proves nothing on the way: ask it to prove where we stand.
            if (Verified < position.Size)
            {
                if ((await RetryAsync(() => reader.StartAtAsync(position.Size, head, cancellation), cancellation)).Equals(position))
                    Interlocked.Exchange(ref _verified, (long)position.Size.Value);
                else
                    Failure = $"the entries before {position.Size} are not those that the log signed for {head.Size} entries";
            }
        }
        catch (Exception failure) when (failure is LogUnavailableException or HeadRefusedException)
        {
            Failure = failure.Message;
        }
        finally
        {
            _clock.Stop();
        }
    }

    public void Dispose() => reader.Dispose();

    /// <summary>Somebody waits for the result: a few tries, then say so.</summary>
    private static async Task<T> RetryAsync<T>(Func<Task<T>> read, CancellationToken cancellation)
    {
        var backoff = new Backoff();
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await read();
            }
            catch (LogUnavailableException failure) when (attempt < 10)
            {
                TimeSpan wait = backoff.Next();
                await Task.Delay(failure.RetryAfter is { } asked && asked > wait ? asked : wait, cancellation);
            }
        }
    }

    private void Count(RawBatch batch, IReadOnlyList<Finding> findings, TreeSize end)
    {
        Interlocked.Add(ref _entries, (long)(Math.Min(batch.End.Value, end.Value) - batch.Start.Value));
        foreach (Finding finding in findings)
            if (finding.Index.Value < end.Value)
                Interlocked.Increment(ref finding is MatchFinding ? ref _matches : ref _malformed);
    }
}
