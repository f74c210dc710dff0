using System.Text.Json;
using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// Compares a read-only log with the last tree that its list states. The list is not the log's word: one that differs is an
/// incident to look into, and the log is read on. For one follower at a time.
/// </summary>
internal sealed class FinalHeadCheck(FollowedLog followed, LogReader reader, IStore store)
{
    private (FinalTreeHead Final, TreeSize Size, MerkleHash Root)? _compared;

    /// <summary>Compares once a head, if the log is at least of the final size by it.</summary>
    /// <param name="head">Read to its end.</param>
    public async Task CompareAsync(VerifiedHead head, CancellationToken stopping)
    {
        if (followed.Log.FinalTreeHead is not { } final || _compared == (final, head.Size, head.Root)) return;

        bool? agrees = head.Size < final.Size ? null
            : head.Size == final.Size ? head.Root == final.Root
            : await RootAtAsync(final.Size, head, stopping) is { } root ? root == final.Root : null;
        if (agrees == false) await store.OpenIncidentAsync(followed.Log.Id, Incident(final, head), stopping);
        if (agrees == true) await store.CloseIncidentsAsync(followed.Log.Id, IncidentKinds.InconsistentHead, SubjectOf(final), stopping);
        if (agrees is null && head.Size > final.Size) return;  // it proves nothing now: the next look asks again

        _compared = (final, head.Size, head.Root);
        // A front end that lags says nothing against an end that was seen, and a log that grew beyond it has not ended.
        if (head.Size == final.Size || followed.Standing.Largest is not { } largest || largest.Size != final.Size)
            followed.EndsAt(final, hasEnded: head.Size == final.Size);
    }

    private async Task<MerkleHash?> RootAtAsync(TreeSize size, VerifiedHead head, CancellationToken stopping)
    {
        try
        {
            return (await reader.StartAtAsync(size, head, stopping)).Root();
        }
        catch (LogUnavailableException)
        {
            return null;
        }
    }

    private static IncidentReport Incident(FinalTreeHead final, VerifiedHead head) => IncidentReport.Of(
        IncidentKinds.InconsistentHead, SubjectOf(final), $"the log's tree of {final.Size} entries is not the last one that the log list states",
        JsonSerializer.Serialize(new
        {
            final_size = final.Size.Value,
            final_root = final.Root.ToBase64(),
            head_size = head.Size.Value,
            head_root = head.Root.ToBase64(),
            head = Convert.ToBase64String(head.Signed.Verbatim.Span),
        }));

    private static string SubjectOf(FinalTreeHead final) => $"final {final.Size}";
}
