namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>Digits and letters that are drawn alike: <c>faceb00k.com</c>.</summary>
internal sealed class AsciiHomoglyphDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.AsciiHomoglyph;

    public int Points(in Sighting sighting) => sighting.Change == Change.Glyph && sighting.Place == Place.Label ? 96 + LengthPoints.Of(sighting.Word) : 0;

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} is drawn like {quotation.Word}: {quotation.Changes}";
}
