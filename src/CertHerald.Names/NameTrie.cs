using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace CertHerald.Names;

/// <summary>
/// The DNS items of a watch list as a tree of labels from the right, in flat arrays: no object a name.
/// Nodes are numbered in preorder, which is the order of their keys, so that the nodes below one are a range, which is searched
/// and which globs walk. A key is a name's labels from the right, with zeros between. Names without globs need none of this:
/// the flags of a name come from its hash.
/// </summary>
internal sealed class NameTrie
{
    // Buckets of one cache line, each looked through in one step. An entry: 29 bits of hash and 3 flags. Zero is free.
    private const int LineBytes = 64, BucketLength = LineBytes / sizeof(uint), UsualLength = 10, FlagBits = 3;
    private const uint FlagMask = (1u << FlagBits) - 1;

    private readonly byte[] _keys;
    private readonly int[] _starts;
    private readonly byte[] _lengths;
    private readonly int[] _ends;
    private readonly NodeFlags[] _flags;
    private readonly uint[] _buckets;
    private readonly int _firstBucket, _bucketCount;

    // Two bits a node in one word: most looks for names that nobody watches end here, in the processor's cache.
    private readonly ulong[] _filter;

    /// <param name="keys">Bytes of the keys.</param>
    /// <param name="nodes">Full; its arrays belong to the tree from now on.</param>
    public NameTrie(byte[] keys, NodeTable nodes)
    {
        (_keys, _starts, _lengths, _ends, _flags) = (keys, nodes.Starts, nodes.Lengths, nodes.Ends, nodes.Flags);
        _bucketCount = Nodes / UsualLength + 1;
        _buckets = GC.AllocateArray<uint>((_bucketCount + 1) * BucketLength, pinned: true);
        long address = Marshal.UnsafeAddrOfPinnedArrayElement(_buckets, 0);
        _firstBucket = (int)(-address & (LineBytes - 1)) / sizeof(uint);
        _filter = new ulong[Nodes / 8 + 1];
        for (int node = 1; node < Nodes; node++)
        {
            ulong hash = nodes.Hashes[node];
            _filter[FilterPlace(hash)] |= FilterBits(hash);
            SetFlags(hash, _flags[node]);
        }
    }

    /// <summary>What there is at a node.</summary>
    [Flags]
    internal enum NodeFlags : byte
    {
        None = 0,

        /// <summary>The name itself is watched.</summary>
        Name = 1,

        /// <summary>The name and all below it are watched.</summary>
        Tree = 2,

        /// <summary>A child has one of the above: decides <c>*.example.com</c> without looking at children.</summary>
        WatchedChild = 4,
    }

    /// <summary>Nodes in preorder, the root first, which has an empty key; an array for each thing that is known of them.</summary>
    internal sealed class NodeTable(int capacity)
    {
        public int Count { get; private set; }

        public int[] Starts { get; } = new int[capacity];

        public byte[] Lengths { get; } = new byte[capacity];

        /// <summary>One past the last node below each.</summary>
        public int[] Ends { get; } = new int[capacity];

        public NodeFlags[] Flags { get; } = new NodeFlags[capacity];

        public ulong[] Hashes { get; } = new ulong[capacity];

        public int Add(ulong hash, int start, byte length)
        {
            (Hashes[Count], Starts[Count], Lengths[Count]) = (hash, start, length);
            return Count++;
        }
    }

    /// <summary>An item: the tree or the name at a node.</summary>
    internal readonly record struct Hit(int Node, bool IsTree);

    /// <summary>Takes hits until it is full: the first ones in the order of keys, a tree before what is below it.</summary>
    internal sealed class HitList(int most)
    {
        private readonly List<Hit> _hits = [];

        public IReadOnlyList<Hit> Hits => _hits;

        /// <summary>There was one more than it takes: looking on changes nothing.</summary>
        public bool IsCut { get; private set; }

        public void Add(Hit hit)
        {
            if (_hits.Count < most) _hits.Add(hit);
            else IsCut = true;
        }
    }

    public int Nodes => _starts.Length;

