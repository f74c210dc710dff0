namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>Letters of another script, or with marks, drawn like the protected name: <c>fаcebook.com</c> with a Cyrillic а.</summary>
internal sealed class IdnHomographDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.IdnHomograph;

    public int Points(in Sighting sighting) => sighting.Change switch { Change.Script => 85, Change.Accent => 70, _ => 0 };

    public string Explain(in Sighting sighting, in Quotation quotation) => $"{quotation.Matched} is drawn as {quotation.Word}: {quotation.Changes}";
}
