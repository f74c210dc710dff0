using System.Numerics;

namespace CertHerald.Transparency.Merkle;

/// <summary>A perfect subtree: the entries [Index × 2^Level, (Index + 1) × 2^Level).</summary>
/// <param name="Level">0 to 63; 0 is a single leaf.</param>
/// <param name="Index">Counted from the left among the subtrees of this level.</param>
public readonly record struct Subtree(int Level, ulong Index)
{
    /// <summary>The first entry it covers.</summary>
    public EntryIndex First => new(Index << Level);

    /// <summary>The number of entries it covers.</summary>
    public ulong Count => 1UL << Level;
}

/// <summary>Ranges of entries as perfect subtrees. RFC 9162 §2.1 splits trees at the same places.</summary>
public static class Subtrees
{
    /// <summary>
    /// The maximal aligned perfect subtrees that cover [from, until), left to right: at most 126. Empty if the range is.
    /// From 0 they are the frontier of <paramref name="until"/>.
    /// </summary>
    public static Enumerator Of(TreeSize from, TreeSize until) => new(from.Value, until.Value);

    /// <summary>How many subtrees <see cref="Of"/> yields.</summary>
    public static int CountOf(TreeSize from, TreeSize until)
    {
        int count = 0;
        foreach (Subtree _ in Of(from, until)) count++;
        return count;
    }

    /// <summary>Yields the subtrees of a range; use it in <c>foreach</c>.</summary>
    public struct Enumerator
    {
        private readonly ulong _until;
        private ulong _at;

        internal Enumerator(ulong from, ulong until) => (_at, _until) = (from, until);

        /// <summary>The subtree reached.</summary>
        public Subtree Current { get; private set; }

        /// <summary>Itself: nothing to start.</summary>
        public readonly Enumerator GetEnumerator() => this;

        /// <summary>Goes to the next subtree; false after the last.</summary>
        public bool MoveNext()
        {
            if (_at >= _until) return false;

            int aligned = _at == 0 ? 63 : BitOperations.TrailingZeroCount(_at);
            int level = Math.Min(aligned, BitOperations.Log2(_until - _at));
            Current = new Subtree(level, _at >> level);
            _at += 1UL << level;
            return true;
        }
    }
}
