namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>The whole protected domain inside another, with its dots, with hyphens for them, or without: <c>facebook.com.evil.com</c>.</summary>
internal sealed class TargetEmbeddingDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.TargetEmbedding;

    // It ends left of the registry's suffix: login-facebook.com.cn stands under .com.cn, and no facebook.com inside it.
    public int Points(in Sighting sighting) => sighting.Has(Evidence.OwnSuffix) ? Inside(sighting) : 0;

    private static int Inside(in Sighting sighting)
    {
        // Short domains, such as fb.com, are whole only between dots and hyphens.
        bool isWhole = sighting.Place is Place.Label or Place.Word or Place.SubLabel or Place.SubWord;
        bool isShort = sighting.Word.Length <= 3 || (sighting.Word.Length == 4 && sighting.Word.IsOrdinary);
        return sighting.Change switch
        {
            Change.None or Change.Hyphen when sighting.Word.Kind == BrandWordKind.Joined => 71,
            Change.None or Change.Hyphen when isShort && !sighting.IsDotted => 82,
            Change.None or Change.Hyphen => isWhole ? 104 : 93 + LengthPoints.Of(sighting.Word),
            Change.Glyph or Change.Script or Change.Accent => 88 + LengthPoints.Of(sighting.Word),
            Change.Slip => 62 + LengthPoints.Of(sighting.Word),
            _ => 0,
        };
    }

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Domain} stands inside {quotation.Registrable}: {quotation.Matched} and what follows it";
}
