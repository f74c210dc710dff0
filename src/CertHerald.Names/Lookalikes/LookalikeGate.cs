namespace CertHerald.Names.Lookalikes;

/// <summary>
/// The words of several indexes, asked before any of them: a name without one imitates nothing, however many indexes there are. The
/// same words of several owners are there once. Immutable and thread-safe.
/// </summary>
public sealed class LookalikeGate
{
    [ThreadStatic]
    private static (NameText Name, Hits Hits)? t_workplace;

    private readonly NameTables? _tables;
    private readonly WordIndex _words;
    private readonly int _least;

    /// <param name="indexes">Built with the same public suffixes and folds.</param>
    public LookalikeGate(IEnumerable<LookalikeIndex> indexes)
    {
        LookalikeIndex[] all = [.. indexes];
        _least = all.Min(index => (int?)index.LeastThreshold) ?? 100;
        _tables = all.FirstOrDefault()?.Tables;
        // As few words as each may have alone: what they find there must be found here.
        _words = new WordIndex(
            [.. all.SelectMany(index => index.Words.ToArray()).DistinctBy(word => (Convert.ToHexString(word.Fold), Convert.ToHexString(word.Raw), word.Kind == BrandWordKind.Joined))],
            areFew: true);
    }

    /// <summary>Whether a name may be an alert of some index, or kept for a digest. Allocates nothing.</summary>
    /// <param name="name">As for <see cref="LookalikeIndex.IsKept"/>.</param>
    public bool MayImitate(ReadOnlySpan<byte> name)
    {
        if (_tables is null) return false;
        (NameText text, Hits hits) = t_workplace ??= (new NameText(), new Hits());
        if (!text.Read(name, _tables)) return false;
        hits.Clear();
        _words.Find(text, ContextReader.OfName(text), _least, hits);
        return hits.Count > 0;
    }
}
