using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace CertHerald.Names;

/// <summary>
/// The suffixes under which people register names, as in <c>co.uk</c>: the Public Suffix List, indexed. Immutable and
/// thread-safe. What is not listed is taken for a top-level domain. publicsuffix.org, "Algorithm".
/// </summary>
public sealed class PublicSuffixes
{
    private const int FilterWords = 4096;
    private const string IcannBegins = "===BEGIN ICANN DOMAINS===", PrivateBegins = "===BEGIN PRIVATE DOMAINS===", VersionIs = "VERSION:";

    private readonly Dictionary<ulong, Node> _nodes = [];
    private readonly ulong[] _filter = new ulong[FilterWords];
    private int _deepest;

    private PublicSuffixes() { }

    [Flags]
    private enum Rules : byte
    {
        Name = 1,
        Wildcard = 2,
        Exception = 4,
    }

    /// <summary>As the list's header gives it; null if it has none.</summary>
    public string? Version { get; private set; }

    /// <summary>Rules of registries.</summary>
    public int IcannRules { get; private set; }

    /// <summary>Rules of companies that let others register below their names.</summary>
    public int PrivateRules { get; private set; }

    /// <summary>Reads a list in its published form.</summary>
    /// <param name="list"><c>public_suffix_list.dat</c>, UTF-8. Rules before the first section count as those of registries.</param>
    /// <param name="problem">What is wrong with it, with the line; null if it was read.</param>
    public static bool TryRead(ReadOnlySpan<byte> list, [NotNullWhen(true)] out PublicSuffixes? suffixes, [NotNullWhen(false)] out string? problem)
    {
        suffixes = null;
        problem = null;
        if (!System.Text.Unicode.Utf8.IsValid(list))
        {
            problem = "the list is not UTF-8";
            return false;
        }
        var read = new PublicSuffixes();
        int number = 0;
        bool isPrivate = false;
        foreach (ReadOnlySpan<char> line in Encoding.UTF8.GetString(list).AsSpan().EnumerateLines())
        {
            number++;
            ReadOnlySpan<char> text = line.Trim();
            if (text.StartsWith("//", StringComparison.Ordinal))
            {
                ReadOnlySpan<char> comment = text[2..].Trim();
                if (comment.SequenceEqual(IcannBegins)) isPrivate = false;
                else if (comment.SequenceEqual(PrivateBegins)) isPrivate = true;
                else if (comment.StartsWith(VersionIs, StringComparison.Ordinal)) read.Version = comment[VersionIs.Length..].Trim().ToString();
                continue;
            }
            // A rule ends at the first white space.
            int end = text.IndexOfAny(' ', '\t');
            if (end >= 0) text = text[..end];
            if (text.IsEmpty || read.TryAdd(text, isPrivate)) continue;
            problem = $"line {number} is no rule";
            return false;
        }
        if (read.IcannRules + read.PrivateRules == 0)
        {
            problem = "the list has no rule";
            return false;
        }
        suffixes = read;
        return true;
    }

    /// <summary>
    /// Where the public suffix of a name begins: 8 for <c>example.co.uk</c>. The length of the name if its last label is empty.
    /// Allocates nothing.
    /// </summary>
    /// <param name="name">A-labels, any case.</param>
    /// <param name="withPrivate">Whether private suffixes count too, such as <c>github.io</c>.</param>
    public int SuffixStart(ReadOnlySpan<byte> name, bool withPrivate = true) => SuffixStart(name, withPrivate, out _);

    /// <summary>Whether a name is itself a public suffix, by a rule of the list: a top-level domain that is not listed is none. Allocates nothing.</summary>
    /// <param name="name">As for <see cref="SuffixStart(ReadOnlySpan{byte}, bool)"/>.</param>
    public bool IsSuffix(ReadOnlySpan<byte> name) => SuffixStart(name, withPrivate: true, out bool isListed) == 0 && isListed;

    /// <summary>As <see cref="SuffixStart(ReadOnlySpan{byte}, bool)"/> with private suffixes, and where the registry's own begins: in one pass.</summary>
    /// <param name="starts">Where the labels begin; after the last, one more than the length.</param>
    /// <param name="hashes">Of what begins at each label.</param>
    internal int SuffixStart(ReadOnlySpan<byte> name, ReadOnlySpan<short> starts, ReadOnlySpan<ulong> hashes, int labels, out int registry)
    {
        int best = starts[labels - 1];
        registry = best;
        Rules above = 0, aboveIcann = 0;
        bool isDecided = false, isRegistryDecided = false;
        for (int label = labels - 1; label >= 0 && labels - label <= _deepest; label--)
        {
            int start = starts[label];
            if (start + 1 == starts[label + 1]) break;     // an empty label

            Rules rules = 0, icann = 0;
            if (MayHold(hashes[label]) && _nodes.TryGetValue(hashes[label], out Node node) && Ascii.EqualsIgnoreCase(node.Name, name[start..]))
                (rules, icann) = (node.RulesOf(withPrivate: true), node.RulesOf(withPrivate: false));
            if (!isDecided && (rules & Rules.Exception) != 0) (best, isDecided) = (starts[label + 1], true);
            if (!isRegistryDecided && (icann & Rules.Exception) != 0) (registry, isRegistryDecided) = (starts[label + 1], true);
            if (!isDecided && ((rules & Rules.Name) != 0 || (above & Rules.Wildcard) != 0)) best = start;
            if (!isRegistryDecided && ((icann & Rules.Name) != 0 || (aboveIcann & Rules.Wildcard) != 0)) registry = start;
            (above, aboveIcann) = (rules, icann);
        }
        return best;
    }

