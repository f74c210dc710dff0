namespace CertHerald.Names.Lookalikes;

/// <summary>
/// The detector with the most points. Where no evidence stands by that a detector looks at, place, change and length decide: asked
/// once, and kept.
/// </summary>
internal static class PointsTable
{
    private const int Places = 9, Changes = 8, Lengths = 12;
    private const Evidence Looked = Evidence.OwnSuffix | Evidence.ReadsOn | Evidence.Hosted | Evidence.Foreign | Evidence.Www | Evidence.TldInside;

    private static readonly ILookalikeDetector[] Detectors = [.. LookalikeDetectors.All];
    private static readonly (int Points, int Detector)[] Plain = Build();

    /// <summary>Points, and which detector; -1 if it is none's.</summary>
    public static (int Points, int Detector) Of(in Sighting sighting) => sighting.Has(Looked) ? Ask(sighting) : Plain[Index(sighting)];

    private static (int Points, int Detector) Ask(in Sighting sighting)
    {
        int points = 0, detector = -1;
        for (int i = 0; i < Detectors.Length; i++)
        {
            int own = Detectors[i].Points(sighting);
            if (own > points) (points, detector) = (own, i);
        }
        return (points, detector);
    }

    private static (int Points, int Detector)[] Build()
    {
        var table = new (int, int)[Places * Changes * Lengths];
        for (int place = 0; place < Places; place++)
            for (int change = 0; change < Changes; change++)
                for (int length = 0; length < Lengths; length++)
                {
                    var word = new BrandWord(0, "", BrandWordKind.Core) { Fold = new byte[length] };
                    var sighting = new Sighting(word, 0, (Place)place, (Change)change, Evidence.None, 0, 0);
                    table[Index(sighting)] = Ask(sighting);
                }
        return table;
    }

    private static int Index(in Sighting sighting) => ((int)sighting.Place * Changes + (int)sighting.Change) * Lengths + Math.Min(sighting.Word.Length, Lengths - 1);
}
