using System.Numerics;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// What every hit asks of its word, and enough to say what cannot reach a score: all words' side by side, so that a hit costs one
/// look at far memory, and most cost no more.
/// </summary>
/// <param name="suffixes">Its domain's list of <see cref="SuffixWords"/>.</param>
internal readonly struct WordFacts(BrandWord word, int suffixes)
{
    /// <summary>As <see cref="BrandWord.Hyphens"/>.</summary>
    public ulong Hyphens { get; } = word.Hyphens;

    public int Domain { get; } = word.Domain;

    public int Suffixes { get; } = suffixes;

    /// <summary>As <see cref="BrandWord.Joint"/>.</summary>
    public byte Joint { get; } = (byte)word.Joint;

    public byte Length { get; } = (byte)word.Length;

    /// <summary>Characters of the label as its owner writes it, hyphens counted.</summary>
    public byte Label { get; } = (byte)(word.Kind == BrandWordKind.Joined ? word.Joint : word.Length + BitOperations.PopCount(word.Hyphens));

    public BrandWordKind Kind { get; } = word.Kind;
}
