using System.Net;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Fetching;

/// <summary>Reads a log over RFC 6962 §4.</summary>
/// <param name="http">Its prefix ends with <c>ct/v1/</c>.</param>
/// <param name="lane">What requests for entries and proofs are for.</param>
/// <param name="page">Entries an answer holds, as learned before.</param>
internal sealed class Rfc6962Source(LogHttp http, RequestPriority lane, int page = Fetching.PageSize.First) : ILogSource
{
    private const string GetSth = "get-sth";

    private readonly HeadPoll _heads = new(http, GetSth);
    private readonly PageSize _page = new(page);

    public TimeSpan HeadFreshFor => _heads.FreshFor;

    public int PageSize => _page.Learned;

    public int LeastPage => 1;

    public string? ForeignOrigin => null;

    public Task<SignedHead> GetHeadAsync(CancellationToken cancellation) => _heads.AskAsync(ReadHead, cancellation);

    public void ForgetHead() => _heads.Forget();

    public TreeSize BatchEnd(EntryIndex start, TreeSize head) => new(_page.EndAfter(start.Value, head.Value));

    public int AnswersIn(EntryIndex start, int count) => 1;

    public Task<RawBatch> GetAroundAsync(EntryIndex index, TreeSize head, CancellationToken cancellation) =>
        GetEntriesAsync(index, 1, head, cancellation);

    public async Task<RawBatch> GetEntriesAsync(EntryIndex start, int atMost, TreeSize head, CancellationToken cancellation, FetchRoom? room = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atMost, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(start.Value, head.Value);

        // Never at or beyond the head: some logs answer with an error, and some with entries they have not signed.
        int asked = (int)Math.Min((ulong)atMost, head.Value - start.Value);
        string path = $"get-entries?start={start}&end={start.Value + (ulong)asked - 1}";
        using LogAnswer answer = await http.GetAsync(path, LogHttp.LargeCap, lane, cancellation, room: room);
        // The entries stand beside their text until that is read. Base64 makes them smaller than it.
        room?.Use(answer.Body.Length);
        if (!GetEntriesJson.TryRead(answer.Body.Span, start, asked, out RawBatch? batch, out string? problem))
            throw http.Unusable(path, problem);

        _page.Learn(asked, batch.Count);
        return batch;
    }

    public Task<MerkleHash[]> GetSubtreesAsync(TreeSize from, TreeSize until, CancellationToken cancellation) =>
        Task.FromResult<MerkleHash[]>([]);

    public Task<MerkleHash?> GetLeafHashAsync(EntryIndex index, TreeSize head, CancellationToken cancellation) => Task.FromResult<MerkleHash?>(null);

    public async Task<Frontier?> GetFrontierAsync(TreeSize at, VerifiedHead head, CancellationToken cancellation)
    {
        if (at.Value == 0) return Frontier.Empty;
        if (at >= head.Size) return null;

        return await FromConsistencyAsync(at, head, cancellation)
            ?? await FromEntryAndProofAsync(at, head, cancellation)
            ?? await FromProofByHashAsync(at, head, cancellation);
    }

    public async Task<bool?> ProvesAsync(TreeSize size, MerkleHash root, VerifiedHead head, CancellationToken cancellation)
    {
        string path = $"get-sth-consistency?first={size}&second={head.Size}";
        using LogAnswer answer = await http.GetAsync(path, LogHttp.SmallCap, lane, cancellation);
        return ConsistencyJson.TryRead(answer.Body.Span, out MerkleHash[]? proof, out _)
            ? ConsistencyProof.Verify(size, root, head.Size, head.Root, proof)
            : null;
    }

