namespace CertHerald.Names;

/// <summary>
/// How many comparisons the globs of one certificate may cost. A name such as <c>*q*.com</c> is compared with every watched
/// name below <c>com</c>, and a certificate may hold a million of them. Once a budget is spent, globs match nothing more, which
/// <see cref="IsSpent"/> says: a watched name may then have been missed. Names without <c>*</c> cost none of it. Not thread-safe.
/// </summary>
/// <param name="comparisons">Of a glob with a label of the watch list.</param>
public struct GlobBudget(long comparisons)
{
    private long _left = comparisons;

    /// <summary>A budget that is never spent.</summary>
    public static GlobBudget Unlimited => new(long.MaxValue);

    /// <summary>Comparisons that can still be made.</summary>
    public readonly long Left => Math.Max(_left, 0);

    /// <summary>Whether a comparison was left out.</summary>
    public readonly bool IsSpent => _left < 0;

    internal bool TrySpend()
    {
        if (_left > 0)
        {
            _left--;
            return true;
        }
        _left = -1;
        return false;
    }
}
