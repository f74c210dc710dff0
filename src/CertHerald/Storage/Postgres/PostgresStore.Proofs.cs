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
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Leaves, their audit paths, and the heads these lead to.</summary>
internal sealed partial class PostgresStore
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
                          AND sighting.leaf_hash = proof.leaf_hash AND NOT sighting.proven)
        ORDER BY proof.entry_index, proof.leaf_hash LIMIT @limit
        """;

    public async Task<IReadOnlyList<UnprovedLeaf>> UnprovedLeavesAsync(LogId log, UnprovedLeaf? after, int limit, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            Unproved, row => new UnprovedLeaf(new EntryIndex(row.Size(0)), new MerkleHash(row.Bytes(1)), row.BytesOrNull(2)),
            ("@log", log.Value.ToArray()), ("@index", after is null ? -1L : (long)after.Index.Value), ("@leaf", after?.LeafHash.ToArray() ?? []), ("@limit", limit)),
        cancellation);

    public Task KeepProofAsync(LogId log, LeafProof proof, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            long row = await RowOfAsync(session, log);
            long head = await KeepProofHeadAsync(session, row, proof.Head.Size, proof.Head.Root, proof.HeadTime, proof.Head.Verbatim);
            return await KeepLeavesAsync(session, row, [(proof.Index, proof.LeafHash, proof.LeafInput, proof.Path)], head);
        },
        cancellation);

    // OFFSET 0 as where issuances are read: what is sought first is what few rows have.
    public Task<Evidence?> FindEvidenceAsync(long issuance, (LogId Log, EntryIndex Index)? place, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync(
            $"""
            SELECT {EvidenceColumns}, issuance.cert_der
            FROM (SELECT * FROM sighting WHERE issuance = @issuance OFFSET 0) AS sighting
                 JOIN issuance ON issuance.id = sighting.issuance JOIN log ON log.id = sighting.log
                 JOIN LATERAL (SELECT * FROM proof WHERE (proof.log, proof.entry_index, proof.leaf_hash) = (sighting.log, sighting.entry_index, sighting.leaf_hash) OFFSET 0) AS proof ON true
                 JOIN proof_head ON proof_head.id = proof.head
            WHERE @log::bytea IS NULL OR (log_id = @log::bytea AND sighting.entry_index = @index::bigint)
            ORDER BY sighting.id LIMIT 1
            """,
            row => ReadEvidence(row, row.Bytes(7)),
            ("@issuance", issuance), ("@log", place?.Log.Value.ToArray()), ("@index", place?.Index.Value)),
        cancellation);

    public Task<Evidence?> FindMalformedEvidenceAsync(long malformed, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync(
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
    private static async Task KeepLeavesAsync(PostgresSession session, long log, Batch batch, IReadOnlyList<Decision> decisions)
    {
        if (decisions.Count == 0) return;
        long? head = batch is VerifiedBatch { Head: var proving }
            ? await KeepProofHeadAsync(session, log, proving.Size, proving.Root, LogTime.Of(proving.Timestamp), proving.Signed.Verbatim)
            : null;
        var leaves = new List<(EntryIndex, MerkleHash, byte[], MerkleHash[]?)>(decisions.Count);
        foreach (Finding finding in decisions.Select(decision => decision.Finding))
            leaves.Add((finding.Index, finding.LeafHash, batch.Raw[(int)(finding.Index.Value - batch.Raw.Start.Value)].LeafInput.ToArray(), (batch as VerifiedBatch)?.PathTo(finding.Index)));
        await KeepLeavesAsync(session, log, leaves, head);
    }

    /// <param name="head">Where their paths lead; null if they have none.</param>
    private static Task<int> KeepLeavesAsync(
        PostgresSession session, long log, IReadOnlyList<(EntryIndex Index, MerkleHash Hash, byte[] Input, MerkleHash[]? Path)> leaves, long? head) => session.RunAsync(
        """
        INSERT INTO proof (log, entry_index, leaf_hash, leaf_input, head, path)
        SELECT @log, index, leaf, input, @head::bigint, path FROM unnest(@indexes, @leaves, @inputs, @paths) AS new (index, leaf, input, path) ORDER BY index
        ON CONFLICT (log, entry_index, leaf_hash) DO UPDATE SET leaf_input = excluded.leaf_input, head = excluded.head, path = excluded.path
            WHERE proof.path IS NULL AND excluded.path IS NOT NULL
        """,
        ("@log", log), ("@head", head), ("@indexes", leaves.Select(leaf => (long)leaf.Index.Value).ToArray()), ("@leaves", leaves.Select(leaf => leaf.Hash.ToArray()).ToArray()),
        ("@inputs", leaves.Select(leaf => leaf.Input).ToArray()),
        ("@paths", leaves.Select(leaf => leaf.Path is null ? null : MemoryMarshal.AsBytes<MerkleHash>(leaf.Path).ToArray()).ToArray()));

    /// <summary>Heads of proofs are kept apart from those that are forgotten by and by.</summary>
    private static async Task<long> KeepProofHeadAsync(PostgresSession session, long log, TreeSize size, MerkleHash root, DateTimeOffset time, ReadOnlyMemory<byte> verbatim)
    {
        await session.RunAsync(
            "INSERT INTO proof_head (log, size, root, time, verbatim) VALUES (@log, @size, @root, @time, @verbatim) ON CONFLICT (log, size, root) DO NOTHING",
            ("@log", log), ("@size", size.Value), ("@root", root.ToArray()), ("@time", time), ("@verbatim", verbatim));
        return await session.SingleAsync("SELECT id FROM proof_head WHERE log = @log AND size = @size AND root = @root", row => row.GetInt64(0),
            ("@log", log), ("@size", size.Value), ("@root", root.ToArray()));
    }

    /// <returns>Null if key or head cannot be read any more, which only a damaged file brings about.</returns>
    private static Evidence? ReadEvidence(NpgsqlDataReader row, byte[] certificate)
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
