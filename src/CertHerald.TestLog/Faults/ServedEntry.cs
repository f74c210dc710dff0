using System.Text.Json.Nodes;
using CertHerald.TestLog.Serving;
using CertHerald.TestLog.Storage;

namespace CertHerald.TestLog.Faults;

/// <summary>An entry on its way out, which a fault may change.</summary>
/// <param name="leafInput">As hashed, version and leaf type included.</param>
/// <param name="rest">In get-entries its extra_data; in a data tile what follows the leaf.</param>
internal sealed class ServedEntry(ulong index, byte[] leafInput, byte[] rest)
{
    public ulong Index { get; } = index;

    public byte[] LeafInput { get; set; } = leafInput;

    public byte[] Rest { get; set; } = rest;

    public static List<ServedEntry> Read(LogView view, Calls call, ulong first, int count)
    {
        List<ServedEntry> entries = call == Calls.Data ? ReadTile(view.Log, first, count) : ReadPage(view.Log, first, count);
        foreach (ServedEntry entry in entries)
            if (view.Other is { } other && other.Index == entry.Index) entry.LeafInput = other.LeafInput.ToArray();
        return entries;
    }

    public static Answer Write(Calls call, List<ServedEntry> entries, Answer like)
    {
        if (call == Calls.Data)
            return Answer.Bytes(200, like.ContentType, entries.SelectMany(entry => entry.LeafInput[2..].Concat(entry.Rest)).ToArray()) with
            {
                CacheControl = like.CacheControl,
            };
        IEnumerable<JsonNode> rows = entries.Select(entry => new JsonObject
        {
            ["leaf_input"] = Convert.ToBase64String(entry.LeafInput),
            ["extra_data"] = Convert.ToBase64String(entry.Rest),
        });
        return Answer.Json(new JsonObject { ["entries"] = new JsonArray([.. rows]) });
    }

    public static List<ServedEntry> ReadPage(Log log, ulong first, int count)
    {
        List<ServedEntry> entries = [];
        using EntryPage page = log.ReadPage(first, count);
        while (page.MoveNext()) entries.Add(new ServedEntry(first++, page.LeafInput.ToArray(), page.ExtraData.ToArray()));
        return entries;
    }

    private static List<ServedEntry> ReadTile(Log log, ulong first, int count)
    {
        List<ServedEntry> entries = [];
        for (ulong index = first; index < first + (ulong)count; index++)
        {
            (long from, long to) = log.FindTile(index, 1);
            byte[] tileLeaf = new byte[to - from];
            log.ReadTileBytes(from, tileLeaf);
            if (!LeafFormat.TryMeasure(tileLeaf, out int leaf, out _)) leaf = tileLeaf.Length;
            entries.Add(new ServedEntry(index, [0, 0, .. tileLeaf.AsSpan(0, leaf)], tileLeaf[leaf..]));
        }
        return entries;
    }
}
