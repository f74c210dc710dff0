namespace CertHerald.Names.Lookalikes;

/// <summary>What a name does to pass itself off as another. The names on the wire are in <see cref="LookalikeClassNames"/>.</summary>
public enum LookalikeClass
{
    /// <summary>Characters of other scripts, or with marks: <c>fаcebook.com</c> with a Cyrillic а.</summary>
    IdnHomograph,

    /// <summary>ASCII characters drawn alike: <c>faceb00k.com</c>.</summary>
    AsciiHomoglyph,

    /// <summary>A slip of the keyboard: <c>faecbook.com</c>.</summary>
    Typo,

    /// <summary>Joined with words by hyphens: <c>facebook-login.com</c>.</summary>
    ComboHyphen,

    /// <summary>Joined with words: <c>facebooklogin.com</c>.</summary>
    ComboConcat,

    /// <summary>A misspelling joined with words: <c>facebok-login.com</c>.</summary>
    ComboTypo,

    /// <summary>The whole protected domain inside another: <c>facebook.com.evil.com</c>.</summary>
    TargetEmbedding,

    /// <summary>Below a stranger's domain: <c>facebook.evil.com</c>.</summary>
    SubdomainBrand,

    /// <summary>A misspelling below a stranger's domain: <c>facebok.evil.com</c>.</summary>
    SubTypo,

    /// <summary>Under another top-level domain: <c>facebook.top</c>.</summary>
    TldSwap,

    /// <summary>A customer of a hosting service: <c>facebook.weebly.com</c>.</summary>
    PrivateSuffixBrand,

    /// <summary>A dot left out: <c>wwwfacebook.com</c>, <c>facebookcom.net</c>.</summary>
    Doppelganger,

    /// <summary>A hyphen or dot put in, left out or moved: <c>face-book.com</c>.</summary>
    DotHyphen,
}

/// <summary>How sure a judgement is.</summary>
public enum LookalikeTier
{
    /// <summary>Score 0: no look-alike.</summary>
    None,

    /// <summary>1–49: for a digest.</summary>
    Low,

    /// <summary>50–79.</summary>
    Medium,

    /// <summary>80–100.</summary>
    High,
}

/// <summary>A name judged against one protected domain.</summary>
/// <param name="Domain">What it passes itself off as.</param>
/// <param name="Score">1–100.</param>
/// <param name="Matched">The part of the name that imitates, as it stands there.</param>
/// <param name="Reasons">Sentences for people: what was matched, where, by which change; then what speaks for and against it.</param>
public sealed record Lookalike(ProtectedDomain Domain, int Score, LookalikeClass Class, string Matched, IReadOnlyList<string> Reasons)
{
    /// <summary>Of the score.</summary>
    public LookalikeTier Tier => TierOf(Score);

    /// <summary>Whether the score reaches the domain's threshold.</summary>
    public bool IsAlert => Score >= Domain.Threshold;

    /// <summary>The tier of a score.</summary>
    public static LookalikeTier TierOf(int score) => score switch
    {
        >= LookalikeScores.High => LookalikeTier.High,
        >= LookalikeScores.Medium => LookalikeTier.Medium,
        > 0 => LookalikeTier.Low,
        _ => LookalikeTier.None,
    };
}

/// <summary>The names of classes and tiers on the wire. They never change.</summary>
public static class LookalikeClassNames
{
    private static readonly string[] Classes =
    [
        "idn_homograph", "ascii_homoglyph", "typo", "combo_hyphen", "combo_concat", "combo_typo", "target_embedding",
        "subdomain_brand", "sub_typo", "tld_swap", "private_suffix_brand", "doppelganger", "dot_hyphen",
    ];

    private static readonly string[] Tiers = ["none", "low", "medium", "high"];

    /// <summary>Such as <c>idn_homograph</c>.</summary>
    public static string Name(this LookalikeClass @class) => Classes[(int)@class];

    /// <summary>Such as <c>high</c>.</summary>
    public static string Name(this LookalikeTier tier) => Tiers[(int)tier];
}
