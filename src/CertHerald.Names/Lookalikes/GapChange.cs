namespace CertHerald.Names.Lookalikes;

/// <summary>How hyphens and dots in a text differ from those of the word that it reads as.</summary>
[Flags]
internal enum GapChange
{
    None = 0,

    /// <summary>A hyphen stands where the owner writes none.</summary>
    PutIn = 1 << 0,

    /// <summary>The same in several places.</summary>
    SeveralPutIn = 1 << 1,

    /// <summary>None stands where the owner writes one.</summary>
    LeftOut = 1 << 2,

    /// <summary>The same in several places.</summary>
    SeveralLeftOut = 1 << 3,

    /// <summary>Two or more stand where the owner writes one.</summary>
    Doubled = 1 << 4,

    /// <summary>A dot stands where the owner writes nothing.</summary>
    Dot = 1 << 5,

    /// <summary>A dot stands where the owner writes a hyphen.</summary>
    DotForHyphen = 1 << 6,
}

internal static class GapChanges
{
    /// <summary>Compares what stands between the characters of a text with what stands between those of a word.</summary>
    /// <param name="start">Of a text that reads as the word, letter for letter or with two for one.</param>
    public static GapChange Between(NameText name, int start, int end, BrandWord word)
    {
        GapChange changes = 0;
        bool mayJoin = end - start != word.Length;
        for (int i = start, at = 0; i < end && at < word.Length; i++, at++)
        {
            if (at > 0) changes = With(changes, Of(name.Before[i], word, at));
            if (mayJoin && i + 1 < end && name.Raw[i] != word.Raw[at] && name.Before[i + 1] == Gap.None && Glyphs.Joined(name.Raw[i], name.Raw[i + 1]) == word.Raw[at]) i++;
        }
        return changes;
    }

    /// <summary>In words, the weightiest first.</summary>
    public static IEnumerable<string> Sentences(GapChange changes)
    {
        const GapChange Moved = GapChange.PutIn | GapChange.LeftOut;
        bool isMoved = (changes & Moved) == Moved;
        if (isMoved) yield return (changes & (GapChange.SeveralPutIn | GapChange.SeveralLeftOut)) != 0 ? "hyphens were moved" : "a hyphen was moved";
        else if ((changes & GapChange.PutIn) != 0) yield return (changes & GapChange.SeveralPutIn) != 0 ? "hyphens were put in" : "a hyphen was put in";
        else if ((changes & GapChange.LeftOut) != 0) yield return (changes & GapChange.SeveralLeftOut) != 0 ? "hyphens were left out" : "a hyphen was left out";
        if ((changes & GapChange.Doubled) != 0) yield return "a hyphen was doubled";
        if ((changes & GapChange.Dot) != 0) yield return "a dot was put in";
        if ((changes & GapChange.DotForHyphen) != 0) yield return "a dot stands for a hyphen";
    }

    private static GapChange Of(Gap gap, BrandWord word, int at)
    {
        bool may = (word.Hyphens >> at & 1) != 0, must = (word.MustHyphens >> at & 1) != 0;
        return gap switch
        {
            Gap.Dot => may ? GapChange.DotForHyphen : GapChange.Dot,
            Gap.None => must ? GapChange.LeftOut : GapChange.None,
            _ when !may => GapChange.PutIn,
            Gap.Hyphens => (word.Doubled >> at & 1) != 0 ? GapChange.None : GapChange.Doubled,
            // The owner writes two.
            _ => (word.MustDouble >> at & 1) != 0 ? GapChange.LeftOut : GapChange.None,
        };
    }

    private static GapChange With(GapChange changes, GapChange one)
    {
        if ((changes & one & GapChange.PutIn) != 0) changes |= GapChange.SeveralPutIn;
        if ((changes & one & GapChange.LeftOut) != 0) changes |= GapChange.SeveralLeftOut;
        return changes | one;
    }
}
