namespace CertHerald.Names.Lookalikes;

/// <summary>Where a word stands in a name.</summary>
internal enum Place : byte
{
    /// <summary>All of the registered label.</summary>
    Label,

    /// <summary>Between hyphens of it.</summary>
    Word,

    /// <summary>Written together with others, at one end.</summary>
    Edge,

    /// <summary>In the midst.</summary>
    Inner,

    /// <summary>All of a label below a registered one.</summary>
    SubLabel,

    /// <summary>Between hyphens there.</summary>
    SubWord,

    /// <summary>At one end there.</summary>
    SubEdge,

    /// <summary>In the midst there.</summary>
    SubInner,

    /// <summary>Across dots.</summary>
    Across,
}

internal static class Places
{
    /// <summary>Whether it is left of a registered label, in part at least.</summary>
    public static bool IsBelow(this Place place) => place >= Place.SubLabel;
}

/// <summary>How a word was changed.</summary>
internal enum Change : byte
{
    /// <summary>Not.</summary>
    None,

    /// <summary>ASCII characters that are drawn alike.</summary>
    Glyph,

    /// <summary>Letters of another script.</summary>
    Script,

    /// <summary>Letters with marks.</summary>
    Accent,

    /// <summary>Hyphens or dots put in, left out or moved.</summary>
    Hyphen,

    /// <summary>One slip.</summary>
    Slip,

    /// <summary>Two.</summary>
    Slips,

    /// <summary>One that makes another word: the first letter, digits only, or a word of everyday language.</summary>
    WeakSlip,
}

/// <summary>What speaks for an imitation besides the word itself. Each may only raise a score.</summary>
[Flags]
internal enum Evidence
{
    None = 0,

    /// <summary>An urgent word in the same label.</summary>
    Urgent = 1 << 0,

    /// <summary>An urgent word in another label.</summary>
    UrgentNear = 1 << 1,

    /// <summary>A customer's name at a hosting service.</summary>
    Hosted = 1 << 2,

    /// <summary>A top-level domain whose names cost next to nothing.</summary>
    CheapTld = 1 << 3,

    /// <summary>The protected domain's own suffix follows.</summary>
    OwnSuffix = 1 << 4,

    /// <summary>Some top-level domain follows.</summary>
    AnyTld = 1 << 5,

    /// <summary>Its label mixes scripts as no language does: <c>fаcebook</c> with a Cyrillic а.</summary>
    MixedScripts = 1 << 6,

    /// <summary>Digits are all that stands beside it.</summary>
    Digits = 1 << 7,

    /// <summary>The registered label is no word.</summary>
    OddOwner = 1 << 8,

    /// <summary>All that stands beside it in its label is known words and digits.</summary>
    Explained = 1 << 9,

    /// <summary>www or http stands before it without a dot, and nothing else.</summary>
    Www = 1 << 10,

    /// <summary>A top-level domain is all that follows it in its label, without a dot.</summary>
    TldInside = 1 << 11,

    /// <summary>Foreign characters in its label, besides the change that is the sighting's own.</summary>
    Foreign = 1 << 12,

    /// <summary>The name reads on as the protected domain where another suffix begins: <c>facebook.com.cn</c>.</summary>
    ReadsOn = 1 << 13,
}

/// <summary>Where a hit stands, before its letters are compared.</summary>
/// <param name="HasHyphen">One stands inside that its word has not.</param>
internal readonly record struct Scene(Place Place, Evidence Evidence, bool HasHyphen);

/// <summary>A word seen in a name: what detectors judge.</summary>
/// <param name="Start">In the text.</param>
/// <param name="End">Behind the last character.</param>
internal readonly record struct Sighting(BrandWord Word, int WordIndex, Place Place, Change Change, Evidence Evidence, short Start, short End)
{
    /// <summary>How many rules there are.</summary>
    public const int Rules = 9 * 8 * 4;

    public bool IsBelow => Place.IsBelow();

    public bool Has(Evidence evidence) => (Evidence & evidence) != 0;

    /// <summary>What is counted among ordinary names: place and change, and whether it reads like a whole domain.</summary>
    public int Rule => ((int)Place * 8 + (int)Change) * 4 + (Has(Evidence.Www | Evidence.TldInside) ? 3 : Has(Evidence.OwnSuffix) ? 2 : Has(Evidence.ReadsOn) ? 1 : 0);

    /// <summary>Whether dots stand around the word and its suffix.</summary>
    public bool IsDotted { get; init; }
}
