namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A hyphen or a dot put in, left out or moved: <c>face-book.com</c>, <c>face.book.com</c>, <c>brandexample.com</c> for <c>brand-example.com</c>.</summary>
internal sealed class DotHyphenDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.DotHyphen;

    public int Points(in Sighting sighting)
    {
        int points = (sighting.Place, sighting.Change) switch
        {
            (Place.Across, Change.None or Change.Hyphen) => 60,
            (Place.Label, Change.Hyphen) => 58,
            (Place.SubLabel, Change.Hyphen) => 50,
            (Place.Word, Change.Hyphen) => 50,
            (Place.SubWord, Change.Hyphen) => 34,
            _ => 0,
        };
        return points == 0 ? 0 : points + LengthPoints.Of(sighting.Word);
    }

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} reads {quotation.Word}: {quotation.Changes}";
}
