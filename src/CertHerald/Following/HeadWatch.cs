using System.Text.Json;
using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.Heads;

namespace CertHerald.Following;

/// <summary>
/// Judges the heads that a log offers, and those that are refused: signature, age, and whether a smaller one belongs to the
/// tree that was proven (ct.md section 10). What it remembers is kept with the log: followers start again.
/// </summary>
internal sealed class HeadWatch(FollowedLog followed, LogReader reader, IStore store, TimeProvider time)
{
    /// <summary>Refused heads in a row: one alone may have been damaged on its way.</summary>
    private const int MostRefused = 3;

    /// <summary>How much older than its maximum merge delay a head may be.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);

    /// <summary>How much older it must be to be an error.</summary>
    private static readonly TimeSpan VeryStale = TimeSpan.FromHours(24);

    /// <summary>How far ahead of our clock a head may be signed.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(60);

    /// <summary>A foreign name is counted this often: it stands in every head.</summary>
    private static readonly TimeSpan NameInterval = TimeSpan.FromHours(1);

    private HeadMemory Memory => followed.Heads;

    private StandingIncidents Incidents => followed.Incidents;

    /// <summary>A head bears the log's signature.</summary>
    public async Task SawAsync(VerifiedHead head, CancellationToken stopping)
    {
        Memory.Refused = 0;
        await Incidents.CloseAsync(store, IncidentKinds.BadSignature, stopping);
        await Incidents.CloseAsync(store, IncidentKinds.Unreachable, stopping);

        DateTimeOffset now = time.GetUtcNow(), signed = LogTime.Of(head.Timestamp);
        if (signed - now > Ahead)
        {
            await Incidents.OpenAsync(store, Severity.Warning, IncidentKinds.FutureHead,
                () => ($"the log signed a head for {Text(signed)}, {(signed - now).TotalSeconds:0} s ahead of our clock", Evidence(head, now)), stopping);
        }
        else
        {
            await Incidents.CloseAsync(store, IncidentKinds.FutureHead, stopping);
            // Front ends lag: the newest one counts.
            if (Memory.Newest is not { } newest || signed > newest) Memory.Newest = signed;
        }

        await JudgeAgeAsync(head, now, stopping);
        await JudgeNameAsync(head, now, stopping);
        await CompareSmallerAsync(head, stopping);
    }

    /// <summary>The log offered what it did not sign. The old head stands, and grows older.</summary>
    public async Task RefusedAsync(HeadRefusedException refused, CancellationToken stopping)
    {
        DateTimeOffset now = time.GetUtcNow();
        await JudgeAgeAsync(followed.Standing.Head, now, stopping);
        // A garbled answer is no signature that fails.
        if (refused.Failure == HeadFailure.Malformed || ++Memory.Refused < MostRefused) return;

        await Incidents.OpenAsync(store, Severity.Error, IncidentKinds.BadSignature, () => (
            $"{MostRefused} heads in a row do not bear the log's signature; "
            + (followed.Standing.Largest is { } old ? $"the old one of {old.Size} entries stands" : "there is no earlier one"),
            JsonSerializer.Serialize(new
            {
                refused = Convert.ToBase64String(refused.Verbatim.Span),
                failure = refused.Failure.ToString(),
                key = Convert.ToBase64String(followed.Log.Key.Spki.Span),
                standing_head = followed.Standing.Largest is { } head ? Convert.ToBase64String(head.Signed.Verbatim.Span) : null,
            })), stopping);
    }

    /// <summary>An unchanged head is as old as it says, however often it is served. A log that is finished signs no more.</summary>
    private async Task JudgeAgeAsync(VerifiedHead? head, DateTimeOffset now, CancellationToken stopping)
    {
        if (Memory.Newest is not { } newest) return;

        TimeSpan beyond = now - newest - followed.Log.Mmd;
        if (followed.Stage == LogStage.Finished || beyond <= Grace)
            await Incidents.CloseAsync(store, IncidentKinds.StaleHead, stopping);
        else
            await Incidents.OpenAsync(store, beyond >= VeryStale ? Severity.Error : Severity.Warning, IncidentKinds.StaleHead,
                () => ($"the log's newest head was signed at {Text(newest)}; it promised a new one every {followed.Log.Mmd.TotalHours:0.#} h", Evidence(head, now)), stopping);
    }

