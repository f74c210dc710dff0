using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Inspecting;

/// <summary>PEM as people hand it in: perhaps several blocks, perhaps none and DER instead. RFC 7468.</summary>
internal static class PemFile
{
    /// <summary>The bytes of the first block with a label; null if there is none.</summary>
    public static byte[]? TryReadFirst(ReadOnlySpan<byte> file, string label) => ReadAll(file, label) is [var first, ..] ? first : null;

    /// <summary>The bytes of every block with a label, in order.</summary>
    public static IReadOnlyList<byte[]> ReadAll(ReadOnlySpan<byte> file, string label)
    {
        var blocks = new List<byte[]>();
        ReadOnlySpan<char> rest = Encoding.Latin1.GetString(file);
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            if (rest[fields.Label].SequenceEqual(label)) blocks.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
            rest = rest[fields.Location.End..];
        }
        return blocks;
    }
}
