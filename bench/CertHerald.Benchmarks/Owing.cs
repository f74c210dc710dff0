using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;
using LogKey = CertHerald.Transparency.Logs.LogKey;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Benchmarks;

/// <summary>A store with a log, to owe deliveries from.</summary>
internal sealed class Owing : IAsyncDisposable
{
    // Two logs of one store hold different certificates.
    private readonly byte[] _certificate, _log;
    private readonly VerifiedHead _head;
    private LogLane _tip;
    private Frontier _read = Frontier.Empty;

    private Owing(IStore store, byte[] certificate, byte[] log, VerifiedHead head, LogLane tip) => (Store, _certificate, _log, _head, _tip) = (store, certificate, log, head, tip);

    public IStore Store { get; private set; }

    /// <param name="database">Connection string of a PostgreSQL database; null for SQLite.</param>
    public static Task<Owing> OpenAsync(string? database = null)
    {
        string folder = Directory.CreateTempSubdirectory("certherald-bench-").FullName;
        var meter = new Meter("CertHerald");
        return BeginAsync(Stores.Open(database ?? Stores.Sqlite, folder, TimeProvider.System, meter), folder, meter);
    }

    /// <summary>Another log of the same store. Not to be disposed of.</summary>
    public Task<Owing> AnotherAsync() => BeginAsync(Store, Folder, Meter);

    private static async Task<Owing> BeginAsync(IStore store, string folder, Meter meter)
    {
        using var ca = new TestCa();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (!LogKey.TryCreate(key.ExportSubjectPublicKeyInfo(), out LogKey? logKey, out _)) throw new InvalidOperationException();
        // Far ahead of all that is read: no batch reaches it.
        var head = new SignedHead { Size = new TreeSize(1UL << 40), Timestamp = 1, Root = MerkleHash.OfEmptyTree, Signature = default, Verbatim = default };
        byte[] signature = key.SignData(head.SignedBytes(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        if (!VerifiedHead.TryVerify(head with { Signature = (byte[])[4, 3, (byte)(signature.Length >> 8), (byte)signature.Length, .. signature] }, logKey, out VerifiedHead? verified)) throw new InvalidOperationException();

        byte[] id = SHA256.HashData(key.ExportSubjectPublicKeyInfo());
        LogDescription log = LogDescription.Custom(logKey, LogProtocol.Rfc6962, $"https://{Convert.ToHexStringLower(id)[..16]}.example/");
        await store.BeginLogAsync(log, Frontier.Empty, CancellationToken.None);
        return new Owing(store, ca.Issue("www.example.com").Der, id, verified, (await store.LanesAsync(log.Id, CancellationToken.None))[^1]) { Folder = folder, Meter = meter };
    }

    /// <summary>Where its database lies, if it is a file.</summary>
    public string Folder { get; private init; } = "";

    private Meter Meter { get; init; } = null!;

    /// <summary>Owes these webhooks so many new certificates, in one commit.</summary>
    public Task OweAsync(int issuances, params string[] webhooks) => FindAsync(issuances, _ => ("www.example.com", false), webhooks);

    /// <summary>Finds so many new certificates, in one commit.</summary>
    /// <param name="look">The name that an entry shows, and whether it is known.</param>
    public Task FindAsync(int issuances, Func<ulong, (string Name, bool Known)> look, params string[] webhooks) => CommitAsync(issuances, (index, leaf) =>
    {
        (string name, bool known) = look(index.Value);
        return new Decision(
            Match(index, leaf, name), [new WatchedEndpoint(name, ".example.com", Wildcard: false)], known, known ? "its key is authorised" : "nobody knows it", known ? [] : webhooks);
    }, []);

    /// <summary>Reads so many entries and commits what is decided of each.</summary>
    public async Task CommitAsync(int entries, Func<EntryIndex, MerkleHash, Decision> decide, IReadOnlyList<WeakLookalike> weak)
    {
        ulong start = _read.Size.Value;
        using var builder = new RawBatchBuilder(new EntryIndex(start), ExtraDataForm.Rfc6962);
        for (int i = 0; i < entries; i++) builder.Add(BitConverter.GetBytes(start + (ulong)i), []);
        using RawBatch raw = builder.Build();
        List<Decision> decisions = [.. Enumerable.Range(0, entries).Select(i => decide(new EntryIndex(start + (ulong)i), raw.LeafHashes()[i]))];
        Batch batch = Batch.Check(_read, raw, [], _head);
        _read = batch.End;
        _tip = (await Store.CommitAsync(_tip, batch, decisions, [], weak, DateTimeOffset.UtcNow, CancellationToken.None)).Lane;
    }

    /// <summary>A certificate that no other entry shows.</summary>
    public MatchFinding Match(EntryIndex index, MerkleHash leaf, params IReadOnlyList<string> names)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData([.. _log, .. BitConverter.GetBytes(index.Value)]));
        var facts = new CertificateFacts
        {
            TbsSha256 = hash,
            CertSha256 = hash,
            CertDer = _certificate,
            IsPrecertificate = false,
            DnsNames = names,
            IpAddresses = [],
            PubkeySha256 = hash,
            IssuerPubkeySha256 = null,
            IssuerName = "CN=Test",
            IssuerOrganization = null,
            IssuerCommonName = "Test",
            SubjectName = $"CN={names[0]}",
            Serial = "01",
            NotBefore = DateTimeOffset.UnixEpoch,
            NotAfter = DateTimeOffset.UnixEpoch,
            Problems = [],
        };
        return new MatchFinding(index, leaf, DateTimeOffset.UtcNow, facts, [], null);
    }

    /// <summary>Indexes certificates that nobody watches, in one commit.</summary>
    public async Task IndexAsync(IReadOnlyList<CertificateFacts> certificates)
    {
        ulong start = _read.Size.Value;
        using var builder = new RawBatchBuilder(new EntryIndex(start), ExtraDataForm.Rfc6962);
        for (int i = 0; i < certificates.Count; i++) builder.Add(BitConverter.GetBytes(start + (ulong)i), []);
        using RawBatch raw = builder.Build();
        Batch batch = Batch.Check(_read, raw, [], _head);
        _read = batch.End;
        DateTimeOffset now = DateTimeOffset.UtcNow;
        _tip = (await Store.CommitAsync(
            _tip, batch, [], [.. certificates.Select((facts, place) => new IndexedCertificate(new EntryIndex(start + (ulong)place), now, facts))], now, CancellationToken.None)).Lane;
    }

    /// <summary>Bytes of the database. All of it is in its one file after <see cref="ChangeAsync"/>.</summary>
    public long Size => new FileInfo(Path.Combine(Folder, "certherald.db")).Length;

    /// <summary>Closes the store, changes its file, and opens it again.</summary>
    public async Task ChangeAsync(params string[] statements)
    {
        await Store.DisposeAsync();
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(Folder, "certherald.db")};Pooling=False"))
        {
            await connection.OpenAsync();
            foreach (string statement in statements)
            {
                await using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of the benchmarks.
                command.CommandText = statement;
#pragma warning restore CA2100
                command.CommandTimeout = 0;
                await command.ExecuteNonQueryAsync();
            }
        }
        Store = Stores.Open("sqlite", Folder, TimeProvider.System, Meter);
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Meter.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
