using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>Follows one log. It fails by throwing: <see cref="LogFleet"/> starts it again from what the store holds.</summary>
internal sealed class LogFollower(
    FollowedLog followed, LogReader reader, LogStart start, Inspector inspector, Decider decider, IStore store, OwedBell bell, TimeProvider time)
    : IDisposable
{
    /// <summary>How long an alert waits for an issuer certificate that it would like to show.</summary>
    private static readonly TimeSpan IssuerPatience = TimeSpan.FromSeconds(5);

    private readonly HeadPace _pace = new(followed.Log.Protocol, followed.Chosen.HeadInterval);

    private LogDescription Log => followed.Log;

    /// <summary>Follows the log until cancelled. This loop is the product, in order.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        LogPosition? known = await store.FindPositionAsync(Log.Id, stopping);
        VerifiedHead head = await GetHeadAsync(stopping);
        LogPosition position = known ?? LogPosition.At(await reader.StartAtAsync(start.At(head), head, stopping));
        await store.BeginLogAsync(Log, position, stopping);
        followed.StandsAt(position, head);
        MerkleHash? kept = null, disputed = null;

        while (true)
        {
            DateTimeOffset seen = time.GetUtcNow();
            // Smaller and equal ones too: one size with two roots is a fork, wherever the position is. No two sizes share a root.
            if (kept != head.Root) await store.KeepHeadAsync(Log.Id, head, stopping);
            kept = head.Root;

            // A head below the position is an older front end of the same log: wait for it to catch up.
            while (position.Read.Size < head.Size)
            {
                Batch batch = await reader.ReadAsync(position.Read, head, stopping);
                using RawBatch raw = batch.Raw;
                IReadOnlyList<Finding> findings = await CompleteAsync(inspector.Inspect(batch.Raw), stopping);
                IReadOnlyList<Decision> decisions = await DecideAsync(findings, stopping);
                CommitOutcome outcome = await store.CommitAsync(Log.Id, batch, decisions, seen, stopping);

                if (outcome.Owed > 0) bell.Ring();
                followed.Read(batch.Raw, findings, time.GetUtcNow());
                position = outcome.Position;
                if (batch is DisputedBatch)
                {
                    bool isSecond = disputed == head.Root;
                    position = await AfterDisputeAsync(position, batch.End.Size, head, isSecond, stopping);
                    disputed = isSecond ? null : head.Root;
                }
                followed.StandsAt(position, head);
            }

            followed.StandsAt(position, head);
            await Task.Delay(_pace.Next(reader.HeadFreshFor), time, stopping);
            head = await GetHeadAsync(stopping);
        }
    }

    public void Dispose() => reader.Dispose();

    private async Task<VerifiedHead> GetHeadAsync(CancellationToken stopping)
    {
        VerifiedHead head = await reader.GetHeadAsync(stopping);
        followed.Saw(head, time.GetUtcNow());
        _pace.Saw(head.Size, time.GetUtcNow());
        return head;
    }

    /// <summary>
    /// The first dispute over a head reads again from what is proven; the second stops arguing with this head: the range
    /// stays disputed under its incident, and reading goes on right behind it. No endless loop, no silence, no entry unread.
    /// </summary>
    /// <param name="end">Of the disputed batch: the head's size, but in a tiled log perhaps long before it.</param>
    private async Task<LogPosition> AfterDisputeAsync(LogPosition rewound, TreeSize end, VerifiedHead head, bool isSecond, CancellationToken stopping)
    {
        reader.Forget();
        if (!isSecond) return rewound;

        LogPosition onward = LogPosition.At(await reader.StartAtAsync(end, head, stopping));
        await store.RestartLogAsync(Log.Id, onward, stopping);
        return onward;
    }

    /// <summary>
    /// Adds what a static log keeps beside its entries: the issuer's key, and for a precertificate the check of its chain.
    /// A missing issuer delays no alert for long.
    /// </summary>
    private async Task<IReadOnlyList<Finding>> CompleteAsync(IReadOnlyList<Finding> findings, CancellationToken stopping)
    {
        if (!findings.Any(finding => finding is MatchFinding { IssuerFingerprint: not null })) return findings;

        using var patience = new CancellationTokenSource(IssuerPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        var complete = new List<Finding>(findings.Count);
        foreach (Finding finding in findings)
            complete.Add(finding is MatchFinding { IssuerFingerprint: { } fingerprint } match
                ? await CompleteAsync(match, fingerprint, either.Token, stopping)
                : finding);
        return complete;
    }

    private async Task<MatchFinding> CompleteAsync(MatchFinding match, MerkleHash fingerprint, CancellationToken patience, CancellationToken stopping)
    {
        byte[]? issuer = await FindIssuerAsync(fingerprint, patience, stopping);
        bool isReissued = match.Certificate.IsPrecertificate && issuer is not null && CertificateReading.SignsPrecertificates(issuer);
        byte[]? next = isReissued && match.NextFingerprint is { } above ? await FindIssuerAsync(above, patience, stopping) : null;
        return match.WithIssuer(issuer, next);
    }

    private async Task<byte[]?> FindIssuerAsync(MerkleHash fingerprint, CancellationToken patience, CancellationToken stopping)
    {
        try
        {
            return await reader.GetIssuerAsync(fingerprint, patience);
        }
        catch (Exception failure) when (failure is LogUnavailableException || (failure is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            // The alert goes out without the issuer's key; a later sighting of the issuance adds it.
            return null;
        }
    }

    private async Task<IReadOnlyList<Decision>> DecideAsync(IReadOnlyList<Finding> findings, CancellationToken stopping)
    {
        if (findings.Count == 0) return [];

        var below = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (MatchFinding match in findings.OfType<MatchFinding>())
            foreach (string parent in WatchedEndpoints.ParentsAsked(match.Matches))
                if (!below.ContainsKey(parent))
                    below.Add(parent, await store.EndpointsBelowAsync(parent, stopping));
        return [.. findings.Select(finding => decider.Decide(finding, parent => below.GetValueOrDefault(parent, [])))];
    }
}
