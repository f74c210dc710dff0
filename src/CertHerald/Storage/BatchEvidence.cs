using CertHerald.Transparency.Entries;

namespace CertHerald.Storage;

/// <summary>What is kept of the bytes of a batch that contradicts what its log signed.</summary>
internal static class BatchEvidence
{
    /// <summary>Bytes of leaf inputs, at most. A lie that tiles have narrowed down to its entry is kept whole.</summary>
    private const int MostBytes = 256 * 1024;

    /// <summary>The first leaf inputs as served, in base64: as many as fit.</summary>
    public static IReadOnlyList<string> LeafInputs(RawBatch batch)
    {
        var inputs = new List<string>();
        for (int place = 0, bytes = 0; place < batch.Count; place++)
        {
            bytes += batch[place].LeafInput.Length;
            if (bytes > MostBytes) break;
            inputs.Add(Convert.ToBase64String(batch[place].LeafInput));
        }
        return inputs;
    }
}
