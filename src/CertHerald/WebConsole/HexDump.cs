using System.Globalization;
using System.Text;

namespace CertHerald.WebConsole;

/// <summary>Bytes for people: offset, sixteen bytes, and those of them that are printable ASCII.</summary>
internal static class HexDump
{
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 5);
        for (int at = 0; at < bytes.Length; at += 16)
        {
            ReadOnlySpan<byte> row = bytes.Slice(at, Math.Min(16, bytes.Length - at));
            text.Append(at.ToString("x6", CultureInfo.InvariantCulture)).Append("  ");
            for (int i = 0; i < 16; i++)
            {
                text.Append(i < row.Length ? row[i].ToString("x2", CultureInfo.InvariantCulture) : "  ");
                text.Append(i == 7 ? "  " : " ");
            }
            text.Append(' ');
            foreach (byte value in row) text.Append(value is >= 0x20 and <= 0x7E ? (char)value : '.');
            text.Append('\n');
        }
        return text.ToString();
    }
}
