using CertHerald.Deciding;
using CertHerald.Following;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>
/// Makes known what was unknown, whenever more is authorised: by a file, by another node, or by what this one had stored and not
/// finished when it was killed.
/// </summary>
internal sealed partial class Clearing : BackgroundService
{
    /// <summary>After a change, once more: what was being decided meanwhile went by what was known before.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromMinutes(1);

    private readonly Authorisations _known;
    private readonly Watched _watched;
    private readonly ILogger<Clearing> _logger;
    private readonly Bell _changed;

    public Clearing(Authorisations known, Watched watched, TimeProvider time, ILogger<Clearing> logger)
    {
        (_known, _watched, _logger, _changed) = (known, watched, logger, new Bell(time));
        watched.KnownChanged += Ring;
        // What is in force at the start may be more than was when the service stopped.
        Ring();
    }

    public override void Dispose()
    {
        _watched.KnownChanged -= Ring;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        bool isOwed = false;
        try
        {
            while (true)
            {
                isOwed = await _changed.WaitAsync(isOwed ? Again : Timeout.InfiniteTimeSpan, stoppingToken);
                try
                {
                    if (await _known.ClearAsync() is { Count: > 0 and var cleared }) Cleared(cleared);
                }
                catch (StoreException failure)
                {
                    isOwed = true;
                    NotCleared(failure.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    private void Ring() => _changed.Ring();

    [LoggerMessage(Level = LogLevel.Information, Message = "Issuances that are known now and were not: {Cleared}")]
    private partial void Cleared(int cleared);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is known now could not be noted of earlier issuances, and is tried again: {Problem}")]
    private partial void NotCleared(string problem);
}
