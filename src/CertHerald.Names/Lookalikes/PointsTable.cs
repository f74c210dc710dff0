namespace CertHerald.Names.Lookalikes;

/// <summary>
/// The detector with the most points. Where no evidence stands by that detectors weigh against the word itself, place, change and
/// length decide, and whose suffix it is: asked once, and kept.
/// </summary>
internal static class PointsTable
{
    private const int Places = 9, Changes = 8, Lengths = 12, Suffixes = 4;
    private const Evidence Asked = Evidence.OwnSuffix | Evidence.Foreign | Evidence.Www | Evidence.TldInside;

    private static readonly ILookalikeDetector[] Detectors = [.. LookalikeDetectors.All];
    private static readonly (int Points, int Detector)[] Kept = Build();
    private static readonly int[] MostOf = BuildMost();

    /// <summary>Points, and which detector; -1 if it is none's.</summary>
    /// <param name="length">Of its word, which is far.</param>
    public static (int Points, int Detector) Of(in Sighting sighting, int length) =>
        MustAsk(sighting.Evidence) ? Ask(sighting) : Kept[Index(sighting.Place, sighting.Change, length, sighting.Evidence)];

    /// <summary>Longer words get no more points.</summary>
    public const int Longest = Lengths - 1;

    /// <summary>Whether evidence says more than is kept.</summary>
    public static bool MustAsk(Evidence evidence) => (evidence & Asked) != 0;

    /// <summary>The most points of ASCII letters with so many slips, whatever the change is. Without evidence to ask detectors about.</summary>
    public static int Most(Place place, int slips, int length, Evidence evidence) => MostOf[Index(place, (Change)slips, length, evidence)];

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
        var table = new (int, int)[Places * Changes * Lengths * Suffixes];
        for (int place = 0; place < Places; place++)
            for (int change = 0; change < Changes; change++)
                for (int length = 0; length < Lengths; length++)
                    for (int suffix = 0; suffix < Suffixes; suffix++)
                    {
                        var word = new BrandWord(0, "", BrandWordKind.Core) { Fold = new byte[length] };
                        var sighting = new Sighting(word, 0, (Place)place, (Change)change, EvidenceOf(suffix), 0, 0);
                        table[Index(sighting.Place, sighting.Change, length, sighting.Evidence)] = Ask(sighting);
                    }
        return table;
    }

    /// <summary>By the number of slips in the change's place.</summary>
    private static int[] BuildMost()
    {
        Change[][] bySlips = [[Change.None, Change.Glyph, Change.Hyphen], [Change.Slip, Change.WeakSlip], [Change.Slips]];
        int[] most = new int[Kept.Length];
        for (int place = 0; place < Places; place++)
            for (int slips = 0; slips < bySlips.Length; slips++)
                for (int length = 0; length < Lengths; length++)
                    for (int suffix = 0; suffix < Suffixes; suffix++)
                        most[Index((Place)place, (Change)slips, length, EvidenceOf(suffix))] = bySlips[slips].Max(change => Kept[Index((Place)place, change, length, EvidenceOf(suffix))].Points);
        return most;
    }

    private static Evidence EvidenceOf(int suffix) => ((suffix & 1) != 0 ? Evidence.Hosted : 0) | ((suffix & 2) != 0 ? Evidence.ReadsOn : 0);

    private static int Index(Place place, Change change, int length, Evidence evidence)
    {
        int suffix = ((evidence & Evidence.Hosted) != 0 ? 1 : 0) | ((evidence & Evidence.ReadsOn) != 0 ? 2 : 0);
        return (((int)place * Changes + (int)change) * Suffixes + suffix) * Lengths + Math.Min(length, Lengths - 1);
    }
}
