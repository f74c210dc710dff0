using System.Globalization;

namespace CertHerald.Api;

/// <summary>Which part of a list: newest first, below an id.</summary>
internal sealed record Page(long? Before, int Limit)
{
    public const int DefaultLimit = 100;
    public const int MostAtOnce = 1_000;

    /// <summary>The newest.</summary>
    public static Page First { get; } = new(null, DefaultLimit);

    /// <summary>Reads the query's <c>before</c> and <c>limit</c>; null says what is wrong with them.</summary>
    public static Page? Read(string? before, string? limit, out string? problem)
    {
        problem = null;
        long? below = null;
        int most = DefaultLimit;

        if (!string.IsNullOrEmpty(before))
        {
            if (!long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out long id))
                problem = "before must be an id: the last one of the page before, in decimal digits.";
            below = id;
        }
        if (!string.IsNullOrEmpty(limit)
            && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most is < 1 or > MostAtOnce))
            problem = $"limit must be a number from 1 to {MostAtOnce}.";

        return problem is null ? new Page(below, most) : null;
    }
}

/// <summary>A list's part.</summary>
/// <param name="Next">The <c>before</c> of the part that follows; null if this is the last.</param>
internal sealed record PageJson<T>(IReadOnlyList<T> Items, string? Next);
