using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Resolving;

/// <summary>
/// Asks CAs' revocation lists for the certificates that were found, until they expire: each list once for all of them. Of the
/// processes on one database, one asks.
/// </summary>
internal sealed partial class RevocationWatch : StoreWatch
{
    /// <summary>How often it asks whether a list is due.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMinutes(1);

    /// <summary>After a look that came to nothing; twice as long after each further one, up to <see cref="LongestPause"/>.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(15);

    public static readonly TimeSpan LongestPause = TimeSpan.FromHours(24);

    /// <summary>How often certificates are counted while nothing is new.</summary>
    private static readonly TimeSpan CountInterval = TimeSpan.FromMinutes(10);

    /// <summary>Lists that are asked for at the same time: each may be large.</summary>
    private const int AtOnce = 2;

    /// <summary>Lists that are looked for at a time.</summary>
    private const int PerRound = 50;

    /// <summary>Added to each time between two looks, at most: so that not everybody comes at once.</summary>
    private const double Jitter = 0.1;

    private readonly IStore _store;
    private readonly CrlClient _client;
    private readonly RevocationOptions _options;
    private readonly ILogger<RevocationWatch> _logger;
    private readonly Counter<long> _fetches, _bytes;
    private RevocationCounts _counts;
    private long? _counted;

    /// <param name="http">For addresses that strangers have written: guarded, without redirects.</param>
    public RevocationWatch(IStore store, HttpClient http, RevocationOptions options, TimeProvider time, Meter meter, ILogger<RevocationWatch> logger) : base(Tick, time)
    {
        (_store, _client, _options, _logger) = (store, new CrlClient(http, options, time), options, logger);
        _fetches = meter.CreateCounter<long>("certherald_crl_fetches_total", description: "Requests for revocation lists of CAs, by outcome.");
        _bytes = meter.CreateCounter<long>("certherald_crl_bytes_total", "By", "Bytes of revocation lists that were read.");
        meter.CreateObservableGauge("certherald_crl_certificates", () => (Measurement<long>[])
        [
            new(_counts.Checked - _counts.Revoked, Of("good")), new(_counts.Revoked, Of("revoked")), new(_counts.Unchecked, Of("unchecked")),
        ], description: "Certificates that have not expired, by what revocation lists say of them.");
        meter.CreateObservableGauge("certherald_crl_failing", () => _counts.Failing, description: "Revocation lists that could not be had or believed at the last look.");

        static KeyValuePair<string, object?> Of(string state) => new("state", state);
    }

