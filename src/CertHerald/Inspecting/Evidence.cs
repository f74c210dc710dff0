using System.Security.Cryptography;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Inspecting;

/// <summary>What the bytes of an <see cref="EvidenceCertificate"/> are. The names are those of the format, in lower case.</summary>
internal enum EvidenceKind { Certificate, Precertificate, Tbs }

/// <summary>
/// That a log shows an entry, with everything that is needed to check it without asking anybody. Values as somebody states them:
/// <see cref="EvidenceCheck"/> says whether they hold. The format is docs/evidence.md.
/// </summary>
internal sealed record Evidence
{
    public required EvidenceLog Log { get; init; }

    public required EvidenceEntry Entry { get; init; }

    /// <summary>Null for an entry that cannot be read.</summary>
    public required EvidenceCertificate? Certificate { get; init; }

    public required EvidenceInclusion Inclusion { get; init; }

    public required EvidenceHead Head { get; init; }

    /// <summary>Puts together what is known of an entry and its proof.</summary>
    /// <param name="description">Of the log, for people.</param>
    /// <param name="head">Of which the path is.</param>
    /// <param name="certificate">What was stored as the issuance's certificate; it is taken if it belongs to the leaf.</param>
    public static Evidence Of(
        LogKey key, LogProtocol protocol, string description, EntryIndex index, ReadOnlyMemory<byte> leafInput, MerkleHash[] path,
        SignedHead head, ReadOnlyMemory<byte> certificate)
    {
        using RawBatch batch = BatchOf(leafInput.Span);
        bool isReadable = LogEntry.Read(batch[0], out LogEntry entry) == EntryFailure.None;
        return new Evidence
        {
            Log = new EvidenceLog(key.Id, key.Spki, description, protocol, protocol == LogProtocol.StaticCt ? Checkpoint.OriginOf(head.Verbatim.Span) : null),
            Entry = new EvidenceEntry(index, leafInput, batch.LeafHashes()[0], isReadable ? entry.Timestamp : null),
            Certificate = isReadable ? EvidenceCertificate.Of(entry, certificate) : null,
            Inclusion = new EvidenceInclusion(head.Size, head.Root, path),
            Head = new EvidenceHead(head.Timestamp, head.Verbatim),
        };
    }

    /// <summary>The leaf as the one entry of a batch, which is how entries are read.</summary>
    public static RawBatch BatchOf(ReadOnlySpan<byte> leafInput)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.Rfc6962, leafInput.Length + 1, 1);
        builder.Add(leafInput, []);
        return builder.Build();
    }
}

/// <summary>Which log.</summary>
/// <param name="Key">DER SubjectPublicKeyInfo.</param>
/// <param name="Description">For people; proven by nothing.</param>
/// <param name="Origin">What a static log calls itself in its checkpoint; null for RFC 6962.</param>
internal sealed record EvidenceLog(LogId Id, ReadOnlyMemory<byte> Key, string Description, LogProtocol Protocol, string? Origin);

/// <summary>Which entry.</summary>
/// <param name="Timestamp">Of its leaf; null if the leaf cannot be read.</param>
internal sealed record EvidenceEntry(EntryIndex Index, ReadOnlyMemory<byte> LeafInput, MerkleHash LeafHash, ulong? Timestamp);

/// <summary>What was logged, in the form that people and tools know.</summary>
/// <param name="Der">A logged certificate; of a logged precertificate that, or the certificate, or its bare TBS if neither is known.</param>
/// <param name="TbsSha256">Of the leaf, without SCT list and poison.</param>
internal sealed record EvidenceCertificate(EvidenceKind Kind, ReadOnlyMemory<byte> Der, string TbsSha256)
{
    /// <summary>What a leaf logs.</summary>
    /// <param name="known">Perhaps its precertificate or certificate; the leaf decides.</param>
    public static EvidenceCertificate Of(LogEntry entry, ReadOnlyMemory<byte> known)
    {
        if (entry.Type == EntryType.X509) return new EvidenceCertificate(EvidenceKind.Certificate, entry.Certificate.ToArray(), TbsSha256Of(entry));
        EvidenceKind kind = KindOf(entry, known.Span);
        return new EvidenceCertificate(kind, kind == EvidenceKind.Tbs ? entry.Tbs.ToArray() : known, TbsSha256Of(entry));
    }

    /// <summary>What these bytes are to a leaf; null if they are not what it logs.</summary>
    public static EvidenceKind? Judge(LogEntry entry, ReadOnlySpan<byte> der) =>
        entry.Type == EntryType.X509 ? entry.Certificate.SequenceEqual(der) ? EvidenceKind.Certificate : null
        : KindOf(entry, der) is var kind && kind != EvidenceKind.Tbs ? kind
        : entry.Tbs.SequenceEqual(der) ? EvidenceKind.Tbs : null;

    /// <summary>SHA-256 of a leaf's TBSCertificate as issuances are told apart by it.</summary>
    public static string TbsSha256Of(LogEntry entry)
    {
        ReadOnlySpan<byte> tbs = entry.Tbs;
        if (entry.Type == EntryType.X509) tbs = CertificateView.TryRead(entry.Certificate, out CertificateView certificate) ? certificate.Tbs : default;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        TbsFingerprint.Hash(tbs, hash);
        return Convert.ToHexStringLower(hash);
    }

    private static EvidenceKind KindOf(LogEntry entry, ReadOnlySpan<byte> der)
    {
        if (!CertificateView.TryRead(der, out CertificateView certificate)) return EvidenceKind.Tbs;
        if (certificate.IsPrecertificate)
            return CertificateView.TryReadTbs(entry.Tbs, out CertificateView leaf) && PrecertificateCheck.MayBecome(der, leaf) ? EvidenceKind.Precertificate : EvidenceKind.Tbs;
        return TbsFingerprint.Splice(certificate.Tbs).AsSpan().SequenceEqual(TbsFingerprint.Splice(entry.Tbs)) ? EvidenceKind.Certificate : EvidenceKind.Tbs;
    }
}

/// <summary>Where it stands in a tree.</summary>
internal sealed record EvidenceInclusion(TreeSize TreeSize, MerkleHash Root, IReadOnlyList<MerkleHash> AuditPath);

/// <summary>What the log signed.</summary>
/// <param name="Timestamp">Milliseconds since 1970, by the log's clock.</param>
/// <param name="Verbatim">As the log served it: an answer to get-sth, or a checkpoint.</param>
internal sealed record EvidenceHead(ulong Timestamp, ReadOnlyMemory<byte> Verbatim);