    private async Task JudgeNameAsync(VerifiedHead head, DateTimeOffset now, CancellationToken stopping)
    {
        if (reader.ForeignOrigin is not { } found || (found == Memory.Name && now - Memory.NameCounted < NameInterval)) return;

        (Memory.Name, Memory.NameCounted) = (found, now);
        await store.OpenIncidentAsync(followed.Log, IncidentReport.Of(
            IncidentKinds.OriginMismatch, "", $"the log {followed.Log.Origin} calls itself {LogHttp.Excerpt(System.Text.Encoding.UTF8.GetBytes(found))}; its key signed, so its heads stand",
            JsonSerializer.Serialize(new { expected = followed.Log.Origin, found, head = Convert.ToBase64String(head.Signed.Verbatim.Span) })), stopping);
    }

    /// <summary>
    /// A head below what is proven comes from a front end that lags, if it is of the same tree (ct.md 9.5). Whether it is, the
    /// proven head says, and each head is compared once.
    /// </summary>
    private async Task CompareSmallerAsync(VerifiedHead head, CancellationToken stopping)
    {
        if (followed.Standing.Lanes is not [.., { } tip] || head.Size >= tip.Position.Proven.Size || head.Size.Value == 0 || Memory.Compared == head.Root) return;
        if (await FindProvenAsync(tip, head, stopping) is not { } proven || await reader.ContainsAsync(head.Size, head.Root, proven, stopping) is not { } isContained) return;

        Memory.Compared = head.Root;
        if (isContained) return;
        await store.OpenIncidentAsync(followed.Log.Id, IncidentReport.Of(
            IncidentKinds.InconsistentHead, head.Size.ToString(),
            $"the log signed a tree of {head.Size} entries that is not the beginning of its tree of {proven.Size} entries, which was proven before",
            JsonSerializer.Serialize(new
            {
                head = Convert.ToBase64String(head.Signed.Verbatim.Span),
                proven_head = Convert.ToBase64String(proven.Signed.Verbatim.Span),
                key = Convert.ToBase64String(followed.Log.Key.Spki.Span),
            })), stopping);
    }

    private async Task<VerifiedHead?> FindProvenAsync(LogLane tip, VerifiedHead head, CancellationToken stopping)
    {
        if (followed.Standing.Largest is { } largest && largest.Size == tip.Position.Proven.Size && largest.Root == tip.Position.Proven.Root()) return largest;
        return await store.FindProvenHeadAsync(followed.Log.Id, stopping) is { } stored && stored.Size > head.Size ? reader.ReadHead(stored.Verbatim) : null;
    }

    private static string Evidence(VerifiedHead? head, DateTimeOffset now) => JsonSerializer.Serialize(new
    {
        head = head is null ? null : Convert.ToBase64String(head.Signed.Verbatim.Span),
        our_clock = now,
    });

    private static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>What is remembered of a log's heads between two followers of it. Used by one at a time.</summary>
internal sealed class HeadMemory
{
    /// <summary>Refused in a row.</summary>
    public int Refused { get; set; }

    /// <summary>When the newest head was signed, by the log's clock; those far ahead of ours do not count.</summary>
    public DateTimeOffset? Newest { get; set; }

    /// <summary>The root of the smaller head that was compared last.</summary>
    public Transparency.Merkle.MerkleHash? Compared { get; set; }

    /// <summary>What the log called itself, where that is not its name.</summary>
    public string? Name { get; set; }

    public DateTimeOffset NameCounted { get; set; }
}
