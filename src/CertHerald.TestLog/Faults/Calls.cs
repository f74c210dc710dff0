using Microsoft.AspNetCore.Http;

namespace CertHerald.TestLog.Faults;

/// <summary>What a log is asked for, in either protocol; what a fault's <c>on=</c> names.</summary>
[Flags]
internal enum Calls
{
    None = 0,
    GetSth = 1,
    GetSthConsistency = 1 << 1,
    GetProofByHash = 1 << 2,
    GetEntryAndProof = 1 << 3,
    GetEntries = 1 << 4,
    GetRoots = 1 << 5,
    Checkpoint = 1 << 6,
    Tile = 1 << 7,
    Data = 1 << 8,
    Issuer = 1 << 9,
    LogList = 1 << 10,
    Submission = 1 << 11,

    Heads = GetSth | Checkpoint,
    Entries = GetEntries | Data,
    Proofs = GetSthConsistency | GetProofByHash | GetEntryAndProof,
    Rfc6962Reads = GetSth | Proofs | GetEntries,
    StaticCtReads = Checkpoint | Tile | Data | Issuer,

    /// <summary>What monitors ask a log.</summary>
    Reads = Rfc6962Reads | StaticCtReads,
    All = Reads | GetRoots | LogList | Submission,
}

internal static class CallNames
{
    private static readonly (string Name, Calls Calls)[] Known =
    [
        ("get-sth", Calls.GetSth), ("get-sth-consistency", Calls.GetSthConsistency), ("get-proof-by-hash", Calls.GetProofByHash),
        ("get-entry-and-proof", Calls.GetEntryAndProof), ("get-entries", Calls.GetEntries), ("get-roots", Calls.GetRoots),
        ("checkpoint", Calls.Checkpoint), ("tile", Calls.Tile), ("data", Calls.Data), ("issuer", Calls.Issuer),
        ("list", Calls.LogList), ("add", Calls.Submission), ("head", Calls.Heads), ("entries", Calls.Entries), ("proof", Calls.Proofs),
        ("rfc6962", Calls.Rfc6962Reads), ("static", Calls.StaticCtReads),
    ];

    public static IEnumerable<string> All => Known.Select(known => known.Name);

    /// <summary>Names joined by <c>+</c>; none if one of them is unknown.</summary>
    public static Calls Parse(string text)
    {
        Calls calls = Calls.None;
        foreach (string name in text.Split('+'))
        {
            Calls found = Array.Find(Known, known => known.Name == name).Calls;
            if (found == Calls.None) return Calls.None;
            calls |= found;
        }
        return calls;
    }

    /// <summary>The names within some calls, for messages.</summary>
    public static string Describe(Calls calls) =>
        string.Join(", ", Known.Where(known => (known.Calls & ~calls) == Calls.None).Select(known => known.Name));

    /// <summary>What a request is for; none if it is for no part of the log.</summary>
    public static Calls Of(PathString path)
    {
        string text = path.Value ?? "";
        if (Below(text, "/ct/v1/") is { } call) return OfRfc6962(call);
        if (Below(text, "/static/ct/v1/") is { } submission) return OfRfc6962(submission) & (Calls.Submission | Calls.GetRoots);
        if (Below(text, "/tiles/") is { } below)
            return below == "checkpoint" ? Calls.Checkpoint
                : below.StartsWith("issuer/", StringComparison.Ordinal) ? Calls.Issuer
                : below.StartsWith("tile/data/", StringComparison.Ordinal) ? Calls.Data
                : below.StartsWith("tile/", StringComparison.Ordinal) ? Calls.Tile : Calls.None;
        return text is "/log_list.json" or "/log_list.sig" ? Calls.LogList : Calls.None;
    }

    private static Calls OfRfc6962(string call) => call is "add-chain" or "add-pre-chain"
        ? Calls.Submission
        : Array.Find(Known, known => known.Name == call).Calls & (Calls.Rfc6962Reads | Calls.GetRoots);

    private static string? Below(string path, string prefix) =>
        path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : null;
}
