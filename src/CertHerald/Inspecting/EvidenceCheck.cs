using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Inspecting;

/// <summary>
/// Whether evidence holds: certificate, leaf, inclusion, signed head, key, each from the one before. What it states twice must
/// agree. Pure: nobody is asked, and whose key it is is another question.
/// </summary>
internal static class EvidenceCheck
{
    /// <summary>Why it proves nothing, for people; null if it holds.</summary>
    public static string? Refusal(Evidence evidence)
    {
        if (!LogKey.TryCreate(evidence.Log.Key.Span, out LogKey? key, out string? problem)) return $"the log's key cannot be used: {problem}";
        if (key.Id != evidence.Log.Id) return "the log's id is not the SHA-256 of its key";
        return HeadRefusal(evidence, key) ?? EntryRefusal(evidence) ?? InclusionRefusal(evidence);
    }

    private static string? HeadRefusal(Evidence evidence, LogKey key)
    {
        SignedHead? head;
        string? problem;
        if (evidence.Log.Protocol == LogProtocol.StaticCt)
        {
            if (evidence.Log.Origin is not { } origin) return "a static log has an origin: it is missing";
            Checkpoint.TryRead(evidence.Head.Verbatim, origin, key, out head, out CheckpointReport report);
            problem = report.Problem ?? (report.ForeignOrigin is null ? null : "the origin is not the checkpoint's");
        }
        else
        {
            if (evidence.Log.Origin is not null) return "a log of RFC 6962 has no origin: one is given";
            SignedHeadJson.TryRead(evidence.Head.Verbatim, out head, out problem);
        }
        if (head is null || problem is not null) return $"the signed head cannot be used: {problem}";
        if (!VerifiedHead.TryVerify(head, key, out VerifiedHead? verified)) return "the signature of the head is not the key's";
        if (verified.Timestamp != evidence.Head.Timestamp) return "the head's timestamp is not the one that the log signed";
        if (verified.Size != evidence.Inclusion.TreeSize) return "the tree's size is not the one that the log signed";
        return verified.Root == evidence.Inclusion.Root ? null : "the tree's root is not the one that the log signed";
    }

    private static string? EntryRefusal(Evidence evidence)
    {
        using RawBatch batch = Evidence.BatchOf(evidence.Entry.LeafInput.Span);
        if (batch.LeafHashes()[0] != evidence.Entry.LeafHash) return "the leaf hash is not that of the leaf";
        bool isReadable = LogEntry.Read(batch[0], out LogEntry entry) == EntryFailure.None;
        if (evidence.Entry.Timestamp != (isReadable ? entry.Timestamp : null)) return "the entry's timestamp is not the leaf's";
        if (evidence.Certificate is not { } certificate) return null;

        if (!isReadable) return "a certificate is given for a leaf that cannot be read";
        if (certificate.TbsSha256 != EvidenceCertificate.TbsSha256Of(entry)) return "tbs_sha256 is not that of the leaf";
        if (EvidenceCertificate.Judge(entry, certificate.Der.Span) is not { } kind) return "the certificate is not the one that was logged";
        return kind == certificate.Kind ? null : $"what is called a {Name(certificate.Kind)} is a {Name(kind)}";
    }

    private static string? InclusionRefusal(Evidence evidence)
    {
        EvidenceInclusion inclusion = evidence.Inclusion;
        if (evidence.Entry.Index.Value >= inclusion.TreeSize.Value) return "the entry's index is not in the tree";
        return InclusionProof.Verify(evidence.Entry.LeafHash, evidence.Entry.Index, inclusion.TreeSize, [.. inclusion.AuditPath], inclusion.Root)
            ? null
            : "the audit path does not lead from the leaf to the signed root";
    }

    private static string Name(EvidenceKind kind) => kind.ToString().ToLowerInvariant();
}
