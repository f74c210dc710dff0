namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A misspelling below a domain of somebody else: <c>facebok.evil.com</c>.</summary>
internal sealed class SubTypoDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.SubTypo;

    public int Points(in Sighting sighting)
    {
        int points = (sighting.Place, sighting.Change) switch
        {
            (Place.SubLabel, Change.Glyph) => 72,
            (Place.SubWord, Change.Glyph) => 72,
            (Place.SubEdge, Change.Glyph) => 42,
            (Place.SubInner, Change.Glyph) => 36,
            (Place.SubLabel, Change.Slip) => 50,
            (Place.SubWord, Change.Slip) => 44,
            (Place.SubLabel, Change.WeakSlip) => 36,
            (Place.SubWord, Change.WeakSlip) => 30,
            (Place.SubLabel, Change.Slips) => 16,
            (Place.SubWord, Change.Slips) => 14,
            (Place.SubEdge or Place.SubInner or Place.Across, Change.Slip or Change.WeakSlip or Change.Slips or Change.Glyph) => 6,
            _ => 0,
        };
        return points == 0 ? 0 : Math.Max(1, points + LengthPoints.Of(sighting.Word));
    }

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} is {quotation.Word} misspelt ({quotation.Changes}), below {quotation.Registrable}";
}
