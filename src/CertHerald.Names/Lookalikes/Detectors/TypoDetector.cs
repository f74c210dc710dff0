namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A slip of the keyboard: <c>faecbook.com</c>.</summary>
internal sealed class TypoDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.Typo;

    public int Points(in Sighting sighting) => sighting.Place != Place.Label ? 0 : sighting.Change switch { Change.Slip => 60, Change.Slips => 45, _ => 0 };

    public string Explain(in Sighting sighting, in Quotation quotation) => $"{quotation.Matched} → {quotation.Word}: {quotation.Changes}";
}
