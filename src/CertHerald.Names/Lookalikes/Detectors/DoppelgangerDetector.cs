namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A dot left out: <c>wwwfacebook.com</c>, <c>facebookcom.net</c>.</summary>
internal sealed class DoppelgangerDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.Doppelganger;

    public int Points(in Sighting sighting) => sighting.Place == Place.Edge && sighting.Change == Change.None && (sighting.Has(Evidence.Www) || sighting.Has(Evidence.OwnSuffix | Evidence.AnyTld)) ? 80 : 0;

    public string Explain(in Sighting sighting, in Quotation quotation) => $"{quotation.Matched} is {quotation.Domain} with a dot left out";
}
