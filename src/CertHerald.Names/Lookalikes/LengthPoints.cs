namespace CertHerald.Names.Lookalikes;

/// <summary>What the length of a word is worth: short ones stand in other words by accident.</summary>
internal static class LengthPoints
{
    private static readonly sbyte[] ByLength = [-40, -40, -40, -38, -18, -7, 3, 7, 12, 12];

    public static int Of(BrandWord word) => ByLength[Math.Min(word.Length, ByLength.Length - 1)];
}
