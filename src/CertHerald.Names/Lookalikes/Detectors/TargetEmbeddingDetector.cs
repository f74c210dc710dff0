namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>The whole protected domain as labels of another, or with hyphens for its dots: <c>facebook.com.evil.com</c>.</summary>
internal sealed class TargetEmbeddingDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.TargetEmbedding;

    public int Points(in Sighting sighting) => !sighting.Has(Evidence.OwnSuffix) ? 0 : sighting.Change is Change.None or Change.Hyphen or Change.Glyph or Change.Accent or Change.Script ? 85 : 60;

    public string Explain(in Sighting sighting, in Quotation quotation) => $"{quotation.Domain} stands inside {quotation.Registrable}";
}
