using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CertHerald.TestLog;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>
/// An RFC 6962 log of any size, at once: all its entries are the same one, so that every perfect subtree of a height is too,
/// and roots and consistency proofs take a handful of hashes.
/// </summary>
internal sealed partial class UniformLog : IAsyncDisposable
{
    private readonly SigningKey _key = new();
    private readonly ScriptedServer _server;
    private readonly string _entry;
    private readonly int _page;

    // Of 2^i entries.
    private readonly MerkleHash[] _perfect = new MerkleHash[48];
    private ulong _size;

    private UniformLog(ulong size, int page)
    {
        (_size, _page) = (size, page);
        CorpusEntry entry = new SyntheticCorpus().EntryAt(new EntryIndex(0));
        _entry = $$"""{"leaf_input":"{{Convert.ToBase64String(entry.LeafInput.Span)}}","extra_data":"{{Convert.ToBase64String(entry.ExtraData.Span)}}"}""";
        _perfect[0] = MerkleHash.OfLeaf(entry.LeafInput.Span);
        for (int i = 1; i < _perfect.Length; i++) _perfect[i] = MerkleHash.OfNode(_perfect[i - 1], _perfect[i - 1]);
        _server = ScriptedServer.StartAsync(AnswerAsync).GetAwaiter().GetResult();
        Description = LogDescription.Custom(_key.Public, LogProtocol.Rfc6962, _server.Url.AbsoluteUri, description: "uniform");
    }

    public LogDescription Description { get; }

    public ulong Size => Volatile.Read(ref _size);

    /// <param name="page">Entries that an answer holds.</param>
    public static UniformLog Start(ulong size, int page) => new(size, page);

    public void Grow(ulong by) => Volatile.Write(ref _size, _size + by);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path + context.Request.QueryString;
        ulong[] numbers = [.. Numbers().Matches(context.Request.QueryString.Value ?? "").Select(match => ulong.Parse(match.ValueSpan, CultureInfo.InvariantCulture))];
        string answer;
        if (path.Contains("get-entries?", StringComparison.Ordinal))
            answer = $$"""{"entries":[{{string.Join(',', Enumerable.Repeat(_entry, (int)Math.Min(numbers[1] - numbers[0] + 1, (ulong)_page)))}}]}""";
        else if (path.Contains("get-sth-consistency?", StringComparison.Ordinal))
            answer = JsonSerializer.Serialize(new { consistency = Proof(numbers[0], numbers[1], true).Select(hash => hash.ToBase64()) });
        else if (path.EndsWith("get-sth", StringComparison.Ordinal))
            answer = Head();
        else
        {
            context.Response.StatusCode = 404;
            return;
        }
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer));
    }

    private string Head()
    {
        SignedHead head = _key.Head(Size, Root(Size)).Signed;
        return JsonSerializer.Serialize(new
        {
            tree_size = head.Size.Value,
            timestamp = head.Timestamp,
            sha256_root_hash = head.Root.ToBase64(),
            tree_head_signature = Convert.ToBase64String(head.Signature.Span),
        });
    }

    private MerkleHash Root(ulong size) =>
        BitOperations.IsPow2(size) ? _perfect[BitOperations.Log2(size)] : MerkleHash.OfNode(Root(Split(size)), Root(size - Split(size)));

    /// <summary>RFC 6962 §2.1.2.</summary>
    private IEnumerable<MerkleHash> Proof(ulong m, ulong n, bool isWhole)
    {
        if (m == n) return isWhole ? [] : [Root(m)];
        ulong k = Split(n);
        return m <= k ? Proof(m, k, isWhole).Append(Root(n - k)) : Proof(m - k, n - k, false).Append(Root(k));
    }

    /// <summary>The largest power of two below a size.</summary>
    private static ulong Split(ulong size) => 1UL << BitOperations.Log2(size - 1);

    [GeneratedRegex(@"\d+")]
    private static partial Regex Numbers();
}
