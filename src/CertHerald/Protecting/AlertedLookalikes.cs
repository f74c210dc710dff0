using System.Diagnostics.Metrics;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Storage;

namespace CertHerald.Protecting;

/// <summary>Counts and logs the look-alikes that are told of, and counts weak ones. The store has them, and webhooks are owed, already.</summary>
internal sealed partial class AlertedLookalikes
{
    private readonly Counter<long> _told, _weak;
    private readonly ILogger<AlertedLookalikes> _logger;

    public AlertedLookalikes(Meter meter, ILogger<AlertedLookalikes> logger)
    {
        _logger = logger;
        _told = meter.CreateCounter<long>("certherald_lookalikes_total", description: "Look-alikes that were told of, by tier of the strongest name.");
        _weak = meter.CreateCounter<long>("certherald_lookalikes_weak_total", description: "Weak look-alikes that were kept for the digest.");
    }

    public void Tell(IReadOnlyList<AlertedLookalike> alerted)
    {
        foreach (AlertedLookalike one in alerted)
        {
            string tier = Lookalike.TierOf(one.Best.Score).Name(), name = Visible.Of(one.Best.Name);
            _told.Add(1, new KeyValuePair<string, object?>("tier", tier));
            LogLookalike(name, one.Domain, one.Best.Score, tier, one.Best.Class, one.Change);
        }
    }

    /// <summary>So many weak ones are kept that were not before: no line of the log, there are too many.</summary>
    public void Keep(int weak) => _weak.Add(weak);

    [LoggerMessage(Level = LogLevel.Information, Message = "Look-alike {Name} of {Domain}: score {Score} ({Tier}), {Class}, {Change}")]
    private partial void LogLookalike(string name, string domain, int score, string tier, string @class, string change);
}
