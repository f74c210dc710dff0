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
    private FinalTreeHead? _compared;

    /// <summary>Compares once, as soon as the log is of the final size.</summary>
    /// <param name="head">Read to its end.</param>
    public async Task CompareAsync(VerifiedHead head, CancellationToken stopping)
    {
        if (followed.Log.FinalTreeHead is not { } final) return;

        if (_compared != final && head.Size >= final.Size)
        {
            // A log that proves nothing now is asked again at its next look.
            if ((head.Size == final.Size ? head.Root : await RootAtAsync(final.Size, head, stopping)) is not { } root) return;
            if (root == final.Root) await store.CloseIncidentsAsync(followed.Log.Id, IncidentKinds.InconsistentHead, SubjectOf(final), stopping);
            else await store.OpenIncidentAsync(followed.Log.Id, Incident(final, head), stopping);
            _compared = final;
        }

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
