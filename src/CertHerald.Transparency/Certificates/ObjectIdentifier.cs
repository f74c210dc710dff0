using System.Globalization;
using System.Numerics;
using System.Text;

namespace CertHerald.Transparency.Certificates;

/// <summary>Object identifiers in digits and dots. X.690 §8.19.</summary>
public static class ObjectIdentifier
{
    /// <summary>Dotted digits; null if the bytes are not an identifier, or a number does not fit 64 bits.</summary>
    /// <param name="content">The content of an OBJECT IDENTIFIER, without its header.</param>
    public static string? Format(ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty || content.Length > 256 || content[^1] >= 0x80) return null;
        var text = new StringBuilder();
        ulong arc = 0;
        foreach (byte octet in content)
        {
            if (arc > ulong.MaxValue >> 7) return null;
            arc = arc << 7 | (uint)(octet & 0x7F);
            if (octet >= 0x80) continue;

            if (text.Length == 0)
            {
                ulong first = Math.Min(arc / 40, 2);
                text.Append(CultureInfo.InvariantCulture, $"{first}.{arc - first * 40}");
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $".{arc}");
            }
            arc = 0;
        }
        return text.ToString();
    }

    /// <summary>The content of which <see cref="Format"/> made a text; null if it is no such text.</summary>
    internal static byte[]? Parse(string text)
    {
        string[] digits = text.Split('.');
        var arcs = new ulong[digits.Length];
        for (int i = 0; i < arcs.Length; i++)
            if (!ulong.TryParse(digits[i], NumberStyles.None, CultureInfo.InvariantCulture, out arcs[i])) return null;
        if (arcs.Length < 2 || arcs[0] > 2 || arcs[1] > ulong.MaxValue - 80) return null;

        arcs[1] += 40 * arcs[0];
        var content = new List<byte>();
        foreach (ulong arc in arcs.AsSpan(1))
            for (int bits = BitOperations.Log2(arc | 1) / 7 * 7; bits >= 0; bits -= 7) content.Add((byte)((arc >> bits & 0x7F) | (bits > 0 ? 0x80u : 0)));
        return [.. content];
    }
}
