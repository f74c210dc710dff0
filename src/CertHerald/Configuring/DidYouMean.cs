namespace CertHerald.Configuring;

/// <summary>What somebody who mistyped a word probably meant.</summary>
internal static class DidYouMean
{
    /// <summary>A remedy for an unknown word: the nearest known one, or all of them.</summary>
    public static string Remedy(string word, IReadOnlyCollection<string> known)
    {
        string? nearest = known.MinBy(other => Distance(word, other));
        return nearest is not null && Distance(word, nearest) <= Math.Max(1, word.Length / 3)
            ? $"did you mean \"{nearest}\"?"
            : $"remove it; known here: {string.Join(", ", known.Order(StringComparer.Ordinal))}";
    }

    /// <summary>Letters to insert, remove, replace or swap, whatever their case.</summary>
    public static int Distance(string left, string right)
    {
        int[,] cost = new int[left.Length + 1, right.Length + 1];
        for (int i = 0; i <= left.Length; i++) cost[i, 0] = i;
        for (int j = 0; j <= right.Length; j++) cost[0, j] = j;
        for (int i = 1; i <= left.Length; i++)
            for (int j = 1; j <= right.Length; j++)
            {
                bool same = char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]);
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        return cost[left.Length, right.Length];
    }
}
