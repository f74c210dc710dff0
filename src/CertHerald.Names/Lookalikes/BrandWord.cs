namespace CertHerald.Names.Lookalikes;

/// <summary>A word that stands for a protected domain, and by which it is imitated.</summary>
/// <param name="Domain">Index of the domain.</param>
/// <param name="Text">Without hyphens, foreign characters as they are drawn.</param>
internal sealed record BrandWord(int Domain, string Text, BrandWordKind Kind)
{
    public byte[] Raw { get; init; } = [];

    public byte[] Fold { get; init; } = [];

    /// <summary>Bit i: a hyphen stands before character i where the owner writes it.</summary>
    public ulong Hyphens { get; init; }

    /// <summary>Of a joined domain: where its suffix begins. A dot or hyphen must stand there.</summary>
    public int Joint { get; init; }

    /// <summary>As the owner writes it.</summary>
    public string Written { get; init; } = "";

    /// <summary>A word of everyday language, or a name of many people: it starts demoted.</summary>
    public bool IsOrdinary { get; init; }

    public int Length => Fold.Length;
}

/// <summary>What a word was made of.</summary>
internal enum BrandWordKind : byte
{
    /// <summary>The label that the owner registered.</summary>
    Core,

    /// <summary>Given by the user.</summary>
    Keyword,

    /// <summary>A whole domain without its dots, of the owner's: only as that.</summary>
    Joined,
}
