namespace CertHerald.Names.Lookalikes;

/// <summary>Optimal string alignment: insertions, omissions, replacements, and transpositions of neighbours, each one.</summary>
internal static class EditDistance
{
    private const int MaxLength = 64;

    /// <summary>The distance, or <paramref name="most"/> + 1 if it is greater.</summary>
    /// <param name="most">0–3.</param>
    public static int AtMost(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int most)
    {
        int skip = a.CommonPrefixLength(b);
        a = a[skip..];
        b = b[skip..];
        int same = 0;
        while (same < a.Length && same < b.Length && a[^(same + 1)] == b[^(same + 1)]) same++;
        a = a[..^same];
        b = b[..^same];
        if (Math.Abs(a.Length - b.Length) > most || a.Length > MaxLength || b.Length > MaxLength) return most + 1;
        if (a.IsEmpty || b.IsEmpty) return a.Length + b.Length;
        // Neither the first letters nor the last are the same.
        if (a.Length == 1 && b.Length == 1) return 1;
        if (most == 1) return a.Length == 2 && b.Length == 2 && a[0] == b[1] && a[1] == b[0] ? 1 : 2;

        Span<byte> before = stackalloc byte[MaxLength + 1], last = stackalloc byte[MaxLength + 1], row = stackalloc byte[MaxLength + 1];
        for (int j = 0; j <= b.Length; j++) last[j] = (byte)j;
        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = (byte)i;
            int least = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                int best = Math.Min(Math.Min(last[j] + 1, row[j - 1] + 1), last[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = Math.Min(best, before[j - 2] + 1);
                row[j] = (byte)best;
                least = Math.Min(least, best);
            }
            if (least > most) return most + 1;
            Span<byte> free = before;
            before = last;
            last = row;
            row = free;
        }
        return Math.Min((int)last[b.Length], most + 1);
    }
}
