namespace CertHerald.TestLog.Faults;

/// <summary>A fault there is. The names are those of the specification.</summary>
/// <param name="Arguments">What stands behind the equals sign, for people.</param>
/// <param name="Make">The fault at work; null if it does not take this argument. Empty: none was given.</param>
/// <param name="Possible">The calls that it can concern.</param>
internal sealed record FaultKind(string Name, string Arguments, string Meaning, Calls Possible, Func<string, ActiveFault?> Make)
{
    /// <summary>Those it concerns if nobody says which.</summary>
    public Calls Usually { get; init; } = Possible;

    /// <summary>Whether it concerns single entries, so that <c>at=</c> has a meaning.</summary>
    public bool KnowsEntries { get; init; }

    /// <summary>Whether it is of what is added, not of what is answered.</summary>
    public bool Shapes { get; init; }

    /// <summary>Every fault. Adding one means adding a member here, and its arm.</summary>
    public static IReadOnlyList<FaultKind> All { get; } =
    [
        new("page", "the most entries of an answer, or random", "answers are short", Calls.GetEntries, PageFault.Of),
        new("align", "a number (1000)", "answers end at multiples of it", Calls.GetEntries, AlignFault.Of),
        new("count", "none or more", "no entries, or one more than asked for", Calls.GetEntries, CountFault.Of),
        new("end", "strict", "400 if the last entry asked for is beyond the head", Calls.GetEntries, StrictEndFault.Of),
        new("retry-after", "seconds (2), 1.5, gmt, utc, past, year, garbage or none", "429 with Retry-After in that form", Calls.All, RetryAfterFault.Of) { Usually = Calls.Reads },
        new("body", "a status from 400 on, html, empty or cut", "an answer of no use", Calls.All, BodyFault.Of) { Usually = Calls.Reads },
        new("slow", "headers, body, stall or reset", "no headers; a byte a second; half a body; half a body and a reset", Calls.All, SlowFault.Of) { Usually = Calls.Reads },
        new("bomb", "body, length or gzip", "1 GB: in pieces, declared, or of zeros in gzip", Calls.All, BombFault.Of) { Usually = Calls.Reads },
        new("json", "slash, members or deep", "\\/ in base64; unknown members; one 10,000 deep", Calls.Rfc6962Reads, JsonFault.Of),
        new("head", "older, resign, fork, rewrite, badsig, badsig-key, badsig-codes, badsig-tail, stale or future", "another head", Calls.Heads, HeadFault.Of),
        new("flip", "an index or a range (the first entry of each answer)", "a served leaf differs from the hashed one", Calls.Entries, FlipFault.Of) { KnowsEntries = true },
        new("missing", "an index or a range, and perhaps a status as in 100-200:503", "500, or that, where these entries are asked for; answers end before them", Calls.Entries | Calls.GetEntryAndProof, MissingFault.Of),
        new("dup", "nothing", "the next added entry (or those of at=) stands twice in the tree", Calls.None, DuplicateFault.Of) { KnowsEntries = true, Shapes = true },
        new("entry", "type, version, cut, tail or big", "an unreadable entry before the next added one (or those of at=); big: 16 MB", Calls.None, OddEntryFault.Of) { KnowsEntries = true, Shapes = true },
        new("extra", "foreign, none or disordered", "added entries have another's precertificate, no chain, or one out of order", Calls.None, ExtraDataFault.Of) { KnowsEntries = true, Shapes = true },
        new("preca", "nothing", "added precertificates come from a precertificate signing certificate", Calls.None, SigningCertificateFault.Of) { KnowsEntries = true, Shapes = true },
        new("time", "the most hours back (the merge delay)", "timestamps of added entries are shuffled", Calls.None, TimestampFault.Of) { KnowsEntries = true, Shapes = true },
        new("no", "calls joined by +", "404 with a web page: the log does not know these calls", Calls.None, NoCallFault.Of),
        new("proof", "wrong, short, long or 31", "a wrong hash, one too few, one too many, one of 31 bytes", Calls.Proofs, ProofFault.Of),
        new("size", "a number of entries", "the log shows its tree as it was, or would have been, at this size", Calls.Reads, SizeFault.Of),
        new("gzip", "unasked or never", "compressed whether asked for or not; not even if asked for", Calls.All, GzipFault.Of) { Usually = Calls.Reads },
        new("partial", "404 or 410 (404)", "there are no partial tiles", Calls.Tile | Calls.Data, PartialFault.Of),
        new("tile", "lag, len or flip", "tiles come 60 s after their head; are a byte short, a byte long, empty, in turn; have one byte changed", Calls.Tile | Calls.Data, TileFault.Of) { KnowsEntries = true },
        new("ext", "absent, wrong, second or archival", "leaf_index of added entries: another extension in its place, one too high, behind another, none at all", Calls.None, ExtensionFault.Of) { KnowsEntries = true, Shapes = true },
        new("prune", "an index", "404 for tiles and entries wholly before it", Calls.Tile | Calls.Data | Calls.GetEntries | Calls.GetEntryAndProof, PruneFault.Of),
        new("issuer", "404, wrong or slow", "issuer certificates are absent, others, or never come", Calls.Issuer, IssuerFault.Of),
        new("note", "grease, cosigned, origin, cr, line or failing", "checkpoints with lines of others, a foreign origin, CRs, an extension line, our key failing", Calls.Checkpoint, NoteFault.Of),
        new("cache", "seconds (5), or stuck", "heads pass a cache: max-age, Age, ETag, 304; stuck: 304 for ever", Calls.Reads, CacheFault.Of) { Usually = Calls.Heads },
        new("freeze", "at, below or unlike", "read-only in the list; its head is at, below or unlike the final one", Calls.Heads, FreezeFault.Of),
        new("gone", "refused, reset, 404, tls or dns", "nobody listens; connections are cut; 404 for all; expired TLS; the list names an unknown host", Calls.All, GoneFault.Of),
        new("list", "signature, version, placeholder, id, url, removed, offline, or a state as retired", "the log list is broken, or says something else of the log", Calls.LogList, LogListFault.Of),
        new("redirect", "a URL (/testlog/elsewhere)", "302 to it", Calls.All, RedirectFault.Of) { Usually = Calls.Reads },
        new("grow", "entries a second", "made-up entries are added and published every second", Calls.None, GrowFault.Of),
        new("delay", "milliseconds", "every answer is that late", Calls.All, DelayFault.Of) { Usually = Calls.Reads },
        new("rate", "requests a second, or as 8/2 with Retry-After", "429 for requests beyond it", Calls.All, RateFault.Of) { Usually = Calls.Reads },
    ];
}
