using System.Diagnostics.Metrics;
using System.Net;

namespace CertHerald.Delivering.Operators;

/// <summary>
/// Asks a URL each minute while the loops tick, so that somebody else notices when they do not: a service that hangs tells nobody.
/// </summary>
internal sealed partial class DeadManSwitch : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>A loop that was not seen to move for longer is stuck. More than a look: the slowest comes round once a minute, and a little later each time.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly Uri _url;
    private readonly IReadOnlyList<(string Loop, Func<long> Ticks)> _loops;
    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;
    private readonly ILogger<DeadManSwitch> _logger;
    private readonly Counter<long> _asked;
    private readonly (long Ticks, long At)[] _moved;
    private bool _hadTrouble;

    /// <param name="loops">Each with a counter of its rounds.</param>
    public DeadManSwitch(
        Uri url, IReadOnlyList<(string Loop, Func<long> Ticks)> loops, OutboundGuard guard, TimeProvider time, Meter meter, ILogger<DeadManSwitch> logger)
    {
        (_url, _loops, _time, _logger) = (url, loops, time, logger);
        _http = new HttpMessageInvoker(guard.Through(guard.CreateHandler, OutboundReach.Named), disposeHandler: true);
        _asked = meter.CreateCounter<long>("certherald_dead_man_total", description: "Looks of the dead man's switch, by outcome.");
        _moved = [.. loops.Select(loop => (loop.Ticks(), time.GetTimestamp()))];
    }

    /// <summary>One look: asks if every loop moves.</summary>
    /// <returns>Whether it asked, and was answered well.</returns>
    public async Task<bool> LookAsync(CancellationToken stopping)
    {
        for (int i = 0; i < _moved.Length; i++)
            if (_loops[i].Ticks() is var ticks && ticks != _moved[i].Ticks) _moved[i] = (ticks, _time.GetTimestamp());
        string[] stuck = [.. _loops.Where((_, i) => _time.GetElapsedTime(_moved[i].At) > Patience).Select(loop => loop.Loop)];
        if (stuck.Length > 0)
        {
            Tell("stuck", $"stuck for more than {Patience.TotalSeconds:0} s: {string.Join(", ", stuck)}");
            return false;
        }

        (string outcome, string? trouble) = await AskAsync(stopping);
        Tell(outcome, trouble);
        return trouble is null;
    }

    public override void Dispose()
    {
        base.Dispose();
        _http.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Interval, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested) return;
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task<(string Outcome, string? Trouble)> AskAsync(CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(Limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, _url) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
            request.Headers.UserAgent.Add(WebhookSender.UserAgent);
            // The status is all that matters: what follows it is not read.
            using HttpResponseMessage answer = await _http.SendAsync(request, either.Token);
            return answer.IsSuccessStatusCode ? ("ok", null) : ("status", $"it answered {(int)answer.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or OutboundBlockedException or NameResolutionException or ProxyFailedException)
        {
            stopping.ThrowIfCancellationRequested();
            return ("failed", limit.IsCancellationRequested ? $"no answer within {Limit.TotalSeconds:0} s" : e.GetBaseException().Message);
        }
    }

    private void Tell(string outcome, string? trouble)
    {
        _asked.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        if (trouble is not null) LogTrouble(trouble);
        else if (_hadTrouble) LogOver();
        _hadTrouble = trouble is not null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The dead man's switch was not told that the service lives: {Trouble}")]
    private partial void LogTrouble(string trouble);

    [LoggerMessage(Level = LogLevel.Information, Message = "The dead man's switch is told again that the service lives")]
    private partial void LogOver();
}
