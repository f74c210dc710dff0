namespace CertHerald.Names.Lookalikes;

/// <summary>Words as they are drawn, one behind the other: fetched from memory at once, not by way of three objects. Immutable and thread-safe.</summary>
internal sealed class WordFolds
{
    private readonly byte[] _all;
    private readonly int[] _starts;

    public WordFolds(BrandWord[] words)
    {
        _starts = new int[words.Length + 1];
        for (int i = 0; i < words.Length; i++) _starts[i + 1] = _starts[i] + words[i].Length;
        _all = new byte[_starts[^1]];
        for (int i = 0; i < words.Length; i++) words[i].Fold.CopyTo(_all, _starts[i]);
    }

    public ReadOnlySpan<byte> this[int word] => _all.AsSpan(_starts[word], _starts[word + 1] - _starts[word]);
}
