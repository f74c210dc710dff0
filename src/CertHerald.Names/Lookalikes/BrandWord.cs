namespace CertHerald.Names.Lookalikes;

/// <summary>A word that stands for a protected domain, and by which it is imitated.</summary>
/// <param name="Domain">Index of the domain.</param>
/// <param name="Text">Without hyphens, foreign characters as they are drawn.</param>
internal sealed record BrandWord(int Domain, string Text, BrandWordKind Kind)
{
    public byte[] Raw { get; init; } = [];

    public byte[] Fold
    {
        get;
        init
        {
            field = value;
            Length = value.Length;
        }
    } = [];

    /// <summary>Bit i: a hyphen stands before character i somewhere where the owner writes it.</summary>
    public ulong Hyphens { get; init; }

    /// <summary>The same, wherever the owner writes it.</summary>
    public ulong MustHyphens { get; init; }

    /// <summary>The same: two or more stand there, somewhere.</summary>
    public ulong Doubled { get; init; }

    /// <summary>The same, wherever the owner writes it.</summary>
    public ulong MustDouble { get; init; }

    /// <summary>Of a joined domain: where its suffix begins. A dot or hyphen must stand there.</summary>
    public int Joint { get; init; }

    /// <summary>As the owner writes it.</summary>
    public string Written { get; init; } = "";

    /// <summary>A word of everyday language, or a name of many people: it starts demoted.</summary>
    public bool IsOrdinary { get; init; }

    /// <summary>Of <see cref="Fold"/>: beside what else is asked of a word, where the array is far.</summary>
    public int Length { get; private init; }
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
