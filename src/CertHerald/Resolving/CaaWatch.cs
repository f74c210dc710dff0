using System.Diagnostics.Metrics;
using System.Net;
using CertHerald.Deciding;
using CertHerald.Names;
using CertHerald.Storage;

namespace CertHerald.Resolving;

/// <summary>
/// Looks at the CAA records of what is watched, has every change told, and lets those authorise that somebody has heard of: exactly
/// as they were told, and only while the last look-up found the same.
/// </summary>
internal sealed partial class CaaWatch : StoreWatch
{
    /// <summary>How often it asks whether something was heard, or is due.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(10);

    /// <summary>Most names that are looked up.</summary>
    public const int MostNames = 2_000;

    /// <summary>Intervals after which an old look counts no more: looks may fail for a while, or not be made.</summary>
    private const int FreshFor = 3;

    private const int AtOnce = 8;

    /// <summary>Most that one look at everything takes. What is not answered by then has failed.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromMinutes(5);

    private readonly ICaaSets _store;
    private readonly Watched _watched;
    private readonly Func<IReadOnlyList<string>> _channels;
    private readonly Action _ring;
    private readonly ILogger<CaaWatch> _logger;
    private readonly Counter<long> _lookups;
    private string _trusted = "";
    private int _failed;

    /// <param name="channels">Names of the operator channels, as configured now.</param>
    /// <param name="ring">Called when something is owed.</param>
    public CaaWatch(ICaaSets store, Watched watched, Func<IReadOnlyList<string>> channels, Action ring, TimeProvider time, Meter meter, ILogger<CaaWatch> logger)
        : base(Tick, time)
    {
        (_store, _watched, _channels, _ring, _logger) = (store, watched, channels, ring, logger);
        _lookups = meter.CreateCounter<long>("certherald_caa_lookups_total", description: "Look-ups of the CAA records that are relevant for a name, by outcome.");
    }

    /// <summary>One round: looks if it is time to and no other node does, and puts in force what may authorise now.</summary>
    public async Task LookAsync(CancellationToken stopping)
    {
        if (_watched.KnownConfigured.CaaUse is not { } use)
        {
            Trust([]);
            return;
        }
        IReadOnlyList<StoredCaa> sets = await _store.CaaSetsAsync(stopping);
        IReadOnlyList<string> names = await NamesAsync(stopping);
        // Asked again once it is this node's: the one that had it may have looked meanwhile.
        if (Due(sets, names, use) is not null && await _store.TakeCaaAsync(Time.GetUtcNow() + LongestLook + Tick, stopping)
            && Due(await _store.CaaSetsAsync(stopping), names, use) is { } due)
        {
            int owed = await _store.KeepCaaAsync(await LookAsync(due, use, stopping), isWhole: due.Count == names.Count, _channels(), stopping);
            if (owed > 0) _ring();
            sets = await _store.CaaSetsAsync(stopping);
        }
        Trust(sets.Where(set => set.IsTrusted && Time.GetUtcNow() - set.Looked < use.Interval * FreshFor));
    }

    protected override Task RoundAsync(CancellationToken stopping) => LookAsync(stopping);

    protected override void Tell(StoreException failure)
    {
        // What cannot be read cannot be trusted.
        Trust([]);
        NotKept(failure.Message);
    }

    /// <summary>All names once an interval; and soon, those that were never looked up. Null: nothing.</summary>
    private IReadOnlyList<string>? Due(IReadOnlyList<StoredCaa> sets, IReadOnlyList<string> names, CaaUse use)
    {
        DateTimeOffset now = Time.GetUtcNow();
        if (sets.Count == 0) return names.Count > 0 ? names : null;
        if (now - sets.Min(set => set.Looked) >= use.Interval) return names;
        return now - sets.Max(set => set.Looked) >= CaaUse.LeastInterval && names.Except(sets.Select(set => set.Name), StringComparer.Ordinal).ToList() is { Count: > 0 } unseen ? unseen : null;
    }

