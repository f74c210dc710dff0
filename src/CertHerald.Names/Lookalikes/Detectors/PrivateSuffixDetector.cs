namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>The protected name as a customer of a hosting service: <c>facebook.weebly.com</c>.</summary>
internal sealed class PrivateSuffixDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.PrivateSuffixBrand;

    public int Points(in Sighting sighting) => sighting.Place == Place.Label && sighting.Has(Evidence.Hosted) && sighting.Change == Change.None ? 76 + LengthPoints.Of(sighting.Word) / 3 : 0;

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} is a customer's name below {quotation.Suffix}, not {quotation.Domain}";
}