    /// <summary>One round: reads where new certificates are listed, and asks for what is due.</summary>
    public async Task LookAsync(CancellationToken stopping)
    {
        if (!_options.IsEnabled) return;
        bool isNew = false;
        if (await TakeAsync(stopping))
        {
            isNew = await InPartsAsync(async most => await ReadPointsAsync(most, stopping), stopping) > 0;
            // Not when it has become another's meanwhile: they would be asked for twice.
            while (await TakeAsync(stopping) && await _store.DueCrlsAsync(Time.GetUtcNow(), PerRound, stopping) is { Count: > 0 } due)
            {
                isNew = true;
                await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stopping }, async (crl, _) =>
                {
                    if (await TakeAsync(stopping)) await AskAsync(crl, stopping);
                });
            }
        }
        // Over all certificates: not every minute.
        if (!isNew && _counted is { } counted && Time.GetElapsedTime(counted) < CountInterval) return;
        _counted = Time.GetTimestamp();
        _counts = await _store.CountRevocationsAsync(Time.GetUtcNow(), stopping);
    }

    protected override Task RoundAsync(CancellationToken stopping) => LookAsync(stopping);

    protected override void Tell(StoreException failure) => NotKept(failure.Message);

    /// <summary>For as long as a list may take.</summary>
    private Task<bool> TakeAsync(CancellationToken stopping) => _store.TakeCrlsAsync(Time.GetUtcNow() + _options.Timeout * RevocationPoints.MostUris + Tick, stopping);

    private async Task<int> ReadPointsAsync(int most, CancellationToken stopping)
    {
        IReadOnlyList<StoredCertificate> unread = await _store.UnreadPointsAsync(most, stopping);
        if (unread.Count == 0) return 0;
        IReadOnlyDictionary<string, byte[]> keys = await _store.IssuerKeysAsync(
            [.. unread.Select(one => one.Certificate.IssuerPubkeySha256).OfType<string>().Distinct(StringComparer.Ordinal)], stopping);
        return await _store.KeepPointsAsync(
            [.. unread.Select(one => RevocationPoints.Of(one, keys.GetValueOrDefault(one.Certificate.IssuerPubkeySha256 ?? "")))], RevocationOptions.LeastInterval, stopping);
    }

    private async Task AskAsync(StoredCrl crl, CancellationToken stopping)
    {
        DateTimeOffset now = Time.GetUtcNow();
        IReadOnlyList<CrlSubject> subjects = await _store.CrlSubjectsAsync(crl.Id, now, stopping);
        CrlVerdict verdict;
        try
        {
            verdict = await VerdictAsync(crl, subjects, now, stopping);
        }
        // What strangers wrote led to it: that list rests, and the others are asked for.
        catch (Exception failure) when (failure is not StoreException && !stopping.IsCancellationRequested)
        {
            verdict = Nothing($"it cannot be judged: {failure.Message}");
        }
        foreach (CrlFinding[] some in verdict.Changes.Chunk(200)) await _store.KeepFindingsAsync(some, now, stopping);
        TimeSpan rest = verdict.ThisUpdate is null ? Pause(crl.Failures) : Until(verdict.NextUpdate, now);
        bool isKept = await _store.KeepCrlAsync(new CrlLook(crl.Id, now, now + rest + rest * (Jitter * RandomNumberGenerator.GetInt32(1_000) / 1_000.0), verdict.ThisUpdate, verdict.Problem), stopping);
        if (!isKept) return;

        string list = Visible.Of(crl.Address.Uris[0]);
        foreach (CrlFinding change in verdict.Changes)
            if (change.IsRevoked) Revoked(change.Issuance, change.Reason ?? 0, list);
            else Released(change.Issuance, list);
        string problem = Visible.Of(verdict.Problem);
        if (verdict.ThisUpdate is null && crl.Failures == 0) Failed(list, subjects.Count, problem);
        if (verdict.ThisUpdate is not null && crl.Failures > 0) Recovered(list);
    }

    /// <summary>That of the first address that gives a list which can be believed.</summary>
    private async Task<CrlVerdict> VerdictAsync(StoredCrl crl, IReadOnlyList<CrlSubject> subjects, DateTimeOffset now, CancellationToken stopping)
    {
        string key = crl.Address.IssuerKey;
        if (!(await _store.IssuerKeysAsync([key], stopping)).TryGetValue(key, out byte[]? spki)) return Nothing("no log has shown the issuer's key: its list could be anybody's");

        CrlVerdict? best = null;
        foreach (string uri in crl.Address.Uris)
        {
            CrlVerdict verdict = await VerdictAsync(new Uri(uri), crl, spki, subjects, now, stopping);
            if (verdict.ThisUpdate is not null) return verdict;
            if (best is null || verdict.Changes.Count > best.Changes.Count) best = verdict;
        }
        return best ?? Nothing("it has no address");
    }

    private async Task<CrlVerdict> VerdictAsync(Uri address, StoredCrl crl, byte[] spki, IReadOnlyList<CrlSubject> subjects, DateTimeOffset now, CancellationToken stopping)
    {
        try
        {
            ReadOnlyMemory<byte> der = await _client.GetAsync(address, stopping);
            _bytes.Add(der.Length);
            CrlVerdict verdict = CrlVerdict.Of(der.Span, crl, spki, subjects, now);
            Count(verdict.ThisUpdate is null ? "unusable" : "ok");
            return verdict.Problem.Length == 0 ? verdict : verdict with { Problem = $"{address}: {verdict.Problem}" };
        }
        catch (CrlUnusableException failure)
        {
            Count(failure.Outcome);
            return Nothing(failure.Message);
        }
    }

    private static CrlVerdict Nothing(string problem) => new(problem, null, null, []);

    private static TimeSpan Pause(int failures) => FirstPause * Math.Pow(2, failures) is var pause && failures < 20 && pause < LongestPause ? pause : LongestPause;

    private TimeSpan Until(DateTimeOffset? nextUpdate, DateTimeOffset now)
    {
        TimeSpan left = (nextUpdate ?? DateTimeOffset.MaxValue) - now;
        return left > _options.Interval ? _options.Interval : left < RevocationOptions.LeastInterval ? RevocationOptions.LeastInterval : left;
    }

    private void Count(string outcome) => _fetches.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Issuance {Issuance} is revoked, for reason {Reason}: {List} says so")]
    private partial void Revoked(long issuance, int reason, string list);

    [LoggerMessage(Level = LogLevel.Information, Message = "Issuance {Issuance} is not on hold any more: {List} says so")]
    private partial void Released(long issuance, string list);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Revocation list {List} cannot be used, and is asked for again: whether {Certificates} certificates are revoked is not known. {Problem}")]
    private partial void Failed(string list, int certificates, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Revocation list {List} can be used again")]
    private partial void Recovered(string list);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What revocation lists say could not be kept, and will be: {Problem}")]
    private partial void NotKept(string problem);
}
