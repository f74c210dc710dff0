namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A misspelling joined with words: <c>facebok-login.com</c>.</summary>
internal sealed class ComboTypoDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.ComboTypo;

    public int Points(in Sighting sighting) => sighting.Place is Place.Word or Place.Edge or Place.Inner && sighting.Change is Change.Slip or Change.Slips or Change.Glyph ? 40 : 0;

    public string Explain(in Sighting sighting, in Quotation quotation) => $"{quotation.Matched} → {quotation.Word}: {quotation.Changes}; other words stand beside it";
}