    /// <summary>
    /// Whether a name of letters, digits, '-', '_' and dots is watched, or with <paramref name="isWildcard"/> the wildcard of it.
    /// In theory a hash may err, once in 2²⁴ names, and then says yes.
    /// </summary>
    public bool MayMatchPlain(ReadOnlySpan<byte> name, bool isWildcard)
    {
        if ((_flags[0] & NodeFlags.Tree) != 0) return true;

        // No address depends on what was found before: the processor asks far memory for several labels, and names, at once.
        ulong hash = LabelHash.OfRoot;
        while (true)
        {
            int dot = name.LastIndexOf((byte)'.');
            hash = LabelHash.Extend(hash, name[(dot + 1)..]);
            if (!IsInFilter(hash)) return false;

            uint flags = FlagsOf(hash);
            if ((flags & (uint)NodeFlags.Tree) != 0) return true;
            if (dot < 0) return (flags & (uint)(isWildcard ? NodeFlags.WatchedChild : NodeFlags.Name)) != 0;
            name = name[..dot];
        }
    }

    /// <summary>
    /// Whether a key in lower case matches, its labels being globs. Stops at the first hit if <paramref name="hits"/> is null;
    /// then nothing is allocated. A label without '*' is searched for. A glob costs one comparison for each child, of the nodes
    /// that the labels right of it reach, whose label begins as it does: at worst, for globs that begin with '*', every node at
    /// their depth. Recursion is as deep as the longest item.
    /// </summary>
    /// <param name="budget">Once it is spent, globs match nothing more.</param>
    public bool Match(ReadOnlySpan<byte> key, HitList? hits, ref GlobBudget budget) => Match(0, LabelHash.OfRoot, key, 0, hits, ref budget);

    /// <summary>Every item, in the order of keys.</summary>
    public IEnumerable<Hit> Items()
    {
        for (int node = 0; node < Nodes; node++)
        {
            if ((_flags[node] & NodeFlags.Name) != 0) yield return new Hit(node, IsTree: false);
            if ((_flags[node] & NodeFlags.Tree) != 0) yield return new Hit(node, IsTree: true);
        }
    }

    public WatchItem ItemOf(Hit hit)
    {
        Span<byte> text = stackalloc byte[1 + DnsName.MaxLength];
        text[0] = (byte)'.';
        int length = WriteName(KeyOf(hit.Node), text[1..]);
        return new WatchItem(Encoding.ASCII.GetString(hit.IsTree ? text[..(1 + length)] : text.Slice(1, length)), hit.IsTree, isIp: false);
    }