    /// <summary>
    /// Watched names, what a wildcard would have to be issued for to cover them, and the names that certificates have shown: newest
    /// first, since a watched tree can hold any number.
    /// </summary>
    private async Task<IReadOnlyList<string>> NamesAsync(CancellationToken stopping)
    {
        IEnumerable<string> watched = _watched.Own.Items.Take(MostNames).Select(item => item.Text).Where(text => text.Length > 1 && !IPAddress.TryParse(text, out _))
            .SelectMany(text => text.StartsWith('.') ? [text[1..]] : CertificateName.ParentOf(text) is { } parent && parent.Contains('.', StringComparison.Ordinal) ? [text, parent] : (string[])[text]);
        IEnumerable<string> shown = (await _store.NewestEndpointsAsync(MostNames, stopping)).Select(name => CertificateName.Of(new Identifier(IdentifierKind.Dns, name))?.Host).OfType<string>()
            .Where(name => !IPAddress.TryParse(name, out _));
        return [.. watched.Concat(shown).Distinct(StringComparer.Ordinal).Take(MostNames).Order(StringComparer.Ordinal)];
    }

    private async Task<IReadOnlyList<CaaLook>> LookAsync(IReadOnlyList<string> names, CaaUse use, CancellationToken stopping)
    {
        var client = new DnsClient(() => use.Servers.Count > 0 ? use.Servers : NameServers.OfSystem(), Time);
        var lookup = new CaaLookup(client.AskAsync);
        var looks = new CaaLook[names.Count];
        using var limit = new CancellationTokenSource(use.Interval < LongestLook ? use.Interval : LongestLook, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        await Parallel.ForEachAsync(Enumerable.Range(0, names.Count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stopping }, async (at, _) =>
        {
            (CaaSet? set, string problem) = await FindAsync(lookup, names[at], either.Token, stopping);
            looks[at] = new CaaLook(names[at], set, problem);
            _lookups.Add(1, new KeyValuePair<string, object?>("outcome", set is null ? "failed" : set.Records.Count > 0 ? "found" : "absent"));
        });
        Tell(looks);
        return looks;
    }

    private static async Task<(CaaSet? Set, string Problem)> FindAsync(CaaLookup lookup, string name, CancellationToken either, CancellationToken stopping)
    {
        try
        {
            return await lookup.FindAsync(name, either);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return (null, "the look at all names took too long");
        }
    }

    /// <summary>In the log once, and once more when it is over.</summary>
    private void Tell(CaaLook[] looks)
    {
        int failed = looks.Count(look => look.Found is null);
        if (failed > 0 && _failed == 0) Failed(failed, looks.Length, looks.First(look => look.Found is null).Problem);
        if (failed == 0 && _failed > 0) Recovered();
        _failed = failed;
    }

    private void Trust(IEnumerable<StoredCaa> sets)
    {
        StoredCaa[] trusted = [.. sets];
        string now = string.Join('\n', trusted.Select(set => $"{set.Name}\n{set.Found!.ToText()}"));
        if (now == _trusted) return;
        _trusted = now;
        _watched.Trust(trusted.Length == 0 ? CaaTrust.None : new CaaTrust(trusted.Select(set => KeyValuePair.Create(set.Name, set.Found!))));
        Trusted(trusted.Length);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "CAA records may authorise certificates for {Names} names")]
    private partial void Trusted(int names);

    [LoggerMessage(Level = LogLevel.Warning, Message = "CAA records of {Failed} of {Names} names could not be looked up, and authorise nothing until they are: {Problem}")]
    private partial void Failed(int failed, int names, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "CAA records of all names could be looked up again")]
    private partial void Recovered();

    [LoggerMessage(Level = LogLevel.Warning, Message = "What CAA records say could not be kept, and authorises nothing until it is: {Problem}")]
    private partial void NotKept(string problem);
}
