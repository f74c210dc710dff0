using System.Buffers;
using System.Diagnostics;
using System.Text;

namespace CertHerald.Dialects.Meta;

/// <summary>
/// Writes JSON as the original did: ASCII only, what is escaped by number in lower-case hexadecimal, and nothing escaped that
/// need not be. The platform's encoders write upper case, and either more escapes or none for other scripts.
/// </summary>
internal static class AsciiJson
{
    // A backslash begins an escape; what is not ASCII, and DEL, become one.
    private static readonly SearchValues<byte> Plain = SearchValues.Create([.. Enumerable.Range(0, 0x7f).Select(value => (byte)value).Where(value => value != '\\')]);

    /// <param name="json">Valid JSON in UTF-8.</param>
    public static void Write(ReadOnlySpan<byte> json, IBufferWriter<byte> output)
    {
        Span<char> units = stackalloc char[2];
        while (true)
        {
            int plain = json.IndexOfAnyExcept(Plain);
            if (plain < 0) break;
            output.Write(json[..plain]);
            json = json[plain..];

            if (json[0] == '\\' && json[1] == 'u')
            {
                output.Write("\\u"u8);
                Ascii.ToLower(json.Slice(2, 4), output.GetSpan(4), out int written);
                output.Advance(written);
                json = json[6..];
            }
            else if (json[0] == '\\')
            {
                output.Write(json[..2]);
                json = json[2..];
            }
            else
            {
                if (Rune.DecodeFromUtf8(json, out Rune rune, out int length) != OperationStatus.Done) throw new UnreachableException("JSON is UTF-8.");
                foreach (char unit in units[..rune.EncodeToUtf16(units)]) WriteUnit(unit, output);
                json = json[length..];
            }
        }
        output.Write(json);
    }

    private static void WriteUnit(char unit, IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> digits = "0123456789abcdef"u8;
        output.Write([(byte)'\\', (byte)'u', digits[unit >> 12], digits[(unit >> 8) & 0xf], digits[(unit >> 4) & 0xf], digits[unit & 0xf]]);
    }
}
