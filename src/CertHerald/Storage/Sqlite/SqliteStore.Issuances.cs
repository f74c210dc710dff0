using System.Diagnostics;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>What was found: issuances, where logs show them, entries that could not be read.</summary>
internal sealed partial class SqliteStore
{
    internal const string IssuanceColumns = """
        id, tbs_sha256, cert_sha256, cert_der, is_precertificate, dns_names, ip_addresses, pubkey_sha256, issuer_pubkey_sha256, issuer_name,
        issuer_organization, issuer_common_name, subject_name, serial, not_before, not_after, problems, known, reason, discovered
        """;

    private static readonly string InsertIssuance =
        $"INSERT INTO issuance ({IssuanceColumns}, is_watched) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";

    public Task<IReadOnlyList<string>> EndpointsBelowAsync(string parent, CancellationToken cancellation) => ReadAsync<IReadOnlyList<string>>(
        session => session.All("SELECT DISTINCT dns_name FROM endpoint WHERE parent = @parent AND wildcard = 0 ORDER BY dns_name LIMIT 1000",
            row => row.GetString(0), ("@parent", parent)),
        cancellation);

    public Task<Issuance?> FindIssuanceAsync(long id, CancellationToken cancellation) => ReadAsync(
        session => FindIssuance(session, id), cancellation);

