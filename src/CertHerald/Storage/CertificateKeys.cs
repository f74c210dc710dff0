using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Inspecting;

namespace CertHerald.Storage;

/// <summary>
/// What certificates are indexed under, so that everything a domain query can ask for is a few ranges of one index, each in the
/// order of ids: no sorting, and a page costs the same however many certificates a domain has. A certificate has a row for
/// <list type="bullet">
/// <item>each of its names and addresses;</item>
/// <item>each domain that something on it stands below, once, however many names do: reversed names in one sorted range would
/// give a tree in the order of names, of which a page by id must read and sort all;</item>
/// <item>each suffix behind a label that stands for several, unless that is the one <c>*</c> in front, which is found by its text.</item>
/// </list>
/// A key is a hash in 48 bits, not a text: SQLite stores it in 6 bytes, and names are kept once, with their certificate. What is
/// found under it is compared with the names themselves (<see cref="CertificateSearchPlan"/>), so two names of one key cost a
/// look, never a wrong answer. Its lowest bit says that the certificate has expired: whoever asks for unexpired ones passes over
/// none of the others. Stored: never change what it is made of.
/// </summary>
internal static class CertificateKeys
{
    /// <summary>Labels of the longest domain that has keys of its own. What is asked for below it is found among all below those.</summary>
    public const int MostLabels = 10;

    /// <summary>
    /// Rows of one certificate. No authority issues one that needs a hundredth of them; a log that serves one with a million names
    /// must not keep the store busy. What cannot be found then by each of its names has its issuance's page, and its alerts.
    /// </summary>
    public const int Most = 50_000;

    private const string PatternCharacters = "*?<";

    /// <summary>What a key stands for.</summary>
    public enum Kind : byte
    {
        /// <summary>The text itself is on the certificate.</summary>
        Name = (byte)'n',

        /// <summary>Something below the domain is.</summary>
        Below = (byte)'b',

        /// <summary>A name with a label that stands for several is, and this is what follows that label.</summary>
        Pattern = (byte)'p',
    }

    /// <summary>Every key of a certificate, distinct, of one that has not expired.</summary>
    public static IReadOnlyCollection<long> Of(CertificateFacts facts)
    {
        var keys = new HashSet<long>();
        foreach (string name in facts.DnsNames)
        {
            AddName(name, keys);
            if (keys.Count >= Most) return keys;
        }
        foreach (string address in facts.IpAddresses)
        {
            keys.Add(Of(Kind.Name, address));
            if (keys.Count >= Most) return keys;
        }
        return keys;
    }

    /// <summary>The key of a text, of certificates that have not expired.</summary>
    public static long Of(Kind kind, ReadOnlySpan<char> text)
    {
        int length = Encoding.UTF8.GetMaxByteCount(text.Length) + 1;
        Span<byte> bytes = length <= 1024 ? stackalloc byte[1024] : new byte[length];
        bytes[0] = (byte)kind;
        length = 1 + Encoding.UTF8.GetBytes(text, bytes[1..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..length], hash);
        return (BinaryPrimitives.ReadInt64BigEndian(hash) >> 16) & ~1L;
    }

    /// <summary>Where a certificate of the index of all certificates is found by its TBS hash.</summary>
    /// <param name="tbsSha256">In hexadecimal.</param>
    public static long OfTbs(string tbsSha256) => BinaryPrimitives.ReadInt64BigEndian(Convert.FromHexString(tbsSha256.AsSpan(0, 16))) >> 16 & ~1L;

    /// <summary>The same key, of certificates that have.</summary>
    public static long Expired(long key) => key | 1;

    /// <summary>Whether a label of a name may stand for several.</summary>
    public static bool IsPattern(ReadOnlySpan<char> label) => label.ContainsAny(PatternCharacters);

    /// <summary>What follows the first label; empty if nothing does.</summary>
    public static ReadOnlySpan<char> ParentOf(ReadOnlySpan<char> name) => name.IndexOf('.') is var dot and >= 0 ? name[(dot + 1)..] : [];

    /// <summary>The last labels of a name, no more than have keys.</summary>
    public static ReadOnlySpan<char> Shortened(ReadOnlySpan<char> name)
    {
        int labels = name.Count('.') + 1;
        for (; labels > MostLabels; labels--) name = ParentOf(name);
        return name;
    }

    private static void AddName(ReadOnlySpan<char> name, HashSet<long> keys)
    {
        keys.Add(Of(Kind.Name, name));
        int labels = name.Count('.');
        for (ReadOnlySpan<char> above = ParentOf(name); !above.IsEmpty && keys.Count < Most; above = ParentOf(above))
            if (labels-- <= MostLabels) keys.Add(Of(Kind.Below, above));

        // Of "*.example.com" and of names without patterns, there is nothing more to say.
        bool isPlain = !IsPattern(name.StartsWith("*.") ? name[2..] : name);
        if (isPlain && !name.SequenceEqual("*")) return;
        keys.Add(Of(Kind.Pattern, Shortened(ParentOf(name[name.LastIndexOfAny(PatternCharacters)..]))));
    }
}
