namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A hyphen or a dot put in or moved: <c>face-book.com</c>, <c>face.book.com</c>.</summary>
internal sealed class DotHyphenDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.DotHyphen;

    public int Points(in Sighting sighting) => sighting.Change == Change.Hyphen || sighting.Place == Place.Across ? 50 : 0;

    public string Explain(in Sighting sighting, in Quotation quotation) => $"{quotation.Matched} → {quotation.Word}: a hyphen or dot was moved";
}