    public bool IsSuffix(int node, PublicSuffixes suffixes)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        return suffixes.IsSuffix(name[..WriteName(KeyOf(node), name)]);
    }

    private static int WriteName(ReadOnlySpan<byte> key, Span<byte> name)
    {
        int length = 0;
        while (true)
        {
            int zero = key.LastIndexOf((byte)0);
            ReadOnlySpan<byte> label = key[(zero + 1)..];
            label.CopyTo(name[length..]);
            length += label.Length;
            if (zero < 0) return length;
            name[length++] = (byte)'.';
            key = key[..zero];
        }
    }

    private bool Match(int node, ulong hash, ReadOnlySpan<byte> key, int at, HitList? hits, ref GlobBudget budget)
    {
        NodeFlags flags = _flags[node];
        bool hasMatch = (flags & NodeFlags.Tree) != 0;
        if (hasMatch)
        {
            if (hits is null) return true;
            hits.Add(new Hit(node, IsTree: true));
        }
        if (at > key.Length)
        {
            if ((flags & NodeFlags.Name) == 0) return hasMatch;
            hits?.Add(new Hit(node, IsTree: false));
            return true;
        }

        int length = key[at..].IndexOf((byte)0);
        ReadOnlySpan<byte> label = length < 0 ? key[at..] : key.Slice(at, length);
        int next = at + label.Length + 1;

        if (!label.Contains((byte)'*'))
        {
            hash = LabelHash.Extend(hash, label);
            int child = ChildOf(node, hash, label);
            return (child > 0 && Match(child, hash, key, next, hits, ref budget)) || hasMatch;
        }
        if (hits is null && next > key.Length && label is [(byte)'*']) return (flags & NodeFlags.WatchedChild) != 0;
        return MatchGlob(node, hash, label, key, next, hits, ref budget) || hasMatch;
    }

    private bool MatchGlob(int node, ulong hash, ReadOnlySpan<byte> glob, ReadOnlySpan<byte> key, int next, HitList? hits, ref GlobBudget budget)
    {
        ReadOnlySpan<byte> prefix = glob[..glob.IndexOf((byte)'*')];
        int labelStart = LabelStart(node);
        bool hasMatch = false;

        for (int child = FirstChildFrom(node, prefix); child < _ends[node]; child = _ends[child])
        {
            ReadOnlySpan<byte> label = KeyOf(child)[labelStart..];
            if (!label.StartsWith(prefix)) break;
            if (hits is { IsCut: true } || !budget.TrySpend()) break;
            if (!Glob.Matches(glob, label)) continue;
            if (!Match(child, LabelHash.Extend(hash, label), key, next, hits, ref budget)) continue;
            if (hits is null) return true;
            hasMatch = true;
        }
        return hasMatch;
    }

    // Keys in the range of a node ascend, and a child comes before what is below it: the first key found is a child's.
    private int FirstChildFrom(int node, ReadOnlySpan<byte> prefix)
    {
        int labelStart = LabelStart(node), low = node + 1, high = _ends[node];
        while (low < high)
        {
            int middle = low + (high - low) / 2;
            if (KeyOf(middle)[labelStart..].SequenceCompareTo(prefix) < 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private ReadOnlySpan<byte> KeyOf(int node) => _keys.AsSpan(_starts[node], _lengths[node]);

    private int LabelStart(int parent) => parent == 0 ? 0 : _lengths[parent] + 1;

    // Exact, unlike FlagsOf: the bytes are compared. 0 if there is none.
    private int ChildOf(int node, ulong hash, ReadOnlySpan<byte> label)
    {
        if (!IsInFilter(hash)) return 0;
        int child = FirstChildFrom(node, label);
        return child < _ends[node] && KeyOf(child)[LabelStart(node)..].SequenceEqual(label) ? child : 0;
    }

    // What there is at the node with this hash; 0 if there is none.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint FlagsOf(ulong hash)
    {
        int bucket = BucketOf(hash);
        while (true)
        {
            Vector512<uint> entries = Vector512.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_buckets), (nuint)bucket);
            ulong same = Vector512.Equals(entries & Vector512.Create(~FlagMask), Vector512.Create(TagOf(hash))).ExtractMostSignificantBits();
            if (same != 0) return _buckets[bucket + BitOperations.TrailingZeroCount(same)] & FlagMask;
            if (Vector512.EqualsAny(entries, Vector512<uint>.Zero)) return 0;
            bucket = Next(bucket);
        }
    }

    private void SetFlags(ulong hash, NodeFlags flags)
    {
        for (int bucket = BucketOf(hash); ; bucket = Next(bucket))
            foreach (ref uint entry in _buckets.AsSpan(bucket, BucketLength))
                // Where two share a place and a tag, either's flags count: a hash may say yes wrongly, never no.
                if (entry == 0 || (entry & ~FlagMask) == TagOf(hash))
                {
                    entry |= TagOf(hash) | (uint)flags;
                    return;
                }
    }

    private bool IsInFilter(ulong hash)
    {
        ulong bits = FilterBits(hash);
        return (_filter[FilterPlace(hash)] & bits) == bits;
    }

    private int BucketOf(ulong hash) => _firstBucket + (int)((hash >> 32) * (uint)_bucketCount >> 32) * BucketLength;

    private int Next(int bucket) => bucket < _firstBucket + (_bucketCount - 1) * BucketLength ? bucket + BucketLength : _firstBucket;

    // Never 0: that is a free entry.
    private static uint TagOf(ulong hash) => (uint)hash << FlagBits | 1u << 31;

    private int FilterPlace(ulong hash) => (int)((hash >> 32) * (uint)_filter.Length >> 32);

    private static ulong FilterBits(ulong hash) => 1UL << (int)(hash >> 6) | 1UL << (int)hash;
}
