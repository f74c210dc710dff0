using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace CertHerald.Names;

/// <summary>
/// IP addresses as 128-bit numbers, IPv4 in its mapped form (::ffff:0:0/96), so that one address has one value.
/// Stricter than the platform's parser, to which <c>1</c> and <c>0x7f.1</c> are addresses and not DNS names.
/// </summary>
internal static class IpText
{
    private const int Groups = 8;
    private static readonly UInt128 MappedPrefix = (UInt128)0xffff << 32;

    /// <summary>The address in 4 or 16 octets; false for any other number of them.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, out UInt128 address)
    {
        address = octets.Length switch
        {
            4 => MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(octets),
            16 => BinaryPrimitives.ReadUInt128BigEndian(octets),
            _ => default,
        };
        return octets.Length is 4 or 16;
    }

    /// <summary>Reads dotted IPv4 without leading zeros, or IPv6, in brackets or not, without a zone.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out UInt128 address)
    {
        address = default;
        if (text.Length is < 2 or > 47) return false;
        if (!text.Contains((byte)':'))
        {
            if (!TryParseV4(text, out uint v4)) return false;
            address = MappedPrefix | v4;
            return true;
        }
        if (text[0] == '[' && text[^1] == ']') text = text[1..^1];
        return TryParseV6(text, out address);
    }

    /// <summary>Dotted for IPv4 and IPv4-mapped, else RFC 5952 §4.</summary>
    public static string Format(UInt128 address)
    {
        if (address >> 32 == 0xffff)
            return string.Create(CultureInfo.InvariantCulture,
                $"{(byte)(address >> 24)}.{(byte)(address >> 16)}.{(byte)(address >> 8)}.{(byte)address}");

        (int zeros, int length) = LongestZeros(address);
        var text = new StringBuilder(39);
        for (int i = 0; i < Groups; i++)
        {
            if (i == zeros)
            {
                text.Append("::");
                i += length - 1;
                continue;
            }
            if (text.Length > 0 && text[^1] != ':') text.Append(':');
            text.Append(CultureInfo.InvariantCulture, $"{Group(address, i):x}");
        }
        return text.ToString();
    }

    private static ushort Group(UInt128 address, int index) => (ushort)(address >> (16 * (Groups - 1 - index)));

    // RFC 5952 §4.2: the longest run, the first of equals, never a single group.
    private static (int Start, int Length) LongestZeros(UInt128 address)
    {
        (int start, int length) = (-1, 1);
        for (int i = 0; i < Groups; i++)
        {
            int run = 0;
            while (i + run < Groups && Group(address, i + run) == 0) run++;
            if (run > length) (start, length) = (i, run);
            i += run;
        }
        return (start, length);
    }

    private static bool TryParseV4(ReadOnlySpan<byte> text, out uint address)
    {
        address = 0;
        for (int octet = 0; octet < 4; octet++)
        {
            int digits = 0, value = 0;
            while (digits < text.Length && text[digits] is >= (byte)'0' and <= (byte)'9' && digits < 4)
                value = value * 10 + (text[digits++] - '0');

            if (digits is 0 or > 3 || value > 255 || (digits > 1 && text[0] == '0')) return false;
            address = address << 8 | (uint)value;
            text = text[digits..];

            if (octet == 3) break;
            if (text.IsEmpty || text[0] != '.') return false;
            text = text[1..];
        }
        return text.IsEmpty;
    }

    private static bool TryParseV6(ReadOnlySpan<byte> text, out UInt128 address)
    {
        address = default;
        int gap = text.IndexOf("::"u8);
        if (gap < 0) return TryParseGroups(text, out address, out int all) && all == Groups;

        // One "::" at most (RFC 4291 §2.2): a second would leave an empty group in the tail.
        if (!TryParseGroups(text[..gap], out UInt128 head, out int before) || text[..gap].Contains((byte)'.')) return false;
        if (!TryParseGroups(text[(gap + 2)..], out UInt128 tail, out int after) || before + after >= Groups) return false;

        address = tail | (before == 0 ? 0 : head << (16 * (Groups - before)));
        return true;
    }

    private static bool TryParseGroups(ReadOnlySpan<byte> text, out UInt128 value, out int groups)
    {
        value = default;
        groups = 0;
        if (text.IsEmpty) return true;

        while (true)
        {
            int colon = text.IndexOf((byte)':');
            ReadOnlySpan<byte> group = colon < 0 ? text : text[..colon];
            if (colon < 0 && group.Contains((byte)'.'))
            {
                if (!TryParseV4(group, out uint v4)) return false;
                value = value << 32 | v4;
                groups += 2;
            }
            else
            {
                if (!TryParseHex(group, out uint hex)) return false;
                value = value << 16 | hex;
                groups++;
            }
            if (groups > Groups) return false;
            if (colon < 0) return true;
            text = text[(colon + 1)..];
        }
    }

    private static bool TryParseHex(ReadOnlySpan<byte> group, out uint value)
    {
        value = 0;
        if (group.Length is 0 or > 4) return false;
        foreach (byte digit in group)
        {
            if (!char.IsAsciiHexDigit((char)digit)) return false;
            value = value << 4 | (uint)((digit & 0xf) + (digit > '9' ? 9 : 0));
        }
        return true;
    }
}
