namespace CertHerald.Storage;

/// <summary>The kinds of incidents: ct.md section 10. The texts are database and configuration values: never change one.</summary>
internal static class IncidentKinds
{
    public const string Fork = "fork";
    public const string InconsistentHead = "inconsistent_head";
    public const string RootMismatch = "root_mismatch";
    public const string MissingEntry = "missing_entry";
    public const string Pruned = "pruned";
    public const string LeafIndex = "leaf_index";
    public const string BadSignature = "bad_signature";
    public const string StaleHead = "stale_head";
    public const string FutureHead = "future_head";
    public const string ChainMismatch = "chain_mismatch";
    public const string UnparsableEntry = "unparsable_entry";
    public const string OriginMismatch = "origin_mismatch";
    public const string Unreachable = "unreachable";
    public const string Throttled = "throttled";

    /// <summary>How long those that are about single events stay open after the last one.</summary>
    public static readonly TimeSpan QuietAfter = TimeSpan.FromHours(24);

    /// <summary>All, in the order of the documentation.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Fork, InconsistentHead, RootMismatch, MissingEntry, Pruned, LeafIndex, BadSignature, StaleHead, FutureHead, ChainMismatch,
        UnparsableEntry, OriginMismatch, Unreachable, Throttled,
    ];

    /// <summary>
    /// Those about single events, which have no end that could be seen: they close by themselves when no more come. Meanwhile
    /// they keep the gravest severity, and as evidence the first and the last case.
    /// </summary>
    public static IReadOnlyList<string> OfEvents { get; } = [LeafIndex, ChainMismatch, UnparsableEntry, OriginMismatch];

    /// <summary>Those that an operator of ours closes: what they say stays true for ever.</summary>
    public static IReadOnlyList<string> Lasting { get; } = [Fork, InconsistentHead];

    /// <summary>What an incident of this kind opens with; some grow worse with time.</summary>
    public static Severity SeverityOf(string kind) => kind switch
    {
        Fork or InconsistentHead => Severity.Critical,
        RootMismatch or MissingEntry or LeafIndex or BadSignature => Severity.Error,
        OriginMismatch => Severity.Info,
        _ => Severity.Warning,
    };

    /// <summary>What an operator can do about it, in a sentence or two.</summary>
    public static string AdviceFor(string kind) => kind switch
    {
        Fork => "Keep the evidence, send both heads to the log's operator and to the browsers' log programmes, and close the incident when that is done. Alerts go on.",
        InconsistentHead => "Keep the evidence: the log signed a tree that does not fit its earlier ones. Tell its operator and the browsers' log programmes, and close the incident when that is done.",
        RootMismatch => "Nothing at once: the entries are read again by themselves, and alerts go on, marked as not proven. If it stays open for hours, tell the log's operator, with the evidence.",
        MissingEntry => "Nothing at once: the entries are asked for again, for ever. If it stays open for a day, ask the log's operator why they cannot be had: a certificate may hide there.",
        Pruned => "Nothing: the log has removed its old entries. To see them, read them from a mirror of the log.",
        LeafIndex => "Tell the log's operator: certificates with such a timestamp cannot be looked up by it. Alerts go on.",
        BadSignature => "See that the log's key is the right one if you configured it yourself; else tell the log's operator. No new entry is read until a head with a valid signature comes.",
        StaleHead => "Look at the log's status page: it may be about to end, or hide entries. Certificates that are only in this log are not seen meanwhile.",
        FutureHead => "Compare this machine's clock with a time server. If it is right, the log's is wrong: tell its operator.",
        ChainMismatch => "Nothing: the leaf is what the log signed, and it is what alerts show. The log's operator may want to know of it.",
        UnparsableEntry => "Look at the entry in the console. If a watched name stands in its bytes, find out who issued it.",
        OriginMismatch => "Nothing if the log has moved. Else ask its operator: somebody may serve one log under another's name.",
        Unreachable => "See that this machine reaches the log's address. If others do not reach it either, wait: reading goes on where it stood.",
        Throttled => "Set logs.contact if it is empty, and ask the log's operator for a higher rate. Alerts from this log come late until it is caught up.",
        _ => "See the log's page in the console.",
    };
}
