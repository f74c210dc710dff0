namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>A dot left out: <c>wwwfacebook.com</c>, <c>facebookcom.net</c>.</summary>
internal sealed class DoppelgangerDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.Doppelganger;

    public int Points(in Sighting sighting)
    {
        if (sighting.Change != Change.None || sighting.Place is not (Place.Edge or Place.Word or Place.Inner) || sighting.Word.Length < 4) return 0;
        bool hasOwnTld = sighting.Has(Evidence.TldInside) && sighting.Has(Evidence.OwnSuffix);
        return hasOwnTld || sighting.Has(Evidence.Www) || sighting.Has(Evidence.TldInside) ? (hasOwnTld ? sighting.Word.IsOrdinary ? 97 : 99 : 93) + LengthPoints.Of(sighting.Word) / 2 : 0;
    }

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Registrable} is {quotation.Domain} with a dot left out";
}
