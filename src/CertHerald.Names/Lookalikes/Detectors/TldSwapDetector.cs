namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>The protected name under another top-level domain: <c>facebook.top</c>.</summary>
internal sealed class TldSwapDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.TldSwap;

    public int Points(in Sighting sighting) => sighting.Place == Place.Label && sighting.Change == Change.None ? 50 + LengthPoints.Of(sighting.Word) : 0;

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} stands under .{quotation.Suffix}, not {quotation.Domain}";
}
