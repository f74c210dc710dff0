using System.Text.Json;
using CertHerald.Storage;
using CertHerald.Transparency.Entries;

namespace CertHerald.Following;

/// <summary>
/// Whether the entries of a static-ct log bear the index of their place, as each must, once (ct.md 5.5). Pure; a batch in
/// order allocates nothing.
/// </summary>
internal static class LeafIndexCheck
{
    /// <summary>What to report of a batch; null if there is nothing, or its protocol has no such index.</summary>
    /// <param name="isArchived">Entries without an index are as they should be.</param>
    public static IncidentReport? Report(RawBatch batch, bool isArchived)
    {
        if (batch.Form != ExtraDataForm.StaticCt) return null;

        int wrong = 0, first = 0, last = 0;
        for (int place = 0; place < batch.Count; place++)
        {
            // What cannot be taken apart has its own incident.
            if (LogEntry.Read(batch[place], out LogEntry entry) != EntryFailure.None || entry.LeafIndex == batch[place].Index.Value
                || (isArchived && entry.LeafIndex is null)) continue;
            if (wrong++ == 0) first = place;
            last = place;
        }
        return wrong == 0 ? null : IncidentReport.Of(
            IncidentKinds.LeafIndex, "", $"{Describe(batch, first)}{(wrong == 1 ? "" : $"; {wrong - 1} more such entries up to {batch[last].Index}")}",
            JsonSerializer.Serialize(new { entries = wrong, first = Case(batch, first), last = Case(batch, last) }));
    }

    private static string Describe(RawBatch batch, int place) => IndexOf(batch, place) is { } index
        ? $"index {index} at position {batch[place].Index}"
        : $"no index, or more than one, at position {batch[place].Index}";

    private static object Case(RawBatch batch, int place) => new
    {
        position = batch[place].Index.Value,
        index = IndexOf(batch, place),
        leaf_hash = batch.LeafHashes()[place].ToBase64(),
        leaf_input = Convert.ToBase64String(batch[place].LeafInput[..Math.Min(batch[place].LeafInput.Length, 4096)]),
    };

    private static ulong? IndexOf(RawBatch batch, int place)
    {
        LogEntry.Read(batch[place], out LogEntry entry);
        return entry.LeafIndex;
    }
}