    public async Task<MerkleHash[]?> GetInclusionAsync(EntryIndex index, MerkleHash leaf, VerifiedHead head, CancellationToken cancellation)
    {
        try
        {
            string path = $"get-proof-by-hash?hash={Uri.EscapeDataString(leaf.ToBase64())}&tree_size={head.Size}";
            using LogAnswer answer = await http.GetAsync(path, LogHttp.SmallCap, lane, cancellation);
            // Of equal leaves the log picks one: another index has another path.
            if (ProofByHashJson.TryRead(answer.Body.Span, out EntryIndex found, out MerkleHash[]? proof, out _) && found == index) return proof;
        }
        catch (LogUnavailableException e) when (e.Status is HttpStatusCode.NotFound or HttpStatusCode.BadRequest)
        {
            // It does not do it here: the other call may.
        }

        try
        {
            string path = $"get-entry-and-proof?leaf_index={index}&tree_size={head.Size}";
            using LogAnswer answer = await http.GetAsync(path, LogHttp.LargeCap, lane, cancellation);
            return EntryAndProofJson.TryRead(answer.Body.Span, out _, out _, out MerkleHash[]? proof, out _) ? proof : null;
        }
        catch (LogUnavailableException e) when (e.Status is HttpStatusCode.NotFound or HttpStatusCode.BadRequest)
        {
            return null;                                       // often absent
        }
    }

    public SignedHead? ReadHead(ReadOnlyMemory<byte> verbatim) => SignedHeadJson.TryRead(verbatim, out SignedHead? head, out _) ? head : null;

    public Task<byte[]?> GetIssuerAsync(MerkleHash fingerprint, CancellationToken cancellation) => Task.FromResult<byte[]?>(null);

    public bool ForgetTiles() => false;

    private SignedHead ReadHead(byte[] answer) =>
        SignedHeadJson.TryRead(answer, out SignedHead? head, out string? problem) ? head : throw http.Unusable(GetSth, problem);

    private async Task<Frontier?> FromConsistencyAsync(TreeSize p, VerifiedHead head, CancellationToken cancellation)
    {
        // The proof for a power of two leaves out what we are after.
        if (ulong.IsPow2(p.Value)) return null;
        try
        {
            string path = $"get-sth-consistency?first={p}&second={head.Size}";
            using LogAnswer answer = await http.GetAsync(path, LogHttp.SmallCap, lane, cancellation);
            return ConsistencyJson.TryRead(answer.Body.Span, out MerkleHash[]? proof, out _)
                ? ConsistencyProof.FrontierFrom(p, head.Size, head.Root, proof)
                : null;
        }
        catch (LogUnavailableException)
        {
            return null;                                       // the next way may be open
        }
    }

    private async Task<Frontier?> FromEntryAndProofAsync(TreeSize p, VerifiedHead head, CancellationToken cancellation)
    {
        try
        {
            // An entry may be as large as an answer full of them.
            string path = $"get-entry-and-proof?leaf_index={p}&tree_size={head.Size}";
            using LogAnswer answer = await http.GetAsync(path, LogHttp.LargeCap, lane, cancellation);
            return EntryAndProofJson.TryRead(answer.Body.Span, out byte[]? leaf, out _, out MerkleHash[]? proof, out _)
                ? InclusionProof.FrontierFrom(MerkleHash.OfLeaf(leaf), new EntryIndex(p.Value), head.Size, proof, head.Root)
                : null;
        }
        catch (LogUnavailableException)
        {
            return null;                                       // often absent
        }
    }

    private async Task<Frontier?> FromProofByHashAsync(TreeSize p, VerifiedHead head, CancellationToken cancellation)
    {
        var index = new EntryIndex(p.Value);
        MerkleHash leaf;
        using (RawBatch entry = await GetEntriesAsync(index, 1, head.Size, cancellation)) leaf = entry.LeafHashes()[0];

        try
        {
            string path = $"get-proof-by-hash?hash={Uri.EscapeDataString(leaf.ToBase64())}&tree_size={head.Size}";
            using LogAnswer answer = await http.GetAsync(path, LogHttp.SmallCap, lane, cancellation);
            // Of equal leaves the log picks one: another index has another path.
            return ProofByHashJson.TryRead(answer.Body.Span, out EntryIndex found, out MerkleHash[]? proof, out _) && found == index
                ? InclusionProof.FrontierFrom(leaf, index, head.Size, proof, head.Root)
                : null;
        }
        catch (LogUnavailableException e) when (e.Status is HttpStatusCode.NotFound or HttpStatusCode.BadRequest)
        {
            return null;                                       // the log does not do it here: a smaller size may do
        }
    }
}
