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
    /// <summary>Gaps after which a log is not worth its reader's time.</summary>
    private const int MostGaps = 16;

    private readonly Stopwatch _clock = new();
    private readonly List<string> _gaps = [];
    private long _entries, _matches, _lookalikes, _malformed, _verified, _total, _next = -1;

    public LogDescription Log => reader.Log;

    public long Entries => Interlocked.Read(ref _entries);

    /// <summary>Entries there are to read; 0 until the head is known.</summary>
    public long Total => Interlocked.Read(ref _total);

    public long Matches => Interlocked.Read(ref _matches);

    /// <summary>Entries that show a look-alike of a protected domain.</summary>
    public long Lookalikes => Interlocked.Read(ref _lookalikes);

    public long Malformed => Interlocked.Read(ref _malformed);

    /// <summary>The size up to which a signed head proves what was read; 0 if it proves nothing.</summary>
    public TreeSize Verified => new((ulong)Interlocked.Read(ref _verified));

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>The first entry that was not come to: where another scan goes on; null before the first answer.</summary>
    public long? Next => Interlocked.Read(ref _next) is >= 0 and var next ? next : null;

    /// <summary>Whether it has come to its end.</summary>
    public bool IsDone { get; private set; }

    /// <summary>What is missing or contradicted, and why it ended early; null if nothing is.</summary>
    public string? Failure { get; private set; }

    /// <summary>
    /// Reads it, writing what is found. What cannot be read, or contradicts what the log signed, is told in
    /// <see cref="Failure"/>, and reading goes on behind it.
    /// </summary>
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

            Interlocked.Exchange(ref _next, (long)position.Size.Value);

            while (position.Size < end && _gaps.Count < MostGaps)
            {
                position = await StepAsync(position, head, end, output, cancellation);
                Interlocked.Exchange(ref _next, (long)position.Size.Value);
            }
            IsDone = position.Size >= end;
            if (_gaps.Count > 0) return;

            // Stopped before the head of a log that proves nothing on the way: ask it to prove where we stand.
            if (Verified < position.Size)
            {
                if ((await RetryAsync(() => reader.StartAtAsync(position.Size, head, cancellation), cancellation)).Equals(position))
                    Interlocked.Exchange(ref _verified, (long)position.Size.Value);
                else
                    _gaps.Add($"the entries before {position.Size} are not those that the log signed for {head.Size} entries");
            }
        }
        catch (LogUnavailableException failure)
        {
            _gaps.Add(failure.Message);
        }
        finally
        {
            if (_gaps.Count > 0) Failure = string.Join("; ", _gaps);
            _clock.Stop();
        }
    }

    /// <summary>Reads a batch, or goes around one that cannot be had.</summary>
    /// <returns>Where the next one starts.</returns>
    private async Task<Frontier> StepAsync(Frontier position, VerifiedHead head, TreeSize end, MatchWriter output, CancellationToken cancellation)
    {
        Batch batch;
        try
        {
            batch = await RetryAsync(() => reader.ReadAsync(position, head, cancellation), cancellation);
        }
        catch (UnreadableEntriesException failure)
        {
            _gaps.Add($"entries {position.Size} to {failure.End} could not be read: {failure.Message}");
            return await RetryAsync(() => reader.StartAtAsync(failure.End, head, cancellation), cancellation);
        }

        using RawBatch raw = batch.Raw;
        IReadOnlyList<Finding> findings = inspector.Inspect(raw);
        Count(raw, findings, end);
        output.Write(Log, findings, end, isProven: batch is VerifiedBatch);
        if (batch is DisputedBatch)
        {
            _gaps.Add($"entries {position.Size} to {batch.End.Size} do not give the root that the log signed for {head.Size} entries: the log lies, or what lies between changed them");
            return batch.End.Size < end ? await RetryAsync(() => reader.StartAtAsync(batch.End.Size, head, cancellation), cancellation) : batch.End;
        }

        // Behind a gap nothing is proven of all that was to be read.
        if (batch is VerifiedBatch && _gaps.Count == 0) Interlocked.Exchange(ref _verified, (long)batch.End.Size.Value);
        return batch.End;
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
            catch (LogUnavailableException failure) when (attempt < (failure is UnreadableEntriesException ? 2 : 10))
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
        {
            if (finding.Index.Value >= end.Value) continue;
            if (finding is MalformedFinding) Interlocked.Increment(ref _malformed);
            if (finding is MatchFinding { Matches.Count: > 0 }) Interlocked.Increment(ref _matches);
            if (finding is MatchFinding { Lookalikes.Count: > 0 }) Interlocked.Increment(ref _lookalikes);
        }
    }
}