    private bool MayHold(ulong hash) => (_filter[hash >> 48 & (FilterWords - 1)] >> (int)(hash & 63) & 1) != 0;

    private int SuffixStart(ReadOnlySpan<byte> name, bool withPrivate, out bool isListed)
    {
        isListed = false;
        int start = name.LastIndexOf((byte)'.') + 1, best = start, below = name.Length;
        ulong hash = LabelHash.OfRoot;
        Rules above = 0;
        for (int depth = 1; depth <= _deepest; depth++)
        {
            ReadOnlySpan<byte> label = name[start..below];
            if (label.IsEmpty) break;

            hash = LabelHash.Extend(hash, label);
            Rules rules = _nodes.TryGetValue(hash, out Node node) && Ascii.EqualsIgnoreCase(node.Name, name[start..]) ? node.RulesOf(withPrivate) : 0;
            if ((rules & Rules.Exception) != 0) return below + 1;
            if ((rules & Rules.Name) != 0 || (above & Rules.Wildcard) != 0) (best, isListed) = (start, true);

            if (start == 0) break;
            above = rules;
            below = start - 1;
            start = name[..below].LastIndexOf((byte)'.') + 1;
        }
        return best;
    }

    /// <summary>
    /// The part of a name that somebody registered: <c>example.co.uk</c> of <c>www.example.co.uk</c>. None if the name is a
    /// public suffix, begins with a dot, or has an empty label there. Allocates nothing.
    /// </summary>
    /// <param name="name">As for <see cref="SuffixStart(ReadOnlySpan{byte}, bool)"/>.</param>
    /// <param name="registrable">A part of <paramref name="name"/>.</param>
    /// <param name="withPrivate">As for <see cref="SuffixStart(ReadOnlySpan{byte}, bool)"/>.</param>
    public bool TryGetRegistrable(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> registrable, bool withPrivate = true)
    {
        registrable = default;
        int suffix = SuffixStart(name, withPrivate);
        if (suffix < 2 || suffix >= name.Length || name[0] == '.') return false;

        int start = name[..(suffix - 1)].LastIndexOf((byte)'.') + 1;
        if (start == suffix - 1) return false;
        registrable = name[start..];
        return true;
    }

    /// <summary>Whether another list has the same rules, whatever its version says.</summary>
    public bool HasRulesOf(PublicSuffixes other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (ReferenceEquals(this, other)) return true;
        if (_nodes.Count != other._nodes.Count) return false;
        foreach ((ulong hash, Node node) in _nodes)
            if (!other._nodes.TryGetValue(hash, out Node same) || (node.Icann, node.Private) != (same.Icann, same.Private) || !node.Name.AsSpan().SequenceEqual(same.Name)) return false;
        return true;
    }

    private bool TryAdd(ReadOnlySpan<char> rule, bool isPrivate)
    {
        if (rule is "*") return true;                            // holds anyway
        Rules kind = rule[0] == '!' ? Rules.Exception : rule.StartsWith("*.", StringComparison.Ordinal) ? Rules.Wildcard : Rules.Name;
        rule = rule[(kind == Rules.Exception ? 1 : kind == Rules.Wildcard ? 2 : 0)..];

        // A wildcard elsewhere has never been in the list.
        if (rule.IsEmpty || rule.Contains('*') || rule.Length > DnsName.MaxLength) return false;
        var labels = new List<string>();
        foreach (Range range in rule.Split('.'))
        {
            if (DnsName.ToALabel(rule[range]) is not { Length: > 0 and <= DnsName.MaxLabelLength } label) return false;
            labels.Add(label);
        }

        ulong hash = LabelHash.OfRoot;
        for (int i = labels.Count - 1; i >= 0; i--) hash = LabelHash.Extend(hash, Encoding.ASCII.GetBytes(labels[i]));
        _filter[hash >> 48 & (FilterWords - 1)] |= 1UL << (int)(hash & 63);
        ref Node node = ref CollectionsMarshal.GetValueRefOrAddDefault(_nodes, hash, out _);
        node = new Node(Encoding.ASCII.GetBytes(string.Join('.', labels)), isPrivate ? node.Icann : node.Icann | kind, isPrivate ? node.Private | kind : node.Private);
        _deepest = Math.Max(_deepest, labels.Count + (kind == Rules.Wildcard ? 1 : 0));
        if (isPrivate) PrivateRules++;
        else IcannRules++;
        return true;
    }

    private readonly record struct Node(byte[] Name, Rules Icann, Rules Private)
    {
        public Rules RulesOf(bool withPrivate) => withPrivate ? Icann | Private : Icann;
    }
}
