namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A misspelling joined with words: <c>facebok-login.com</c>.</summary>
internal sealed class ComboTypoDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.ComboTypo;

    public int Points(in Sighting sighting)
    {
        int points = (sighting.Place, sighting.Change) switch
        {
            (Place.Word, Change.Glyph) => 66,
            (Place.Word, Change.Slip) => 61,
            (Place.Word, Change.WeakSlip) => 46,
            (Place.Word, Change.Slips) => 20,
            (Place.Edge, Change.Glyph) => 44,
            (Place.Edge, Change.Slip or Change.WeakSlip) => 24,
            (Place.Edge, Change.Slips) => 6,
            (Place.Inner, Change.Glyph) => 24,
            (Place.Inner, Change.Slip or Change.WeakSlip or Change.Slips) => 6,
            _ => 0,
        };
        return points == 0 ? 0 : Math.Max(1, points + LengthPoints.Of(sighting.Word));
    }

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} is {quotation.Word} misspelt ({quotation.Changes}) beside other words";
}
