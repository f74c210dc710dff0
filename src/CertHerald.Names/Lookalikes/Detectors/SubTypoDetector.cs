namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A misspelling below a domain of somebody else: <c>facebok.evil.com</c>.</summary>
internal sealed class SubTypoDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.SubTypo;

    public int Points(in Sighting sighting) => sighting.IsBelow && sighting.Change is Change.Slip or Change.Slips or Change.Glyph ? 30 : 0;

    public string Explain(in Sighting sighting, in Quotation quotation) => $"{quotation.Matched} → {quotation.Word}: {quotation.Changes}; below {quotation.Registrable}";
}
