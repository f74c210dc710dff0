namespace CertHerald.TestLog;

/// <summary>An entry to be: a log's row, taken over byte for byte, or a chain that the log frames itself.</summary>
public readonly record struct CorpusEntry
{
    private CorpusEntry(IReadOnlyList<byte[]>? chain, ReadOnlyMemory<byte> leafInput, ReadOnlyMemory<byte> extraData) =>
        (Chain, LeafInput, ExtraData) = (chain, leafInput, extraData);

    /// <summary>Leaf first. Null: a row.</summary>
    public IReadOnlyList<byte[]>? Chain { get; }

    public ReadOnlyMemory<byte> LeafInput { get; }

    public ReadOnlyMemory<byte> ExtraData { get; }

    public static CorpusEntry OfRow(ReadOnlyMemory<byte> leafInput, ReadOnlyMemory<byte> extraData) => new(null, leafInput, extraData);

    /// <summary>
    /// A chain, leaf first. A precertificate with its issuer behind it becomes a precert entry; anything else, bytes that are
    /// no certificate included, an x509 entry.
    /// </summary>
    public static CorpusEntry OfChain(params IReadOnlyList<byte[]> chain) => new(chain, default, default);
}
