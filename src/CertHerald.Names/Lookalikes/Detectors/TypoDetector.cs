namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A slip of the keyboard: <c>faecbook.com</c>.</summary>
internal sealed class TypoDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.Typo;

    public int Points(in Sighting sighting) => sighting.Place != Place.Label ? 0 : sighting.Change switch { Change.Slip => 58 + LengthPoints.Of(sighting.Word), Change.WeakSlip => 42 + LengthPoints.Of(sighting.Word), Change.Slips => 36 + LengthPoints.Of(sighting.Word), _ => 0 };

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} is {quotation.Word} misspelt: {quotation.Changes}";
}
