using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Following;
using CertHerald.Protecting;

namespace CertHerald.Configuring;

/// <summary>
/// Reads the configuration again when asked to and when one of its files has changed, and puts its watch list, known
/// certificates, webhooks, outbound rules, OpenID provider and protected domains in force. The new ones are built aside: nobody who reads logs waits for them. Whatever is wrong with the new
/// ones, the old ones stay.
/// </summary>
/// <param name="read">Reads and checks all of it, as at the start.</param>
/// <param name="first">What <paramref name="watched"/> began with.</param>
internal sealed partial class ConfigurationReload(
    Func<CertHeraldOptions> read, CertHeraldOptions first, Watched watched, Webhooks webhooks, OutboundGuard guard, OpenIdProvider openId, ProtectedDomains protecting, TimeProvider time,
    ILogger<ConfigurationReload> logger)
    : BackgroundService
{
    /// <summary>How often the files are looked at. A changed file is read once it has stood still for as long: it may be half written.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    /// <summary>How long after a failure the configuration is read again unasked: not everything that breaks it is a file that changes.</summary>
    public static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(30);

    private const int LargeList = 100_000;

    private readonly IReadOnlyDictionary<string, string> _untilRestart = first.UntilRestart;
    private FileStamps _read = first.Files;
    private FileStamps _seen = first.Files;
    private IReadOnlyList<string> _warnings = first.Warnings;
    private long _triedAt;
    private volatile IReadOnlyList<ConfigurationMistake> _mistakes = [];
    private readonly Bell _asked = new(time);

    /// <summary>What is wrong with the newest configuration, which is therefore not in force; empty if it is.</summary>
    public IReadOnlyList<ConfigurationMistake> Mistakes => _mistakes;

    /// <summary>Asks for a reload, soon. Asking again before it begins changes nothing.</summary>
    public void Ask() => _asked.Ring();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                bool isAsked = await _asked.WaitAsync(LookInterval, stoppingToken);
                if (IsDue(isAsked)) Reload();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    private bool IsDue(bool asked)
    {
        FileStamps now = _read.Again();
        bool hasChanged = now != _read, standsStill = now == _seen;
        _seen = now;
        return asked || (hasChanged && standsStill) || (_mistakes.Count > 0 && time.GetElapsedTime(_triedAt) >= RetryInterval);
    }

    private void Reload()
    {
        _triedAt = time.GetTimestamp();
        FileStamps before = _read.Again();
        CertHeraldOptions options;
        try
        {
            options = read();
            if (options.Watch.Count + watched.Added.Count == 0 && watched.Own.Count > 0)
                throw new ConfigurationException([new ConfigurationMistake(
                    "watch, watch_files", $"nothing would be watched any more, after {watched.Own.Count} items", "to watch nothing on purpose, start the service anew")]);
        }
        catch (ConfigurationException failure)
        {
            Refuse(failure.Mistakes);
            _read = _seen = before;
            return;
        }

        (int items, int now) = watched.Configure(options.Watch, options.Known, options.Suffixes);
        webhooks.Configure(options.Webhooks);
        guard.Use(options.Outbound);
        openId.Configure(options.OpenId);
        protecting.Configure(options.Lookalikes, options.Suffixes);
        _read = _seen = options.Files;
        _mistakes = [];
        LetGo(Math.Max(items, now));
        Reloaded(now, items);
        Tell(options);
    }

    /// <summary>
    /// Gives back what loading a large list left behind, the replaced one included. Reading logs allocates next to nothing, so
    /// that the collector might not come by itself for hours.
    /// </summary>
    public static void LetGo(int items)
    {
        if (items > LargeList) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    /// <summary>Every mistake, once: trying again unasked finds the same ones.</summary>
    private void Refuse(IReadOnlyList<ConfigurationMistake> mistakes)
    {
        if (!mistakes.SequenceEqual(_mistakes))
        {
            foreach (ConfigurationMistake mistake in mistakes) Wrong(mistake.ToString());
            Kept(watched.List.Count);
        }
        _mistakes = mistakes;
    }

    private void Tell(CertHeraldOptions options)
    {
        foreach (string warning in options.Warnings.Except(_warnings)) Odd(warning);
        _warnings = options.Warnings;

        IEnumerable<string> changed = options.UntilRestart.Keys.Union(_untilRestart.Keys)
            .Where(section => options.UntilRestart.GetValueOrDefault(section) != _untilRestart.GetValueOrDefault(section));
        if (string.Join(", ", changed.Order(StringComparer.Ordinal)) is { Length: > 0 } sections) NeedsRestart(sections);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Configuration read again: {After} watch items, {Before} before")]
    private partial void Reloaded(int after, int before);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Mistake}")]
    private partial void Wrong(string mistake);

    [LoggerMessage(Level = LogLevel.Error, Message = "The changed configuration cannot be used: the {Items} watch items from before stay in force")]
    private partial void Kept(int items);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void Odd(string warning);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Changed, but in force only after a restart: {Sections}")]
    private partial void NeedsRestart(string sections);
}
