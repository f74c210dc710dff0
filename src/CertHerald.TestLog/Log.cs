using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using CertHerald.TestLog.Faults;
using CertHerald.TestLog.Storage;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog;

/// <summary>
/// A real log on this machine: entries and hashes in files, a tree, a key for each protocol. Entries become visible when a
/// head over them is published. Thread-safe; adding takes turns. Its memory does not grow with its entries, but for
/// get-proof-by-hash: from its first use on, 8 to 16 bytes an entry.
/// </summary>
public sealed class Log : IAsyncDisposable, IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly EntryFile _entries;
    private readonly HashTree _tree;
    private readonly IssuerFolder _issuers;
    private readonly LeafIndexes _leafIndexes;

    // u64 size ‖ u64 timestamp for every head ever published.
    private readonly AppendOnlyFile _heads;
    private readonly List<ulong> _sizes = [];
    private readonly Lock _faultGate = new();
    private readonly CertificateParts[] _roots;
    private readonly List<byte> _tileLeaf = [];
    private readonly ITimer? _publishing;
    private volatile LogView _view;
    private volatile FaultSet _faults = FaultSet.None;
    private bool _hasShaped;
    private bool _disposed;

    /// <exception cref="ArgumentException">An accepted root is no certificate.</exception>
    /// <exception cref="IOException">Another log has the folder open.</exception>
    /// <exception cref="InvalidDataException">The folder lost entries of a published head, or a key file holds no key.</exception>
    public Log(LogOptions? options = null)
    {
        Options = options ?? new LogOptions();
        _roots = [.. Options.AcceptedRoots.Select(der => CertificateParts.Read(der)
            ?? throw new ArgumentException("An accepted root cannot be read as a certificate.", nameof(options)))];
        _folder = Options.Directory is { } kept
            ? Directory.CreateDirectory(kept).FullName
            : Directory.CreateTempSubdirectory("certherald-testlog-").FullName;

        _heads = new AppendOnlyFile(Path.Combine(_folder, "heads"), 4 * 1024);
        Rfc6962Key = LogKey.OpenOrCreate(Options.Rfc6962KeyFile ?? Path.Combine(_folder, "rfc6962.key.pem"), Options.KeyKind);
        StaticCtKey = LogKey.OpenOrCreate(Options.StaticCtKeyFile ?? Path.Combine(_folder, "static-ct.key.pem"), Options.KeyKind);
        _entries = new EntryFile(_folder);
        _tree = new HashTree(Path.Combine(_folder, "hashes"));
        _issuers = new IssuerFolder(Path.Combine(_folder, "issuers"));
        _leafIndexes = new LeafIndexes(_tree);

        ulong size = Math.Min(_entries.Count, _tree.Size);
        _entries.CutTo(size);
        _tree.CutTo(size);
        _view = new LogView(this, ReopenHead() ?? Publish());
        _publishing = Options.PublishEvery is { } every ? Options.Time.CreateTimer(_ => PublishUnlessDisposed(), null, every, every) : null;
    }

    public LogOptions Options { get; }

    public LogKey Rfc6962Key { get; }

    public LogKey StaticCtKey { get; }

    /// <summary>With entries that no published head covers yet.</summary>
    public TreeSize Size => new(_tree.Size);

    /// <summary>The newest published head. A new log has one of size 0.</summary>
    public PublishedHead Head => _view.Head;

    /// <summary>How it misbehaves now. Set whole: each answer is given under one set.</summary>
    public FaultSet Faults => _faults;

    public LogKey KeyOf(LogProtocol protocol) => protocol == LogProtocol.Rfc6962 ? Rfc6962Key : StaticCtKey;

    /// <summary>Adds a certificate, leaf first; the entry carries its index in the leaf_index extension, in both protocols.</summary>
    /// <exception cref="ArgumentException">The chain is refused; the message says why.</exception>
    public AddedEntry AddChain(IReadOnlyList<byte[]> chain, LogProtocol protocol = LogProtocol.Rfc6962) =>
        TryAdd(chain, false, protocol, out AddedEntry? added, out string refusal)
            ? added
            : throw new ArgumentException(refusal, nameof(chain));

    /// <summary>Adds a precertificate, leaf first, then its issuer.</summary>
    /// <exception cref="ArgumentException">The chain is refused; the message says why.</exception>
    public AddedEntry AddPreChain(IReadOnlyList<byte[]> chain, LogProtocol protocol = LogProtocol.Rfc6962) =>
        TryAdd(chain, true, protocol, out AddedEntry? added, out string refusal)
            ? added
            : throw new ArgumentException(refusal, nameof(chain));

    /// <summary>Adds a chain. The same chain again is a new entry, though real logs mostly answer with the old SCT.</summary>
    /// <param name="protocol">Whose key signs the SCT.</param>
    /// <param name="refusal">Why not, for the submitter.</param>
    public bool TryAdd(
        IReadOnlyList<byte[]> chain, bool isPrecertificate, LogProtocol protocol,
        [NotNullWhen(true)] out AddedEntry? added, out string refusal)
    {
        added = null;
        if (Submission.Read(chain, isPrecertificate, _roots, out refusal) is not { } submission) return false;

        (EntryIndex index, ulong timestamp, byte[] leafInput) = Add(submission);
        added = new AddedEntry(index, new SignedCertificateTimestamp(
            KeyOf(protocol).Id, timestamp, LeafFormat.LeafIndexExtension(index.Value), KeyOf(protocol).Sign(leafInput)));
        return true;
    }

    /// <summary>Adds a row as get-entries gives it, byte for byte, whatever it holds.</summary>
    /// <remarks>
    /// What data tiles cannot say (an unknown leaf type, extra_data that is no chain) stands in them as the leaf without its
    /// first two bytes, followed by no issuer: such a tile cannot be read to its end.
    /// </remarks>
    public EntryIndex AddEntry(ReadOnlySpan<byte> leafInput, ReadOnlySpan<byte> extraData)
    {
        EntryIndex index;
        lock (_gate) index = AppendShaped(leafInput, extraData);
        if (Options.PublishOnAdd) Publish();
        return index;
    }

    /// <summary>Adds a corpus as it streams; publishing is the caller's.</summary>
    /// <returns>How many entries it had.</returns>
    public ulong AddCorpus(IEnumerable<CorpusEntry> corpus)
    {
        ulong count = 0;
        foreach (CorpusEntry entry in corpus)
        {
            if (entry.Chain is { } chain) Add(SubmissionOf(chain));
            else AddEntry(entry.LeafInput.Span, entry.ExtraData.Span);
            count++;
        }
        return count;
    }

    /// <summary>Signs a head over all entries so far and serves it from now on.</summary>
    public PublishedHead Publish()
    {
        lock (_gate)
        {
            Flush();
            PublishedHead head = Sign(new TreeSize(_tree.Size), Now());
            Span<byte> record = stackalloc byte[16];
            BinaryPrimitives.WriteUInt64BigEndian(record, head.Size.Value);
            BinaryPrimitives.WriteUInt64BigEndian(record[8..], head.Timestamp);
            _heads.Append(record);
            _heads.Flush();
            AddSize(head.Size.Value);
            _view = new LogView(this, head);
            return head;
        }
    }

    /// <summary>Misbehaves in these ways too, from now on.</summary>
    public void Misbehave(params IReadOnlyList<Fault> faults) =>
        ChangeFaults(active => [.. active, .. faults.Select(fault => fault.Begin(this))]);

    /// <summary>Misbehaves in these ways too, each written as <see cref="Fault"/> says.</summary>
    /// <exception cref="FormatException">One of them is no fault.</exception>
    public void Misbehave(params IReadOnlyList<string> faults) => Misbehave([.. faults.Select(Fault.Parse)]);

    /// <summary>Misbehaves no longer.</summary>
    public void Behave() => ChangeFaults(_ => []);

    /// <summary>The root over the first <paramref name="size"/> entries.</summary>
    public MerkleHash RootAt(TreeSize size) => _tree.Mth(0, Existing(size));

    /// <summary>PATH(m, D[n]) of RFC 6962 §2.1.1.</summary>
    public IReadOnlyList<MerkleHash> InclusionProof(EntryIndex index, TreeSize size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index.Value, Existing(size), nameof(index));
        return _tree.Path(index.Value, size.Value);
    }

    /// <summary>PROOF(m, D[n]) of RFC 6962 §2.1.2; empty if a size is 0 or both are the same.</summary>
    public IReadOnlyList<MerkleHash> ConsistencyProof(TreeSize first, TreeSize second)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first.Value, Existing(second), nameof(first));
        return first.Value == 0 ? [] : _tree.Proof(first.Value, second.Value);
    }

    public MerkleHash LeafHashAt(EntryIndex index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index.Value, _tree.Size, nameof(index));
        return _tree.Stored(0, index.Value);
    }

    /// <summary>The first entry with this leaf hash among the first <paramref name="size"/>.</summary>
    public EntryIndex? FindLeaf(MerkleHash leafHash, TreeSize size) => _leafIndexes.Find(leafHash, Existing(size));

    /// <summary>An entry as get-entries gives it.</summary>
    public (byte[] LeafInput, byte[] ExtraData) ReadEntry(EntryIndex index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index.Value, _tree.Size, nameof(index));
        using EntryPage page = ReadPage(index.Value, 1);
        page.MoveNext();
        return (page.LeafInput.ToArray(), page.ExtraData.ToArray());
    }

    /// <summary>Whether any head ever published had a size from <paramref name="from"/> on and below <paramref name="to"/>.</summary>
    internal bool HasPublishedBetween(ulong from, ulong to)
    {
        lock (_sizes)
        {
            int at = _sizes.BinarySearch(from);
            if (at < 0) at = ~at;
            return at < _sizes.Count && _sizes[at] < to;
        }
    }

    /// <summary>The largest size that was published before this one; 0 if none was.</summary>
    internal ulong SizeBefore(ulong size)
    {
        lock (_sizes)
        {
            int at = _sizes.BinarySearch(size);
            if (at < 0) at = ~at;
            return at == 0 ? 0 : _sizes[at - 1];
        }
    }

    /// <summary>The tree as it is.</summary>
    internal HashTree Tree => _tree;

    /// <summary>What an honest log shows now.</summary>
    internal LogView View => _view;

    /// <summary>Called after the set of faults has changed.</summary>
    internal event Action? FaultsChanged;

    internal void ChangeFaults(Func<ImmutableArray<ActiveFault>, ImmutableArray<ActiveFault>> change)
    {
        ImmutableArray<ActiveFault> before, after;
        lock (_faultGate)
        {
            before = _faults.Active;
            after = change(before);
            _faults = FaultSet.Of(after);
        }
        foreach (ActiveFault fault in before)
            if (!after.Contains(fault)) fault.Dispose();
        FaultsChanged?.Invoke();
    }

    /// <summary>A fault that is over.</summary>
    internal void End(ActiveFault fault) => ChangeFaults(active => active.Remove(fault));

    internal IReadOnlyList<byte[]> AcceptedRoots => Options.AcceptedRoots;

    internal bool TryGetIssuer(MerkleHash fingerprint, out byte[] issuer) => _issuers.TryGet(fingerprint, out issuer);

    internal void ReadHashes(int level, ulong first, Span<byte> target) => _tree.Read(level, first, target);

    internal EntryPage ReadPage(ulong first, int count) => new(_entries, _issuers, first, count);

    /// <summary>Where the entries of a data tile lie: read them with <see cref="ReadTileBytes"/>.</summary>
    internal (long From, long To) FindTile(ulong first, int count)
    {
        long[] limits = new long[count + 1];
        _entries.ReadLimits(first, limits);
        return (limits[0], limits[count]);
    }

    internal void ReadTileBytes(long from, Span<byte> target) => _entries.ReadTiles(from, target);

    public void Dispose()
    {
        Behave();
        _publishing?.Dispose();
        lock (_gate)
        {
            _disposed = true;
            _entries.Dispose();
            _tree.Dispose();
            _heads.Dispose();
            Rfc6962Key.Dispose();
            StaticCtKey.Dispose();
            if (Options.Directory is null && Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Waits for a publication under way.
        if (_publishing is not null) await _publishing.DisposeAsync();
        Dispose();
    }

    private void PublishUnlessDisposed()
    {
        lock (_gate)
            if (!_disposed) Publish();
    }

    private (EntryIndex Index, ulong Timestamp, byte[] LeafInput) Add(Submission submission)
    {
        (EntryIndex, ulong, byte[]) added;
        lock (_gate)
        {
            ulong timestamp = Now();
            byte[] leafInput = LeafFormat.LeafInput(
                timestamp, submission.IssuerKeyHash, submission.Signed, LeafFormat.LeafIndexExtension(_tree.Size));
            added = (AppendShaped(leafInput, submission.ExtraData), timestamp, leafInput);
        }
        if (Options.PublishOnAdd) Publish();
        return added;
    }

    private static Submission SubmissionOf(IReadOnlyList<byte[]> chain) =>
        Submission.Read(chain, asPrecertificate: true, [], out _) ?? Submission.OfAnything(chain);

    private EntryIndex AppendShaped(ReadOnlySpan<byte> leafInput, ReadOnlySpan<byte> extraData)
    {
        FaultSet faults = _faults;
        if (faults == FaultSet.None && !_hasShaped) return Append(leafInput, extraData);

        var asked = new AddedRow(leafInput.ToArray(), extraData.ToArray());
        List<AddedRow> rows = [asked];
        foreach (ActiveFault fault in faults.Active) fault.Shape(_tree.Size, rows);
        EntryIndex index = default;
        foreach (AddedRow row in rows)
        {
            // Once there is one more than was asked for, all later ones stand elsewhere than they say.
            _hasShaped |= rows.Count > 1;
            if (_hasShaped && row == asked) row.SayIndex(_tree.Size);
            EntryIndex at = Append(row.LeafInput, row.ExtraData);
            if (row == asked) index = at;
        }
        return index;
    }

    private EntryIndex Append(ReadOnlySpan<byte> leafInput, ReadOnlySpan<byte> extraData)
    {
        bool fits = LeafFormat.TryToTileLeaf(leafInput, extraData, _issuers, _tileLeaf);
        if (fits) _entries.Append(CollectionsMarshal.AsSpan(_tileLeaf));
        else _entries.AppendOdd(CollectionsMarshal.AsSpan(_tileLeaf), leafInput, extraData);

        byte[] hashed = ArrayPool<byte>.Shared.Rent(1 + leafInput.Length);
        hashed[0] = 0;
        leafInput.CopyTo(hashed.AsSpan(1));
        var index = new EntryIndex(_tree.Size);
        _tree.Append(HashTree.LeafHash(hashed.AsSpan(0, 1 + leafInput.Length)));
        ArrayPool<byte>.Shared.Return(hashed);
        return index;
    }

    /// <summary>A head that was not published, over a tree of this size; its tiles exist from now on.</summary>
    internal PublishedHead SignHead(TreeSize size, ulong timestamp, OtherLeaf? other = null)
    {
        AddSize(size.Value);
        return Sign(size, timestamp, other);
    }

    private PublishedHead Sign(TreeSize size, ulong timestamp, OtherLeaf? other = null)
    {
        MerkleHash root = _tree.Mth(0, size.Value, other);
        byte[] message = PublishedHead.SignedBytes(size, timestamp, root);
        return new PublishedHead(size, timestamp, root, Rfc6962Key.Sign(message), StaticCtKey.Sign(message));
    }

    private PublishedHead? ReopenHead()
    {
        _heads.Truncate(_heads.Length / 16 * 16);
        if (_heads.Length == 0) return null;

        byte[] records = new byte[_heads.Length];
        _heads.Read(0, records);
        for (int at = 0; at < records.Length; at += 16) AddSize(BinaryPrimitives.ReadUInt64BigEndian(records.AsSpan(at)));
        var size = new TreeSize(BinaryPrimitives.ReadUInt64BigEndian(records.AsSpan(records.Length - 16)));
        if (size.Value > _tree.Size)
            throw new InvalidDataException($"{_folder} published a head of size {size} but holds {_tree.Size} entries.");
        return Sign(size, BinaryPrimitives.ReadUInt64BigEndian(records.AsSpan(records.Length - 8)));
    }

    private void AddSize(ulong size)
    {
        lock (_sizes)
        {
            int at = _sizes.BinarySearch(size);
            if (at < 0) _sizes.Insert(~at, size);
        }
    }

    private void Flush()
    {
        _entries.Flush();
        _tree.Flush();
    }

    private ulong Existing(TreeSize size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size.Value, _tree.Size, nameof(size));
        return size.Value;
    }

    private ulong Now() => (ulong)Options.Time.GetUtcNow().ToUnixTimeMilliseconds();
}
