namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>Joined with words by hyphens: <c>facebook-login.com</c>.</summary>
internal sealed class ComboHyphenDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.ComboHyphen;

    public int Points(in Sighting sighting) => sighting.Place == Place.Word && sighting.Change == Change.None ? 70 + LengthPoints.Of(sighting.Word) : 0;

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} stands in {quotation.Registrable} beside other words";
}
