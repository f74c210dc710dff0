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

        var nodes = new List<NameTrie.Node>(keys.Length + 1) { new(LabelHash.OfRoot, 0, 0, 0, NameTrie.NodeFlags.None) };
        var path = new List<int> { 0 };                    // from the root to the node of the key before
        items = 0;
        foreach (Key key in keys)
        {
            CloseUnlessAbove(key, nodes, path);
            OpenDownTo(key, nodes, path);

            ref NameTrie.Node node = ref CollectionsMarshal.AsSpan(nodes)[path[^1]];
            NameTrie.NodeFlags flag = key.IsTree ? NameTrie.NodeFlags.Tree : NameTrie.NodeFlags.Name;
            if ((node.Flags & flag) == 0) items++;
            node.Flags |= flag;
            if (path.Count > 1) CollectionsMarshal.AsSpan(nodes)[path[^2]].Flags |= NameTrie.NodeFlags.WatchedChild;
        }
        foreach (int open in path) CollectionsMarshal.AsSpan(nodes)[open].End = nodes.Count;

        Array.Resize(ref _bytes, _used);
        return new NameTrie(_bytes, CollectionsMarshal.AsSpan(nodes));
    }

    private void CloseUnlessAbove(Key key, List<NameTrie.Node> nodes, List<int> path)
    {
        Span<NameTrie.Node> all = CollectionsMarshal.AsSpan(nodes);
        while (path.Count > 1 && !IsAtOrAbove(all[path[^1]], key))
        {
            all[path[^1]].End = nodes.Count;
            path.RemoveAt(path.Count - 1);
        }
    }

    private void OpenDownTo(Key key, List<NameTrie.Node> nodes, List<int> path)
    {
        ReadOnlySpan<byte> bytes = BytesOf(key);
        NameTrie.Node at = nodes[path[^1]];
        while (at.Length < bytes.Length)
        {
            int start = at.Length == 0 ? 0 : at.Length + 1;
            int length = bytes[start..].IndexOf((byte)0);
            int end = length < 0 ? bytes.Length : start + length;
            ulong hash = LabelHash.Extend(at.Hash, bytes[start..end]);
            at = new NameTrie.Node(hash, key.Start, (byte)end, End: 0, NameTrie.NodeFlags.None);
            path.Add(nodes.Count);
            nodes.Add(at);
        }
    }

    private bool IsAtOrAbove(NameTrie.Node node, Key key) =>
        BytesOf(key).StartsWith(_bytes.AsSpan(node.Start, node.Length))
        && (node.Length == key.Length || _bytes[key.Start + node.Length] == 0);

    private ReadOnlySpan<byte> BytesOf(Key key) => _bytes.AsSpan(key.Start, key.Length);

    private bool TryReserve(int length)
    {
        if (Array.MaxLength - _used < length) return false;
        if (_bytes.Length - _used >= length) return true;
        Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(_bytes.Length * 2L, _used + length)));
        return true;
    }
}
