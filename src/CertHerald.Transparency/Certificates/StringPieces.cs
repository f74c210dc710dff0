using System.Buffers.Binary;
using System.Text;

namespace CertHerald.Transparency.Certificates;

/// <summary>Strings that are not simply bytes: made of pieces (X.690 §8.21), or of 2 or 4 bytes a character.</summary>
internal static class StringPieces
{
    // Pieces within pieces within pieces serve nobody.
    private const int MaxDepth = 4;

    /// <summary>
    /// The most bytes that text of this many bytes can have in UTF-8: BMPString grows by half, the others do not.
    /// </summary>
    public static int MaxTextLength(int length) => length + length / 2 + 3;

    /// <summary>Whether these are pieces of a string, to the last byte.</summary>
    /// <param name="type">In: the string's type. Out: that of the pieces, if they say that they are of wide characters.</param>
    public static bool AreIn(DerReader pieces, ref byte type, int depth = 0)
    {
        if (pieces.IsAtEnd) return false;
        while (pieces.TryRead(out DerValue piece))
        {
            int tag = piece.Tag & ~DerTag.Constructed;
            if (tag != DerTag.OctetString && !DerTag.IsByteString(tag) && !DerTag.IsWideString(tag)) return false;
            if (DerTag.IsWideString(tag)) type = (byte)tag;
            if (piece.IsConstructed && (depth == MaxDepth || !AreIn(piece.Contents, ref type, depth + 1))) return false;
        }
        return pieces.IsAtEnd;
    }

    /// <summary>Puts the pieces one after the other.</summary>
    /// <param name="pieces">Those that <see cref="AreIn"/> has accepted.</param>
    /// <returns>How many bytes they have.</returns>
    public static int Copy(DerReader pieces, Span<byte> target)
    {
        int length = 0;
        while (pieces.TryRead(out DerValue piece))
        {
            if (piece.IsConstructed)
            {
                length += Copy(piece.Contents, target[length..]);
                continue;
            }
            piece.Content.CopyTo(target[length..]);
            length += piece.Content.Length;
        }
        return length;
    }

    /// <summary>Writes a BMPString or UniversalString in UTF-8.</summary>
    /// <param name="utf8">Of at least <see cref="MaxTextLength"/> bytes; not where <paramref name="wide"/> lies.</param>
    /// <returns>False if it had characters that do not exist: they are written as U+FFFD.</returns>
    public static bool TryNarrow(ReadOnlySpan<byte> wide, int type, Span<byte> utf8, out int length)
    {
        int width = type == DerTag.BmpString ? 2 : 4;
        bool isWhole = wide.Length % width == 0;
        length = 0;
        for (; wide.Length >= width; wide = wide[width..])
        {
            Rune rune;
            if (width == 4)
            {
                if (!Rune.TryCreate(BinaryPrimitives.ReadUInt32BigEndian(wide), out rune)) (rune, isWhole) = (Rune.ReplacementChar, false);
            }
            else
            {
                char unit = (char)BinaryPrimitives.ReadUInt16BigEndian(wide);
                // BMPString has no surrogates, but encoders write UTF-16.
                if (wide.Length >= 4 && Rune.TryCreate(unit, (char)BinaryPrimitives.ReadUInt16BigEndian(wide[2..]), out rune)) wide = wide[2..];
                else if (!Rune.TryCreate(unit, out rune)) (rune, isWhole) = (Rune.ReplacementChar, false);
            }
            length += rune.EncodeToUtf8(utf8[length..]);
        }
        return isWhole;
    }
}
