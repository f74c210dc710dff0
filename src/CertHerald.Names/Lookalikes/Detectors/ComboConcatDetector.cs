namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>Written together with words: <c>facebooklogin.com</c>.</summary>
internal sealed class ComboConcatDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.ComboConcat;

    public int Points(in Sighting sighting) => sighting.Change != Change.None ? 0 : sighting.Place switch { Place.Edge => 61 + LengthPoints.Of(sighting.Word), Place.Inner => 44 + LengthPoints.Of(sighting.Word), _ => 0 };

    public string Explain(in Sighting sighting, in Quotation quotation) =>
        $"{quotation.Matched} stands in {quotation.Registrable}, written together with other words";
}
