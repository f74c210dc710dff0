namespace CertHerald.Names.Lookalikes.Detectors;

/// <summary>Written together with words: <c>facebooklogin.com</c>.</summary>
internal sealed class ComboConcatDetector : ILookalikeDetector
{
    public LookalikeClass Class => LookalikeClass.ComboConcat;

    public int Points(in Sighting sighting) => sighting.Change is not Change.None ? 0 : sighting.Place switch { Place.Edge => 50, Place.Inner => 40, _ => 0 };

    public string Explain(in Sighting sighting, in Quotation quotation) => $"{quotation.Word} stands in {quotation.Registrable}, written together with other words";
}
