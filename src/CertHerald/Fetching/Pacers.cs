using CertHerald.Transparency.LogLists;

namespace CertHerald.Fetching;

/// <summary>The most requests a second to one host. Infinity for no limit.</summary>
internal sealed record RateCeilings
{
    /// <summary>For logs read over RFC 6962. Default: 50.</summary>
    public double Rfc6962 { get; init; } = 50;

    /// <summary>For tiled logs, whose answers caches can give. Default: 200.</summary>
    public double Tiled { get; init; } = 200;

    /// <summary>
    /// For logs of the configuration and on this machine. Default: none, and no slow start. With one, their rate is learned like
    /// any other log's.
    /// </summary>
    public double Custom { get; init; } = double.PositiveInfinity;
}

/// <summary>One pacer for each host of each operator: an operator's logs share its patience. Thread-safe.</summary>
internal sealed class Pacers(TimeProvider time, RateCeilings ceilings) : IDisposable
{
    /// <summary>Requests a second to a host that we know nothing about.</summary>
    public const double FirstRate = 8;

    private readonly Dictionary<(string Operator, string Host, bool Limited), Pacer> _pacers = [];
    private readonly Dictionary<(string Operator, string Host), LearnedRate> _learned = [];

    public Pacers(TimeProvider time) : this(time, new RateCeilings()) { }

    /// <summary>The pacer of a host. Logs that the user runs or set up, and loopback addresses, have no limit but what they refuse.</summary>
    /// <param name="isCustom">The log is from the configuration, not from a list.</param>
    public Pacer For(string operatorName, Uri url, bool isCustom, LogProtocol protocol = LogProtocol.Rfc6962)
    {
        bool limited = !isCustom && !url.IsLoopback;
        double ceiling = !limited ? ceilings.Custom : protocol == LogProtocol.StaticCt ? ceilings.Tiled : ceilings.Rfc6962;
        lock (_pacers)
        {
            if (_pacers.TryGetValue((operatorName, url.Authority, limited), out Pacer? pacer))
            {
                // One host may serve both protocols.
                pacer.RaiseCeiling(ceiling);
                return pacer;
            }

            LearnedRate? known = _learned.GetValueOrDefault((operatorName, url.Authority));
            double first = known?.PerSecond ?? (double.IsFinite(ceiling) ? FirstRate : double.PositiveInfinity);
            pacer = new Pacer(time, new HostRate(first, ceiling, known?.SlowStartOver ?? false));
            _pacers.Add((operatorName, url.Authority, limited), pacer);
            return pacer;
        }
    }

    /// <summary>Takes up what <see cref="Learned"/> gave before a restart, for hosts that were not asked since.</summary>
    public void Load(IEnumerable<LearnedRate> learned)
    {
        lock (_pacers)
            foreach (LearnedRate rate in learned)
                if (double.IsFinite(rate.PerSecond) && rate.PerSecond > 0) _learned[(rate.Operator, rate.Host)] = rate;
    }

    /// <summary>What every host has taught: this process, and those before it that it has not asked yet.</summary>
    public IReadOnlyList<LearnedRate> Learned()
    {
        lock (_pacers)
        {
            var all = new Dictionary<(string, string), LearnedRate>(_learned);
            foreach (((string operatorName, string host, _), Pacer pacer) in _pacers)
                if (pacer.Rate is var (perSecond, over) && double.IsFinite(perSecond))
                    all[(operatorName, host)] = new LearnedRate(operatorName, host, perSecond, over);
            return [.. all.Values];
        }
    }

    public void Dispose()
    {
        lock (_pacers)
            foreach (Pacer pacer in _pacers.Values) pacer.Dispose();
    }
}