    public Task<IReadOnlyList<Issuance>> IssuancesAsync(long? before, int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<Issuance>>(
        session => session.All($"SELECT {IssuanceColumns}, known_since FROM issuance WHERE id < @before ORDER BY id DESC LIMIT @limit",
            row => ReadIssuance(session, row), ("@before", before ?? long.MaxValue), ("@limit", limit)),
        cancellation);

    public Task<IReadOnlyList<Sighting>> SightingsAsync(long issuance, CancellationToken cancellation) => ReadAsync<IReadOnlyList<Sighting>>(
        session => session.All(
            """
            SELECT log_id, description, sighting.entry_index, sighting.leaf_hash, logged, is_precertificate, proven, proof_head.size, proof_head.time, length(proof.path)
            FROM sighting JOIN log ON log.id = sighting.log
                 LEFT JOIN proof ON proof.log = sighting.log AND proof.entry_index = sighting.entry_index AND proof.leaf_hash = sighting.leaf_hash
                 LEFT JOIN proof_head ON proof_head.id = proof.head
            WHERE issuance = @issuance ORDER BY sighting.id
            """,
            row => new Sighting(Id(row.Bytes(0)), row.GetString(1), new EntryIndex(row.Size(2)), new MerkleHash(row.Bytes(3)), row.Time(4), row.GetBoolean(5), row.GetBoolean(6))
            {
                Proof = row.IsDBNull(7) ? null : new SightingProof(new TreeSize(row.Size(7)), row.Time(8), row.GetInt32(9) / MerkleHash.Length),
            },
            ("@issuance", issuance)),
        cancellation);

    public Task<MalformedEntry?> FindMalformedAsync(long id, CancellationToken cancellation) => ReadAsync(
        session => session.First(
            """
            SELECT malformed.id, log_id, description, url, entry_index, leaf_hash, problem, entry, shows_watched_name, discovered
            FROM malformed JOIN log ON log.id = malformed.log WHERE malformed.id = @id
            """,
            row => new MalformedEntry(
                row.GetInt64(0), Id(row.Bytes(1)), row.GetString(2), row.GetString(3), new EntryIndex(row.Size(4)), new MerkleHash(row.Bytes(5)),
                row.GetString(6), row.Bytes(7), row.GetBoolean(8), row.Time(9)),
            ("@id", id)),
        cancellation);

    private void WriteDecision(
        SqliteSession session, long log, Decision decision, Batch batch, DateTimeOffset headSeen, List<AlertedLookalike> alerted, ref int discovered, ref int owed)
    {
        DateTimeOffset now = _time.GetUtcNow();
        (string kind, long subject, bool isNew) = decision.Finding switch
        {
            MatchFinding match => WriteIssuance(session, log, match, decision, batch, now),
            MalformedFinding malformed => WriteMalformed(session, log, malformed, now),
            _ => throw new UnreachableException(),
        };
        if (decision.Finding is MatchFinding { ChainMismatch: { } mismatch } contradicted) OpenChainMismatch(session, log, contradicted, subject, mismatch);
        if (decision.Finding is MalformedFinding unparsable && isNew) OpenUnparsable(session, log, unparsable, subject);

        if (decision.Finding is MatchFinding { Lookalikes: { Count: > 0 } lookalikes }) WriteLookalikes(session, subject, decision, lookalikes, headSeen, now, alerted, ref owed);

        // Decided once, on discovery: a second log, or the certificate after its precertificate, tells nobody again.
        if (!isNew) return;

        if (decision.Finding is MatchFinding) discovered++;
        foreach (string webhook in decision.Owed) owed += Owe(session, webhook, kind, subject, headSeen, now);
        foreach (string webhook in decision.OwedEvery) owed += Owe(session, webhook, EventKinds.Certificate, subject, headSeen, now);
    }

    private static (string Kind, long Id, bool IsNew) WriteIssuance(
        SqliteSession session, long log, MatchFinding finding, Decision decision, Batch batch, DateTimeOffset now)
    {
        CertificateFacts facts = finding.Certificate;
        long? known = IssuanceOf(session, facts.TbsSha256);
        long id = known ?? AddIssuance(session, facts, decision, now);
        if (known is not null) Complete(session, id, facts, finding.ChainMismatch);
        bool isNew = known is null || TakeOn(session, id, decision);
        KeepIssuerKey(session, finding);
        KeepChain(session, id, finding, isFirst: known is null);

        // The same leaf read again: seen anew, so a dispute over it is settled for this reading.
        session.Statement(
            """
            INSERT INTO sighting (issuance, log, entry_index, leaf_hash, logged, is_precertificate, proven, disputed)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)
            ON CONFLICT (log, entry_index, leaf_hash) DO UPDATE SET disputed = ?7 WHERE proven = 0
            """)
            .Bind(1, id).Bind(2, log).Bind(3, checked((long)finding.Index.Value)).BindBytes(4, finding.LeafHash.ToArray()).Bind(5, finding.Logged)
            .Bind(6, facts.IsPrecertificate ? 1L : 0).Bind(7, batch is DisputedBatch ? 1L : 0).Run();
        return (EventKinds.UnknownCertificate, id, isNew);
    }

    /// <summary>An issuance that was kept as a look-alike only is one for a watched name after all: it was not watched when it was found.</summary>
    private static bool TakeOn(SqliteSession session, long id, Decision decision)
    {
        if (decision.Endpoints.Count == 0 || session.First("SELECT is_watched FROM issuance WHERE id = @id", row => row.GetBoolean(0), ("@id", id))) return false;
        session.Run("UPDATE issuance SET known = @known, reason = @reason, is_watched = 1 WHERE id = @id", ("@id", id), ("@known", decision.Known), ("@reason", decision.Reason));
        AddEndpoints(session, id, decision);
        return true;
    }

    private static long AddIssuance(SqliteSession session, CertificateFacts facts, Decision decision, DateTimeOffset now)
    {
        // Indexed before anybody watched it: it keeps the id that it was found under.
        long? indexed = TakeIndexed(session, facts.TbsSha256);
        SqliteStatement add = session.Statement(InsertIssuance)
            .Bind(2, facts.TbsSha256).Bind(3, facts.CertSha256).BindBytes(4, facts.CertDer).Bind(5, facts.IsPrecertificate ? 1L : 0)
            .BindText(6, Json(facts.DnsNames)).BindText(7, Json(facts.IpAddresses)).Bind(8, facts.PubkeySha256).Bind(9, facts.IssuerPubkeySha256)
            .Bind(10, facts.IssuerName).Bind(11, facts.IssuerOrganization).Bind(12, facts.IssuerCommonName).Bind(13, facts.SubjectName).Bind(14, facts.Serial)
            .Bind(15, facts.NotBefore).Bind(16, facts.NotAfter).BindText(17, Json(facts.Problems)).Bind(18, decision.Known ? 1L : 0).Bind(19, decision.Reason).Bind(20, now)
            .Bind(21, decision.Endpoints.Count > 0 ? 1L : 0);
        _ = indexed is { } kept ? add.Bind(1, kept) : add.BindNull(1);
        add.Run();
        long id = session.LastRow;
        AddEndpoints(session, id, decision);
        session.Statement("INSERT INTO revocation (issuance) VALUES (?1)").Bind(1, id).Run();
        AddKeys(session, id, facts);
        return id;
    }

    private static void AddEndpoints(SqliteSession session, long id, Decision decision)
    {
        SqliteStatement add = session.Statement("INSERT INTO endpoint (issuance, dns_name, parent, monitored_domain, wildcard) VALUES (?1, ?2, ?3, ?4, ?5)");
        foreach (WatchedEndpoint endpoint in decision.Endpoints)
            add.Bind(1, id).Bind(2, endpoint.DnsName).Bind(3, CertificateKeys.ParentOf(endpoint.DnsName).ToString())
                .Bind(4, endpoint.MonitoredDomain).Bind(5, endpoint.Wildcard ? 1L : 0).Run();
        if (decision.Finding is MatchFinding { Certificate: var facts }) KeepWatchedNames(session, WatchedNameRow.Of(id, facts, decision.Endpoints));
    }

    /// <summary>
    /// What a later sighting adds: the certificate where only the precertificate was known, the issuer's key, and what this
    /// log gets wrong.
    /// </summary>
    private static void Complete(SqliteSession session, long id, CertificateFacts facts, string? chainMismatch)
    {
        if (!facts.IsPrecertificate)
            session.Run("UPDATE issuance SET cert_sha256 = @cert, cert_der = @der, is_precertificate = 0 WHERE id = @id AND is_precertificate = 1",
                ("@id", id), ("@cert", facts.CertSha256), ("@der", facts.CertDer));
        // A revocation list is believed by that key: now it can be looked for.
        if (facts.IssuerPubkeySha256 is { } key && session.Run("UPDATE issuance SET issuer_pubkey_sha256 = @key WHERE id = @id AND issuer_pubkey_sha256 IS NULL", ("@id", id), ("@key", key)) > 0)
            session.Run("UPDATE revocation SET is_read = 0 WHERE issuance = @id", ("@id", id));
        if (chainMismatch is { } mismatch)
            session.Run(
                """
                UPDATE issuance SET problems = json_insert(problems, '$[#]', @problem)
                WHERE id = @id AND NOT EXISTS (SELECT 1 FROM json_each(problems) WHERE value = @problem)
                """,
                ("@id", id), ("@problem", mismatch));
    }

    private void OpenChainMismatch(SqliteSession session, long log, MatchFinding finding, long issuance, string mismatch) => OpenIncident(
        session, log, IncidentKinds.ChainMismatch, "", "precertificates or chains beside entries are not those of the entries; what the log signed is trusted, and alerts go on", new
        {
            problem = mismatch,
            entry_index = finding.Index.Value,
            leaf_hash = finding.LeafHash.ToBase64(),
            issuance,
        });

    /// <summary>The whole entry stands beside it, under its id.</summary>
    private void OpenUnparsable(SqliteSession session, long log, MalformedFinding finding, long malformed) => OpenIncident(session, log, new IncidentReport(
        IncidentKinds.UnparsableEntry, finding.ShowsWatchedName ? Severity.Error : Severity.Warning, "",
        $"entry {finding.Index} cannot be read to its end{(finding.ShowsWatchedName ? ", and a watched name stands in its bytes" : "")}: {finding.Problem}",
        JsonSerializer.Serialize(new
        {
            entry_index = finding.Index.Value,
            leaf_hash = finding.LeafHash.ToBase64(),
            problem = finding.Problem,
            malformed,
            shows_watched_name = finding.ShowsWatchedName,
            bytes = Convert.ToBase64String(finding.Entry.AsSpan(0, Math.Min(finding.Entry.Length, 4096))),
        })));

    private static (string Kind, long Id, bool IsNew) WriteMalformed(SqliteSession session, long log, MalformedFinding finding, DateTimeOffset now)
    {
        bool isNew = session.Run(
            """
            INSERT INTO malformed (log, entry_index, leaf_hash, problem, entry, shows_watched_name, discovered)
            VALUES (@log, @index, @leaf, @problem, @entry, @watched, @now)
            ON CONFLICT (log, entry_index, leaf_hash) DO NOTHING
            """,
            ("@log", log), ("@index", finding.Index.Value), ("@leaf", finding.LeafHash.ToArray()), ("@problem", finding.Problem),
            ("@entry", finding.Entry), ("@watched", finding.ShowsWatchedName), ("@now", now)) > 0;
        long id = session.Single("SELECT id FROM malformed WHERE log = @log AND entry_index = @index AND leaf_hash = @leaf", row => row.GetInt64(0),
            ("@log", log), ("@index", finding.Index.Value), ("@leaf", finding.LeafHash.ToArray()));
        return (EventKinds.MalformedCertificate, id, isNew);
    }

    private Issuance? FindIssuance(SqliteSession session, long id) =>
        session.First($"SELECT {IssuanceColumns}, known_since FROM issuance WHERE id = @id", row => ReadIssuance(session, row), ("@id", id));

    private Issuance ReadIssuance(SqliteSession session, SqliteDataReader row) => new(
        row.GetInt64(0),
        ReadFacts(row),
        session.All("SELECT dns_name, monitored_domain, wildcard FROM endpoint WHERE issuance = @id ORDER BY dns_name",
            endpoint => new WatchedEndpoint(endpoint.GetString(0), endpoint.GetString(1), endpoint.GetBoolean(2)), ("@id", row.GetInt64(0))),
        row.GetBoolean(17),
        row.GetString(18),
        row.Time(19))
    {
        KnownSince = row.TimeOrNull(20),
        Revocation = FindRevocation(session, row.GetInt64(0)),
    };

    /// <summary>Of a row of <see cref="IssuanceColumns"/>.</summary>
    internal static CertificateFacts ReadFacts(SqliteDataReader row) => ReadFacts(row, 0);

    /// <param name="first">Where the first of these columns stands.</param>
    internal static CertificateFacts ReadFacts(SqliteDataReader row, int first) => new()
    {
        TbsSha256 = row.GetString(first + 1),
        CertSha256 = row.GetString(first + 2),
        CertDer = row.Bytes(first + 3),
        IsPrecertificate = row.GetBoolean(first + 4),
        DnsNames = Texts(row.GetString(first + 5)),
        IpAddresses = Texts(row.GetString(first + 6)),
        PubkeySha256 = row.GetString(first + 7),
        IssuerPubkeySha256 = row.TextOrNull(first + 8),
        IssuerName = row.GetString(first + 9),
        IssuerOrganization = row.TextOrNull(first + 10),
        IssuerCommonName = row.TextOrNull(first + 11),
        SubjectName = row.GetString(first + 12),
        Serial = row.GetString(first + 13),
        NotBefore = row.TimeOrNull(first + 14),
        NotAfter = row.TimeOrNull(first + 15),
        Problems = Texts(row.GetString(first + 16)),
    };

    /// <summary>UTF-8.</summary>
    private static ReadOnlySpan<byte> Json(IReadOnlyList<string> texts) => texts.Count == 0 ? "[]"u8 : JsonSerializer.SerializeToUtf8Bytes(texts);

    private static string[] Texts(string json) => JsonSerializer.Deserialize<string[]>(json)!;
}
