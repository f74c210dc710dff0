using System.Text;
using CertHerald.Access;
using CertHerald.Storage;

namespace CertHerald.Api.Feeds;

/// <summary>
/// Tells open pages which of their parts have changed, as server-sent events; they ask for those again. What is told is a
/// comparison of now with the last look: however slow a page is, nothing is kept for it.
/// </summary>
internal sealed class PageChanges : IDisposable
{
    /// <summary>Pages at once. Those that come later show what they show until they are loaded again.</summary>
    public const int MostPages = 64;

    /// <summary>How often is looked, for all pages together.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly IStore _store;
    private readonly FollowedLogs _logs;
    private readonly Sessions _sessions;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenRegistration _stop;
    private readonly SemaphoreSlim _one = new(1, 1);
    private Look? _last;
    private long _at;
    private int _pages;

    public PageChanges(IStore store, FollowedLogs logs, Sessions sessions, TimeProvider time, IHostApplicationLifetime life)
    {
        (_store, _logs, _sessions, _time) = (store, logs, sessions, time);
        // A stream never ends by itself: the service would wait for it.
        _stop = life.ApplicationStopping.Register(_stopping.Cancel);
    }

    /// <summary>Streams until the page is closed, its session ends or the service stops.</summary>
    public async Task<IResult> AnswerAsync(HttpContext context)
    {
        if (Interlocked.Increment(ref _pages) > MostPages)
        {
            Interlocked.Decrement(ref _pages);
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
        try
        {
            await StreamAsync(context);
        }
        finally
        {
            Interlocked.Decrement(ref _pages);
        }
        return TypedResults.Empty;
    }

    public void Dispose()
    {
        _stop.Dispose();
        _stopping.Dispose();
        _one.Dispose();
    }

    private async Task StreamAsync(HttpContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            Look last = await LookAsync(ending.Token);
            // The page was made before this: it asks for its parts once, so that nothing between is missed.
            await SendAsync(context, "retry: 2000\nevent: begin\ndata:\n\n", ending.Token);
            long begun = _time.GetTimestamp(), sent = begun;
            while (_time.GetElapsedTime(begun) < EventStream.EndsAfter)
            {
                await Task.Delay(LookEvery, _time, ending.Token);
                if (await _sessions.FindAsync(context) is null)
                {
                    await SendAsync(context, "event: ended\ndata:\n\n", ending.Token);
                    return;
                }
                Look now = await LookAsync(ending.Token);
                string changed = now.PartsSince(last);
                last = now;
                if (changed.Length == 0 && _time.GetElapsedTime(sent) < EventStream.HeartbeatAfter) continue;
                sent = _time.GetTimestamp();
                await SendAsync(context, changed.Length == 0 ? ": alive\n\n" : $"event: changed\ndata: {changed}\n\n", ending.Token);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // It has gone, or the service stops.
        }
        catch (StoreException) when (context.Response.HasStarted)
        {
            // It comes again by itself.
        }
    }

    private static async Task SendAsync(HttpContext context, string text, CancellationToken cancellation)
    {
        await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(text), cancellation);
        await context.Response.Body.FlushAsync(cancellation);
    }

    /// <summary>How everything stands; the same answer to all who ask within a moment.</summary>
    private async Task<Look> LookAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (_last is not null && _time.GetElapsedTime(_at) < LookEvery / 2) return _last;
            EventCursor? committed = await _store.EventHorizonAsync(cancellation) ?? _last?.Committed;
            var hash = new HashCode();
            foreach (LogJson log in await _logs.ListAsync(cancellation)) hash.Add(log with { Rate = null });
            (_last, _at) = (new Look(hash.ToHashCode(), committed), _time.GetTimestamp());
            return _last;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>How everything stood at a look.</summary>
    private sealed record Look(int Logs, EventCursor? Committed)
    {
        /// <summary>Names of what has changed, joined by spaces: a contract with the console's script and pages.</summary>
        public string PartsSince(Look last)
        {
            var parts = new List<string>();
            if (Logs != last.Logs) parts.Add("logs");
            if (Committed?.Issuance != last.Committed?.Issuance || Committed?.Malformed != last.Committed?.Malformed) parts.AddRange("issuances", "deliveries");
            if (Committed?.Incident != last.Committed?.Incident) parts.Add("incidents");
            if (Committed?.Attempt != last.Committed?.Attempt) parts.Add("deliveries");
            return string.Join(' ', parts.Distinct());
        }
    }
}
