using CertHerald.Names.Lookalikes.Detectors;

namespace CertHerald.Names.Lookalikes;

/// <summary>The ways that are looked for.</summary>
internal static class LookalikeDetectors
{
    /// <summary>Every detector. Adding one means adding a line here. The one with the most points names the class; of equals, the first.</summary>
    public static IReadOnlyList<ILookalikeDetector> All { get; } =
    [
        new DoppelgangerDetector(),
        new TargetEmbeddingDetector(),
        new IdnHomographDetector(),
        new AsciiHomoglyphDetector(),
        new PrivateSuffixDetector(),
        new TldSwapDetector(),
        new DotHyphenDetector(),
        new TypoDetector(),
        new ComboHyphenDetector(),
        new ComboConcatDetector(),
        new ComboTypoDetector(),
        new SubdomainDetector(),
        new SubTypoDetector(),
    ];
}
