using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using CertHerald.TestLog.Storage;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;

namespace CertHerald.TestLog.Serving;

/// <summary>RFC 6962 §4. Only what the published head covers exists.</summary>
internal static class Rfc6962Calls
{
    private const int FlushedBytes = 64 * 1024;

    public static Answer For(string call, IQueryCollection query, LogView view) => call switch
    {
        "get-sth" => GetSth(view.Head),
        "get-sth-consistency" => GetSthConsistency(view, query),
        "get-proof-by-hash" => GetProofByHash(view, query),
        "get-entries" => GetEntries(view, query),
        "get-entry-and-proof" => GetEntryAndProof(view, query),
        "get-roots" => GetRoots(view.Log),
        _ => Answer.NotFound,
    };

    public static Answer GetRoots(Log log)
    {
        IEnumerable<JsonNode> roots = log.AcceptedRoots.Select(r => (JsonNode)Convert.ToBase64String(r));
        return Answer.Json(new JsonObject { ["certificates"] = new JsonArray([.. roots]) });
    }

    private static Answer GetSth(PublishedHead head) => Answer.Json(new JsonObject
    {
        ["tree_size"] = head.Size.Value,
        ["timestamp"] = head.Timestamp,
        ["sha256_root_hash"] = head.Root.ToBase64(),
        ["tree_head_signature"] = Convert.ToBase64String(head.Rfc6962Signature.Span),
    });

    private static Answer GetSthConsistency(LogView view, IQueryCollection query)
    {
        if (!TryRead(query, "first", out ulong first)) return Malformed("first");
        if (!TryRead(query, "second", out ulong second) || second < first || second > view.Head.Size.Value) return Malformed("second");
        return Answer.Json(new JsonObject { ["consistency"] = InBase64(view.ConsistencyProof(first, second)) });
    }

    private static Answer GetProofByHash(LogView view, IQueryCollection query)
    {
        if (!MerkleHash.TryParseBase64(query["hash"].ToString(), out MerkleHash hash)) return Malformed("hash");
        if (!TryRead(query, "tree_size", out ulong value) || value == 0 || value > view.Head.Size.Value) return Malformed("tree_size");
        var size = new TreeSize(value);
        if (view.FindLeaf(hash, size) is not { } index) return Answer.Refusal(400, "No entry of this tree has that hash.");
        return Answer.Json(new JsonObject
        {
            ["leaf_index"] = index.Value,
            ["audit_path"] = InBase64(view.InclusionProof(index.Value, value)),
        });
    }

    private static Answer GetEntryAndProof(LogView view, IQueryCollection query)
    {
        if (!TryRead(query, "tree_size", out ulong size) || size > view.Head.Size.Value) return Malformed("tree_size");
        if (!TryRead(query, "leaf_index", out ulong index) || index >= size) return Malformed("leaf_index");
        (byte[] leafInput, byte[] extraData) = view.ReadEntry(index);
        return Answer.Json(new JsonObject
        {
            ["leaf_input"] = Convert.ToBase64String(leafInput),
            ["extra_data"] = Convert.ToBase64String(extraData),
            ["audit_path"] = InBase64(view.InclusionProof(index, size)),
        });
    }

    // An end past the tree is clipped: Debian's certspotter asks so.
    private static Answer GetEntries(LogView view, IQueryCollection query)
    {
        if (!TryRead(query, "start", out ulong start)) return Malformed("start");
        if (!TryRead(query, "end", out ulong end) || end < start) return Malformed("end");
        if (start >= view.Head.Size.Value) return Answer.Refusal(400, "The tree has no such entry yet.");

        ulong last = Math.Min(end, view.Head.Size.Value - 1);
        int count = (int)Math.Min(last - start + 1, (ulong)view.Log.Options.MaxEntriesPerAnswer);
        EntryPage page = view.Log.ReadPage(start, count);
        return new Answer(200, "application/json", MeasureEntries(page), (body, cancellation) =>
            WriteEntriesAsync(body, page, cancellation))
        {
            Entries = (start, count),
        };
    }

    private static long MeasureEntries(EntryPage page)
    {
        // One comma fewer than entries.
        long length = "{\"entries\":[]}"u8.Length - 1;
        foreach ((int leafInput, int extraData) in page.Lengths())
            length += ",{\"leaf_input\":\"\",\"extra_data\":\"\"}"u8.Length + Base64Length(leafInput) + Base64Length(extraData);
        return length;
    }

    private static async ValueTask WriteEntriesAsync(PipeWriter body, EntryPage page, CancellationToken cancellation)
    {
        using EntryPage read = page;
        body.Write("{\"entries\":["u8);
        int unflushed = 0;
        for (bool first = true; page.MoveNext(); first = false)
        {
            body.Write(first ? "{\"leaf_input\":\""u8 : ",{\"leaf_input\":\""u8);
            WriteBase64(body, page.LeafInput.Span);
            body.Write("\",\"extra_data\":\""u8);
            WriteBase64(body, page.ExtraData.Span);
            body.Write("\"}"u8);

            unflushed += page.LeafInput.Length + page.ExtraData.Length;
            if (unflushed < FlushedBytes) continue;
            await body.FlushAsync(cancellation);
            unflushed = 0;
        }
        body.Write("]}"u8);
        await body.FlushAsync(cancellation);
    }

    // Fills whatever room the pipe has: short of room, the encoder stops after a multiple of three bytes.
    private static void WriteBase64(PipeWriter body, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            Base64.EncodeToUtf8(bytes, body.GetSpan(4), out int read, out int written);
            body.Advance(written);
            bytes = bytes[read..];
        }
    }

    private static int Base64Length(int bytes) => (bytes + 2) / 3 * 4;

    private static JsonArray InBase64(IReadOnlyList<MerkleHash> hashes) => new([.. hashes.Select(h => (JsonNode)h.ToBase64())]);

    private static bool TryRead(IQueryCollection query, string name, out ulong value) =>
        ulong.TryParse(query[name].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static Answer Malformed(string parameter) => Answer.Refusal(400, $"Missing or invalid \"{parameter}\" parameter.");
}
