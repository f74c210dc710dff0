using System.Numerics;
using System.Text;

namespace CertHerald.Names;

/// <summary>
/// The DNS items of a watch list as a tree of labels from the right, in flat arrays: no object a name.
/// A node is found from its parent by one hash probe. Nodes are numbered in preorder, which is the order of their keys, so that
/// the nodes below one are a range: globs walk it. A key is a name's labels from the right, with zeros between.
/// </summary>
internal sealed class NameTrie
{
    // A slot: 32 bits of hash, 3 flags, 29 bits of node. Zero is free: the root, node 0, is not among them.
    private const int FlagShift = 29;
    private const uint NodeMask = (1u << FlagShift) - 1;

    private readonly byte[] _keys;
    private readonly int[] _starts;
    private readonly byte[] _lengths;
    private readonly int[] _ends;
    private readonly NodeFlags[] _flags;
    private readonly ulong[] _slots;

    // Two bits a node in one word: most probes for names that nobody watches end here, in the processor's cache.
    private readonly ulong[] _filter;

    /// <param name="keys">Bytes of the keys.</param>
    /// <param name="nodes">Full; its arrays belong to the tree from now on.</param>
    public NameTrie(byte[] keys, NodeTable nodes)
    {
        (_keys, _starts, _lengths, _ends, _flags) = (keys, nodes.Starts, nodes.Lengths, nodes.Ends, nodes.Flags);
        _slots = new ulong[BitOperations.RoundUpToPowerOf2((uint)(Nodes + Nodes / 3 + 1))];
        _filter = new ulong[BitOperations.RoundUpToPowerOf2((uint)(Nodes / 8 + 1))];
        for (int node = 1; node < Nodes; node++) AddSlot(nodes.Hashes[node], node);
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

    public int Nodes => _starts.Length;

    /// <summary>
    /// Whether a name of letters, digits, '-', '_' and dots is watched, or with <paramref name="isWildcard"/> the wildcard of it.
    /// In theory a hash may err, once in 2³² names, and then says yes.
    /// </summary>
    public bool MayMatchPlain(ReadOnlySpan<byte> name, bool isWildcard)
    {
        NodeFlags flags = _flags[0];
        if ((flags & NodeFlags.Tree) != 0) return true;

        ulong hash = LabelHash.OfRoot;
        while (true)
        {
            int dot = name.LastIndexOf((byte)'.');
            hash = LabelHash.Extend(hash, name[(dot + 1)..]);
            if (!TryFind(hash, out flags)) return false;
            if ((flags & NodeFlags.Tree) != 0) return true;
            if (dot < 0) return (flags & (isWildcard ? NodeFlags.WatchedChild : NodeFlags.Name)) != 0;
            name = name[..dot];
        }
    }

    /// <summary>
    /// Whether a key in lower case matches, its labels being globs. Collects every hit, or stops at the first if
    /// <paramref name="hits"/> is null; then nothing is allocated. A label without '*' costs one probe. A glob costs one
    /// comparison for each child, of the nodes that the labels right of it reach, whose label begins as it does: at worst, for
    /// globs that begin with '*', every node at their depth. Recursion is as deep as the longest item.
    /// </summary>
    public bool Match(ReadOnlySpan<byte> key, List<Hit>? hits) => Match(0, LabelHash.OfRoot, key, 0, hits);

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
        ReadOnlySpan<byte> key = KeyOf(hit.Node);
        var text = new StringBuilder(key.Length + 1);
        while (!key.IsEmpty)
        {
            int zero = key.LastIndexOf((byte)0);
            if (text.Length > 0) text.Append('.');
            text.Append(Encoding.ASCII.GetString(key[(zero + 1)..]));
            key = key[..Math.Max(zero, 0)];
        }
        if (hit.IsTree) text.Insert(0, '.');
        return new WatchItem(text.ToString(), hit.IsTree, isIp: false);
    }

    private bool Match(int node, ulong hash, ReadOnlySpan<byte> key, int at, List<Hit>? hits)
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
            return (child > 0 && Match(child, hash, key, next, hits)) || hasMatch;
        }
        if (hits is null && next > key.Length && label is [(byte)'*']) return (flags & NodeFlags.WatchedChild) != 0;
        return MatchGlob(node, hash, label, key, next, hits) || hasMatch;
    }

    private bool MatchGlob(int node, ulong hash, ReadOnlySpan<byte> glob, ReadOnlySpan<byte> key, int next, List<Hit>? hits)
    {
        ReadOnlySpan<byte> prefix = glob[..glob.IndexOf((byte)'*')];
        int labelStart = LabelStart(node);
        bool hasMatch = false;

        for (int child = FirstChildFrom(node, prefix); child < _ends[node]; child = _ends[child])
        {
            ReadOnlySpan<byte> label = KeyOf(child)[labelStart..];
            if (!label.StartsWith(prefix)) break;
            if (!Glob.Matches(glob, label)) continue;
            if (!Match(child, LabelHash.Extend(hash, label), key, next, hits)) continue;
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

    private bool TryFind(ulong hash, out NodeFlags flags)
    {
        flags = NodeFlags.None;
        if (!IsInFilter(hash)) return false;

        ulong[] slots = _slots;
        for (uint slot = (uint)hash; ; slot++)
        {
            ulong found = slots[slot & (uint)(slots.Length - 1)];
            if (found == 0) return false;
            if (found >> 32 != hash >> 32) continue;
            flags = (NodeFlags)((uint)found >> FlagShift);
            return true;
        }
    }

    // Exact, unlike TryFind: the bytes are compared. 0 if there is none.
    private int ChildOf(int node, ulong hash, ReadOnlySpan<byte> label)
    {
        if (!IsInFilter(hash)) return 0;
        int labelStart = LabelStart(node);
        for (uint slot = (uint)hash; ; slot++)
        {
            ulong found = _slots[slot & (uint)(_slots.Length - 1)];
            if (found == 0) return 0;
            if (found >> 32 != hash >> 32) continue;

            int child = (int)((uint)found & NodeMask);
            if (child <= node || child >= _ends[node] || _lengths[child] < labelStart) continue;
            if (KeyOf(child)[labelStart..].SequenceEqual(label)) return child;
        }
    }

    private bool IsInFilter(ulong hash)
    {
        ulong[] filter = _filter;
        ulong bits = FilterBits(hash);
        return (filter[(hash >> 12) & (uint)(filter.Length - 1)] & bits) == bits;
    }

    private void AddSlot(ulong hash, int node)
    {
        _filter[(hash >> 12) & (uint)(_filter.Length - 1)] |= FilterBits(hash);

        uint slot = (uint)hash;
        while (_slots[slot & (uint)(_slots.Length - 1)] != 0) slot++;
        _slots[slot & (uint)(_slots.Length - 1)] = hash >> 32 << 32 | (uint)_flags[node] << FlagShift | (uint)node;
    }

    private static ulong FilterBits(ulong hash) => 1UL << (int)(hash >> 52) | 1UL << (int)(hash >> 58);
}
