namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>The protected name below a domain of somebody else: <c>facebook.evil.com</c>.</summary>
internal sealed class SubdomainDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.SubdomainBrand;

    public int Points(in Sighting sighting)
    {
        if (sighting.Change != Change.None) return 0;
        int points = sighting.Place switch
        {
            Place.SubLabel => 57,
            Place.SubWord => 65,
            Place.SubEdge => 56,
            Place.SubInner => 50,
            _ => 0,
        };
        return points == 0 ? 0 : points + LengthPoints.Of(sighting.Word);
    }

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} stands below {quotation.Registrable}, a domain of somebody else";
}
