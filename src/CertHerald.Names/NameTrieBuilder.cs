using System.Runtime.InteropServices;

namespace CertHerald.Names;

/// <summary>Collects names and makes a <see cref="NameTrie"/> of them, sorting once.</summary>
internal sealed class NameTrieBuilder
{
    private readonly List<Key> _keys = [];
    private byte[] _bytes = new byte[64];
    private int _used;

    private readonly record struct Key(int Start, byte Length, bool IsTree);

    /// <param name="name">Checked: letters in lower case, digits, '-' and '_'; at most 253 bytes; empty for the root.</param>
    /// <returns>False if the list is full: 2 GiB of names.</returns>
    public bool TryAdd(ReadOnlySpan<byte> name, bool isTree)
    {
        if (!TryReserve(name.Length)) return false;
        _keys.Add(new Key(_used, (byte)name.Length, isTree));
        while (true)
        {
            int dot = name.LastIndexOf((byte)'.');
            ReadOnlySpan<byte> label = name[(dot + 1)..];
            label.CopyTo(_bytes.AsSpan(_used));
            _used += label.Length;
            if (dot < 0) return true;
            _bytes[_used++] = 0;
            name = name[..dot];
        }
    }

    /// <summary>The tree, and how many different items it holds. The builder is spent.</summary>
    public NameTrie Build(out int items)
    {
        Span<Key> keys = CollectionsMarshal.AsSpan(_keys);
        keys.Sort((a, b) => BytesOf(a).SequenceCompareTo(BytesOf(b)));

        // Counted first: arrays of millions that grow leave twice their size behind.
        var nodes = new NameTrie.NodeTable(CountNodes(keys));
        nodes.Add(LabelHash.OfRoot, start: 0, length: 0);
        var path = new List<int> { 0 };                    // from the root to the node of the key before
        items = 0;
        foreach (Key key in keys)
        {
            while (path.Count > 1 && !IsAtOrAbove(nodes, path[^1], key))
            {
                nodes.Ends[path[^1]] = nodes.Count;
                path.RemoveAt(path.Count - 1);
            }
            OpenDownTo(key, nodes, path);

            ref NameTrie.NodeFlags flags = ref nodes.Flags[path[^1]];
            NameTrie.NodeFlags flag = key.IsTree ? NameTrie.NodeFlags.Tree : NameTrie.NodeFlags.Name;
            if ((flags & flag) == 0) items++;
            flags |= flag;
            if (path.Count > 1) nodes.Flags[path[^2]] |= NameTrie.NodeFlags.WatchedChild;
        }
        foreach (int open in path) nodes.Ends[open] = nodes.Count;

        // A copy costs more, while both are there, than a little room that stays.
        if (_used < _bytes.Length / 4 * 3) Array.Resize(ref _bytes, _used);
        return new NameTrie(_bytes, nodes);
    }

    /// <summary>The root, and of each key the labels that it does not share with the key before.</summary>
    private int CountNodes(ReadOnlySpan<Key> keys)
    {
        int count = 1;
        ReadOnlySpan<byte> before = [];
        foreach (Key key in keys)
        {
            ReadOnlySpan<byte> bytes = BytesOf(key);
            int common = bytes.CommonPrefixLength(before), shared = bytes[..common].Count((byte)0);
            if (common > 0 && EndsLabel(bytes, common) && EndsLabel(before, common)) shared++;
            count += (bytes.IsEmpty ? 0 : bytes.Count((byte)0) + 1) - shared;
            before = bytes;
        }
        return count;

        static bool EndsLabel(ReadOnlySpan<byte> key, int at) => at == key.Length || key[at] == 0;
    }

    private void OpenDownTo(Key key, NameTrie.NodeTable nodes, List<int> path)
    {
        ReadOnlySpan<byte> bytes = BytesOf(key);
        int at = path[^1];
        while (nodes.Lengths[at] < bytes.Length)
        {
            int start = nodes.Lengths[at] == 0 ? 0 : nodes.Lengths[at] + 1;
            int length = bytes[start..].IndexOf((byte)0);
            int end = length < 0 ? bytes.Length : start + length;
            at = nodes.Add(LabelHash.Extend(nodes.Hashes[at], bytes[start..end]), key.Start, (byte)end);
            path.Add(at);
        }
    }

    private bool IsAtOrAbove(NameTrie.NodeTable nodes, int node, Key key) =>
        BytesOf(key).StartsWith(_bytes.AsSpan(nodes.Starts[node], nodes.Lengths[node]))
        && (nodes.Lengths[node] == key.Length || _bytes[key.Start + nodes.Lengths[node]] == 0);

    private ReadOnlySpan<byte> BytesOf(Key key) => _bytes.AsSpan(key.Start, key.Length);

    private bool TryReserve(int length)
    {
        if (Array.MaxLength - _used < length) return false;
        if (_bytes.Length - _used >= length) return true;
        Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(_bytes.Length * 2L, _used + length)));
        return true;
    }
}
