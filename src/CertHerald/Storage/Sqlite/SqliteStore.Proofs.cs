using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Leaves, their audit paths, and the heads these lead to.</summary>
internal sealed partial class SqliteStore
{
    private const string EvidenceColumns = """
        log.spki, log.protocol, log.description, proof.entry_index, proof.leaf_input, proof.path, proof_head.verbatim
        """;

    // Proven by what was read: the lanes say so. A leaf that only a disputed batch has shown is in no tree.
    private const string Unproved = """
        SELECT proof.entry_index, proof.leaf_hash, proof.leaf_input FROM proof JOIN log ON log.id = proof.log
        WHERE log_id = @log AND proof.path IS NULL AND (proof.entry_index, proof.leaf_hash) > (@index, @leaf)
          AND EXISTS (SELECT 1 FROM lane WHERE lane.log = proof.log AND start <= proof.entry_index AND proof.entry_index < proven_size)
          AND NOT EXISTS (SELECT 1 FROM sighting WHERE sighting.log = proof.log AND sighting.entry_index = proof.entry_index
                          AND sighting.leaf_hash = proof.leaf_hash AND sighting.proven = 0)
        ORDER BY proof.entry_index, proof.leaf_hash LIMIT @limit
        """;

    public Task<IReadOnlyList<UnprovedLeaf>> UnprovedLeavesAsync(LogId log, UnprovedLeaf? after, int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<UnprovedLeaf>>(
        session => session.All(
            Unproved, row => new UnprovedLeaf(new EntryIndex(row.Size(0)), new MerkleHash(row.Bytes(1)), row.BytesOrNull(2)),
            ("@log", log.Value.ToArray()), ("@index", after is null ? -1L : (long)after.Index.Value), ("@leaf", after?.LeafHash.ToArray() ?? []), ("@limit", limit)),
        cancellation);

    public Task KeepProofAsync(LogId log, LeafProof proof, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            long row = RowOf(session, log);
            long head = KeepProofHead(session, row, proof.Head.Size, proof.Head.Root, proof.HeadTime, proof.Head.Verbatim);
            return KeepLeaf(session, row, proof.Index, proof.LeafHash, proof.LeafInput, head, proof.Path);
        },
        cancellation);

    public Task<Evidence?> FindEvidenceAsync(long issuance, (LogId Log, EntryIndex Index)? place, CancellationToken cancellation) => ReadAsync(
        session => session.First(
            $"""
            SELECT {EvidenceColumns}, issuance.cert_der
            FROM sighting JOIN issuance ON issuance.id = sighting.issuance JOIN log ON log.id = sighting.log
                 JOIN proof ON proof.log = sighting.log AND proof.entry_index = sighting.entry_index AND proof.leaf_hash = sighting.leaf_hash
                 JOIN proof_head ON proof_head.id = proof.head
            WHERE sighting.issuance = @issuance AND (@log IS NULL OR (log_id = @log AND sighting.entry_index = @index))
            ORDER BY sighting.id LIMIT 1
            """,
            row => ReadEvidence(row, row.Bytes(7)),
            ("@issuance", issuance), ("@log", place?.Log.Value.ToArray()), ("@index", place?.Index.Value)),
        cancellation);

    public Task<Evidence?> FindMalformedEvidenceAsync(long malformed, CancellationToken cancellation) => ReadAsync(
        session => session.First(
            $"""
            SELECT {EvidenceColumns}
            FROM malformed JOIN log ON log.id = malformed.log
                 JOIN proof ON proof.log = malformed.log AND proof.entry_index = malformed.entry_index AND proof.leaf_hash = malformed.leaf_hash
                 JOIN proof_head ON proof_head.id = proof.head
            WHERE malformed.id = @malformed
            """,
            row => ReadEvidence(row, []), ("@malformed", malformed)),
        cancellation);

    /// <summary>Keeps what findings were found in, with the proof if the batch is one: in the transaction that brings the findings.</summary>
    private static void KeepLeaves(SqliteSession session, long log, Batch batch, IReadOnlyList<Decision> decisions)
    {
        if (decisions.Count == 0) return;
        long? head = batch is VerifiedBatch { Head: var proving }
            ? KeepProofHead(session, log, proving.Size, proving.Root, LogTime.Of(proving.Timestamp), proving.Signed.Verbatim)
            : null;
        foreach (Decision decision in decisions)
        {
            EntryIndex index = decision.Finding.Index;
            ReadOnlySpan<byte> leafInput = batch.Raw[(int)(index.Value - batch.Raw.Start.Value)].LeafInput;
            KeepLeaf(session, log, index, decision.Finding.LeafHash, leafInput, head, (batch as VerifiedBatch)?.PathTo(index));
        }
    }

    private static int KeepLeaf(SqliteSession session, long log, EntryIndex index, MerkleHash leaf, ReadOnlySpan<byte> leafInput, long? head, MerkleHash[]? path)
    {
        SqliteStatement keep = session.Statement(
            """
            INSERT INTO proof (log, entry_index, leaf_hash, leaf_input, head, path) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (log, entry_index, leaf_hash) DO UPDATE SET leaf_input = ?4, head = ?5, path = ?6 WHERE path IS NULL AND ?6 IS NOT NULL
            """)
            .Bind(1, log).Bind(2, checked((long)index.Value)).BindBytes(3, leaf.ToArray()).BindBytes(4, leafInput);
        _ = path is not null && head is { } proving ? keep.Bind(5, proving) : keep.BindNull(5);
        return (path is null ? keep.BindNull(6) : keep.BindBytes(6, MemoryMarshal.AsBytes<MerkleHash>(path))).Run();
    }

    /// <summary>Heads of proofs are kept apart from those that are forgotten by and by.</summary>
    private static long KeepProofHead(SqliteSession session, long log, TreeSize size, MerkleHash root, DateTimeOffset time, ReadOnlyMemory<byte> verbatim)
    {
        session.Run(
            "INSERT INTO proof_head (log, size, root, time, verbatim) VALUES (@log, @size, @root, @time, @verbatim) ON CONFLICT (log, size, root) DO NOTHING",
            ("@log", log), ("@size", size.Value), ("@root", root.ToArray()), ("@time", time), ("@verbatim", verbatim));
        return session.Single("SELECT id FROM proof_head WHERE log = @log AND size = @size AND root = @root", row => row.GetInt64(0),
            ("@log", log), ("@size", size.Value), ("@root", root.ToArray()));
    }

    /// <returns>Null if key or head cannot be read any more, which only a damaged file brings about.</returns>
    private static Evidence? ReadEvidence(SqliteDataReader row, byte[] certificate)
    {
        var protocol = row.Named<LogProtocol>(1);
        byte[] verbatim = row.Bytes(6);
        return LogKey.TryCreate(row.Bytes(0), out LogKey? key, out _) && TryReadHead(protocol, key, verbatim, out SignedHead? head)
            ? Evidence.Of(
                key, protocol, row.GetString(2), new EntryIndex(row.Size(3)), row.Bytes(4),
                MemoryMarshal.Cast<byte, MerkleHash>(row.Bytes(5)).ToArray(), head, certificate)
            : null;
    }

    private static bool TryReadHead(LogProtocol protocol, LogKey key, byte[] verbatim, [NotNullWhen(true)] out SignedHead? head) =>
        protocol == LogProtocol.StaticCt
            ? Checkpoint.TryRead(verbatim, Checkpoint.OriginOf(verbatim), key, out head, out _)
            : SignedHeadJson.TryRead(verbatim, out head, out _);
}
