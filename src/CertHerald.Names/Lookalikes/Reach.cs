namespace CertHerald.Names.Lookalikes;

/// <summary>Whether a score can be reached, from less than judging takes: most of what is found cannot, and is left at that.</summary>
internal static class Reach
{
    /// <summary>Nothing scores below 1: at that, all counts that some detector knows.</summary>
    private const int LeastOfAll = 1;

    /// <summary>Whether a text can reach it as two slips of a word, whatever the word: few texts can, and two slips cost most to look for.</summary>
    public static bool MayWithTwoSlips(NameText name, Evidence ofName, int start, int end, int least)
    {
        if (least <= LeastOfAll || name.HasForeign) return true;
        Place place = ContextReader.PlaceOf(name, start, end);
        Evidence most = ContextReader.OfLabel(ofName, !place.IsBelow()) | ContextReader.MostAround(name, start, end);
        // Of an own suffix and any, the latter weighs more.
        if (end < name.Length) most |= Evidence.AnyTld;
        else if (name.Suffix.Contains((byte)'.')) most |= Evidence.ReadsOn;
        if (name.Before[start] != Gap.Dot) most |= Evidence.Www;
        return PointsTable.Most(place, slips: 2, PointsTable.Longest, most) + LookalikeScores.Of(most, place.IsBelow()) >= least;
    }

    /// <summary>
    /// Whether a hit can reach it, from near memory only. Says yes of what stands between hyphens or dots, and of whatever may have
    /// evidence that detectors must be asked about.
    /// </summary>
    public static bool May(NameText name, Evidence ofName, in Hit hit, int commonness, SuffixWords suffixes, int least)
    {
        int start = hit.Start, end = hit.End;
        bool opens = name.Before[start] != Gap.None, closes = name.Before[end] != Gap.None;
        if (least <= LeastOfAll || name.HasForeign || (opens && closes)) return true;
        int label = name.LabelOf[start];
        if (ContextReader.MayBeWww(name, name.TextStart[label], start) || suffixes.MayFollow(name, end)) return true;
        Place place = ContextReader.PlaceOf(name, start, end);
        Evidence most = ContextReader.OfLabel(ofName, !place.IsBelow()) | ContextReader.MostAround(name, start, end);
        if (end < name.Length) most |= Evidence.AnyTld;
        else if (name.Suffix.Contains((byte)'.')) most |= Evidence.ReadsOn;
        return PointsTable.Most(place, hit.Slips, end - start + hit.Slips, most) - commonness + LookalikeScores.Of(most, place.IsBelow()) >= least;
    }

    /// <summary>Whether a hit can reach it, however its letters compare and whatever stands around it.</summary>
    public static bool May(NameText name, in Hit hit, in Scene scene, in WordFacts word, int commonness, int least)
    {
        if (least <= LeastOfAll || name.HasForeign || PointsTable.MustAsk(scene.Evidence)) return true;
        int points = PointsTable.Most(scene.Place, hit.Slips, word.Length, scene.Evidence);
        Evidence most = scene.Evidence | ContextReader.MostAround(name, hit.Start, hit.End);
        return points > 0 && points - commonness + LookalikeScores.Of(most, scene.Place.IsBelow()) >= least;
    }

    /// <summary>Whether a sighting of so many points can, whatever stands around it.</summary>
    public static bool May(NameText name, in Sighting sighting, int points, int least)
    {
        Evidence around = least <= LeastOfAll ? ContextReader.AllAround : ContextReader.MostAround(name, sighting.Start, sighting.End);
        return points + LookalikeScores.Of(sighting.Evidence | around, sighting.IsBelow) >= least;
    }
}
