using System.Security.Cryptography;
using System.Text;
using CertHerald.Tests.Transparency.Heads;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Doubles;

/// <summary>A log without a server: leaves, real heads over them, and batches that <see cref="Batch.Check"/> made.</summary>
internal sealed class PaperLog : IDisposable
{
    private readonly SigningLog _key = new();
    private readonly List<byte[]> _leaves = [];

    public PaperLog(string name = "paper", int entries = 0)
    {
        Name = name;
        Description = LogDescription.Custom(_key.Key, LogProtocol.Rfc6962, $"https://{name}.example/", description: name, @operator: "Some operator");
        for (int i = 0; i < entries; i++) Add($"{name} {i}");
    }

    public string Name { get; }

    public LogDescription Description { get; }

    public LogId Id => Description.Id;

    public ulong Size => (ulong)_leaves.Count;

    public void Add(string leaf) => _leaves.Add(Encoding.UTF8.GetBytes(leaf));

    /// <summary>Changes history, as no log may.</summary>
    public void Rewrite(int index, string leaf) => _leaves[index] = Encoding.UTF8.GetBytes(leaf);

    /// <summary>A head over the first entries; all of them unless told.</summary>
    public VerifiedHead Head(ulong? size = null, ulong timestamp = 1_772_366_400_000) => _key.Head(size ?? Size, FrontierAt(size ?? Size).Root(), timestamp);

    /// <summary>A head that bears the signature, over a tree that is not this one.</summary>
    public VerifiedHead Lie(ulong? size = null, string tree = "another") =>
        _key.Head(size ?? Size, new MerkleHash(SHA256.HashData(Encoding.UTF8.GetBytes(tree))), 1_772_366_400_000);

    public Frontier FrontierAt(ulong size) => Frontier.Empty.Append(_leaves.Take((int)size).Select(leaf => MerkleHash.OfLeaf(leaf)).ToArray());

    public RawBatch Raw(ulong from, ulong until)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(from), ExtraDataForm.Rfc6962);
        foreach (byte[] leaf in _leaves.Take((int)until).Skip((int)from)) Assert.True(builder.Add(leaf, []));
        return builder.Build();
    }

    /// <summary>Entries from a size on, checked against a head: proven if they reach it, unproven if not, disputed if it is a lie.</summary>
    public Batch Read(ulong from, ulong until, VerifiedHead? head = null) => Batch.Check(FrontierAt(from), Raw(from, until), [], head ?? Head());

    public void Dispose() => _key.Dispose();
}
