using System.Globalization;

namespace CertHerald.Transparency.Merkle;

/// <summary>Number of entries in a tree; also the index of the entry that comes next.</summary>
public readonly record struct TreeSize(ulong Value) : IComparable<TreeSize>
{
    /// <inheritdoc/>
    public int CompareTo(TreeSize other) => Value.CompareTo(other.Value);

    /// <summary>Whether the left tree is smaller.</summary>
    public static bool operator <(TreeSize left, TreeSize right) => left.Value < right.Value;

    /// <summary>Whether the left tree is larger.</summary>
    public static bool operator >(TreeSize left, TreeSize right) => left.Value > right.Value;

    /// <summary>Whether the left tree is not larger.</summary>
    public static bool operator <=(TreeSize left, TreeSize right) => left.Value <= right.Value;

    /// <summary>Whether the left tree is not smaller.</summary>
    public static bool operator >=(TreeSize left, TreeSize right) => left.Value >= right.Value;

    /// <summary>Decimal digits.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Zero-based index of an entry in its log. Indexes of two logs do not compare.</summary>
public readonly record struct EntryIndex(ulong Value)
{
    /// <summary>Decimal digits.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
