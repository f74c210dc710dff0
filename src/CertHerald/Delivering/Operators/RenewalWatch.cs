using System.Diagnostics.Metrics;
using System.Globalization;
using CertHerald.Deciding;
using CertHerald.Following;
using CertHerald.Names;
using CertHerald.Storage;

namespace CertHerald.Delivering.Operators;

/// <summary>
/// Tells operator channels of certificates for the user's names that end soon, and that nobody has renewed. Of one name and
/// certificate once, and what is found at one look in one notice.
/// </summary>
internal sealed partial class RenewalWatch : StoreWatch
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMinutes(10);

    private const int AtOnce = 1_000;

    private readonly IWatchedNames _store;
    private readonly Watched _watched;
    private readonly IssuerDirectory _issuers;
    private readonly RenewalOptions _options;
    private readonly Func<IReadOnlyList<string>> _channels;
    private readonly Bell _bell;
    private readonly ILogger<RenewalWatch> _logger;
    private WatchedNameCounts _counts;

    /// <param name="channels">Names of the operator channels, as configured now.</param>
    public RenewalWatch(
        IWatchedNames store, Watched watched, IssuerDirectory issuers, RenewalOptions options, Func<IReadOnlyList<string>> channels, Bell bell, TimeProvider time, Meter meter, ILogger<RenewalWatch> logger)
        : base(Tick, time)
    {
        (_store, _watched, _issuers, _options, _channels, _bell, _logger) = (store, watched, issuers, options, channels, bell, logger);
        meter.CreateObservableGauge("certherald_endpoints", () => _counts.Names, description: "Names of watched domains that certificates have shown.");
        meter.CreateObservableGauge("certherald_renewals_missing", () => _counts.Missing, description: "Of them, those whose certificate ends soon without a successor in a log.");
    }

    /// <summary>One look. Rings if something is owed now.</summary>
    public async Task LookAsync(CancellationToken stopping)
    {
        DateTimeOffset now = Time.GetUtcNow();
        await InPartsAsync(most => _store.CoverNamesAsync(most, stopping), stopping);
        _counts = await _store.CountWatchedNamesAsync(now, _options.Window, stopping);
        // Whoever comes later hears of what is then: nothing is noted as told to nobody.
        if (!_options.IsTold || _channels() is not { Count: > 0 } channels) return;
        while (await _store.WatchedNamesAsync(new WatchedNameQuery(AtOnce) { Missing = new RenewalWindow(now, _options.Window, IsUntold: true) }, stopping) is { Count: > 0 } missing)
        {
            int count = 0;
            int owed = await _store.TellRenewalsAsync(missing, untold =>
            {
                // What is watched no more is noted, and not told.
                List<WatchedName> ours = [.. untold.Where(name => IsWatched(_watched.Own, name.DnsName))];
                count = ours.Count;
                return count == 0 ? null : DraftOf(ours);
            }, channels, stopping);
            if (owed == 0) continue;
            Told(count, owed);
            _bell.Ring();
        }
    }

    /// <summary>Whether a name is on a watch list, now.</summary>
    public static bool IsWatched(WatchList watch, string name)
    {
        var budget = new GlobBudget(1);
        return watch.Matches(new Identifier(System.Net.IPAddress.TryParse(name, out _) ? IdentifierKind.Ip : IdentifierKind.Dns, name), 1, ref budget, out _).Count > 0 || budget.IsSpent;
    }

    protected override Task RoundAsync(CancellationToken stopping) => LookAsync(stopping);

    protected override void Tell(StoreException failure) => NotTold(failure.Message);

    private NoticeDraft DraftOf(List<WatchedName> names) => new(
        string.Create(CultureInfo.InvariantCulture, $"renewal/{names[0].DnsName}/{names[0].Issuance}"), NoticeTypes.RenewalMissing, "",
        new RenewalFacts(
            [.. names.Take(RenewalFacts.Most).Select(name => new MissingRenewal(name.DnsName, name.MonitoredDomain, name.Issuance, name.NotAfter, _issuers.Find(name.Certificate).FriendlyName))],
            Math.Max(0, names.Count - RenewalFacts.Most)));

    [LoggerMessage(Level = LogLevel.Information, Message = "Certificates for {Names} names end soon without a successor; operator channels are owed {Owed} notices of it")]
    private partial void Told(int names, int owed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Missing renewals could not be told, and will be: {Problem}")]
    private partial void NotTold(string problem);
}
