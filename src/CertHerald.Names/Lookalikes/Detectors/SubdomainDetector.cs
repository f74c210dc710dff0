namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>The protected name below a domain of somebody else: <c>facebook.evil.com</c>.</summary>
internal sealed class SubdomainDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.SubdomainBrand;

    public int Points(in Sighting sighting) => !sighting.IsBelow || sighting.Change != Change.None ? 0 : sighting.Place switch { Place.SubLabel => 45, Place.SubWord => 40, Place.SubEdge => 30, _ => 20 };

    public string Explain(in Sighting sighting, in Quotation quotation) => $"{quotation.Word} stands below {quotation.Registrable}, which is not its owner's";
}
