namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>Letters of another script, or with marks, drawn like the protected name: <c>fаcebook.com</c> with a Cyrillic а.</summary>
internal sealed class IdnHomographDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.IdnHomograph;

    public int Points(in Sighting sighting)
    {
        int points = (sighting.Change, sighting.Place) switch
        {
            (Change.Script, Place.Label or Place.Word or Place.SubLabel or Place.SubWord) => 100,
            (Change.Script, Place.Edge or Place.SubEdge) => 66,
            (Change.Accent, Place.Label or Place.SubLabel or Place.Word or Place.SubWord) => 98,
            (Change.Accent, Place.Edge or Place.SubEdge) => 52,
            // One letter with a mark, and another wrong.
            (Change.Slip or Change.WeakSlip, Place.Label) when sighting.Has(Evidence.Foreign) => 64,
            (Change.None, Place.Word or Place.Edge) when sighting.Has(Evidence.Foreign) => 60,
            _ => 0,
        };
        return points == 0 ? 0 : points + LengthPoints.Of(sighting.Word);
    }

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        sighting.Change == Change.None
            ? $"{quotation.Matched} stands beside foreign characters in {quotation.Registrable}"
            : $"{quotation.Registrable} is drawn as {quotation.Drawn}: {quotation.Changes}; imitates {quotation.Domain}";
}
