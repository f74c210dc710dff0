using System.Text;

namespace CertHerald.Names;

/// <summary>
/// Punycode, RFC 3492, without the <c>xn--</c> prefix, for names as certificates really hold them: nothing throws.
/// ASCII characters keep their case.
/// </summary>
public static class Punycode
{
    // Encoding costs the square of the length, and the text comes from strangers.
    // No A-label holds more: its 63 characters include the prefix.
    private const int MaxCodePoints = 63;
    private const int MaxEncodedLength = 256;

    // RFC 3492 §5.
    private const int Base = 36, TMin = 1, TMax = 26, Skew = 38, Damp = 700, InitialBias = 72, InitialN = 128;

    /// <summary>Encodes up to 63 code points; false for more, and for unpaired surrogates. RFC 3492 §6.3.</summary>
    public static bool TryEncode(ReadOnlySpan<char> unicode, out string ascii)
    {
        ascii = "";
        Span<int> input = stackalloc int[MaxCodePoints];
        if (!TryReadCodePoints(unicode, input, out int length)) return false;
        input = input[..length];

        var output = new StringBuilder(length * 2);
        foreach (int c in input)
            if (c < InitialN)
                output.Append((char)c);
        int b = output.Length, h = b;
        if (b > 0) output.Append('-');

        int n = InitialN, delta = 0, bias = InitialBias;
        while (h < length)
        {
            int m = int.MaxValue;
            foreach (int c in input)
                if (c >= n && c < m)
                    m = c;

            delta += (m - n) * (h + 1);                    // at most 0x10FFFF * 64: no overflow
            n = m;
            foreach (int c in input)
            {
                if (c < n) delta++;
                if (c != n) continue;

                AppendVariableLength(output, delta, bias);
                bias = Adapt(delta, h + 1, first: h == b);
                delta = 0;
                h++;
            }
            delta++;
            n++;
        }
        ascii = output.ToString();
        return true;
    }

    /// <summary>
    /// Decodes up to 256 characters; false for more, for characters outside Punycode, for overflow and for what is no
    /// Unicode scalar value. Uppercase digits pass. RFC 3492 §6.2.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<char> ascii, out string unicode)
    {
        unicode = "";
        if (ascii.Length > MaxEncodedLength || !Ascii.IsValid(ascii)) return false;

        Span<byte> bytes = stackalloc byte[MaxEncodedLength];
        Span<int> output = stackalloc int[MaxEncodedLength];
        for (int j = 0; j < ascii.Length; j++) bytes[j] = (byte)ascii[j];
        if (!TryDecode(bytes[..ascii.Length], output, out int length)) return false;

        var text = new StringBuilder(length);
        foreach (int c in output[..length]) text.Append(new Rune(c).ToString());
        unicode = text.ToString();
        return true;
    }

    /// <summary>As <see cref="TryDecode(ReadOnlySpan{char}, out string)"/>, to code points. Allocates nothing.</summary>
    /// <param name="output">As long as <paramref name="ascii"/> at least: no name grows.</param>
    internal static bool TryDecode(ReadOnlySpan<byte> ascii, Span<int> output, out int length)
    {
        length = 0;
        if (ascii.Length > MaxEncodedLength || !Ascii.IsValid(ascii)) return false;

        length = Math.Max(0, ascii.LastIndexOf((byte)'-'));
        for (int j = 0; j < length; j++) output[j] = ascii[j];

        int n = InitialN, i = 0, bias = InitialBias;
        for (int next = length > 0 ? length + 1 : 0; next < ascii.Length;)
        {
            int old = i;
            if (!TryReadVariableLength(ascii, ref next, bias, ref i)) return false;

            bias = Adapt(i - old, length + 1, first: old == 0);
            if (i / (length + 1) > int.MaxValue - n) return false;
            n += i / (length + 1);
            i %= length + 1;
            if (!Rune.IsValid(n)) return false;

            output[i..length].CopyTo(output[(i + 1)..]);
            output[i++] = n;
            length++;
        }
        return true;
    }

    private static bool TryReadCodePoints(ReadOnlySpan<char> text, Span<int> into, out int length)
    {
        length = 0;
        while (!text.IsEmpty)
        {
            if (length == into.Length) return false;
            if (Rune.DecodeFromUtf16(text, out Rune rune, out int taken) != System.Buffers.OperationStatus.Done) return false;
            into[length++] = rune.Value;
            text = text[taken..];
        }
        return true;
    }

    private static void AppendVariableLength(StringBuilder output, int q, int bias)
    {
        for (int k = Base; ; k += Base)
        {
            int t = Math.Clamp(k - bias, TMin, TMax);
            if (q < t) break;
            output.Append(Digit(t + (q - t) % (Base - t)));
            q = (q - t) / (Base - t);
        }
        output.Append(Digit(q));
    }

    private static bool TryReadVariableLength(ReadOnlySpan<byte> ascii, ref int next, int bias, ref int i)
    {
        int w = 1;
        for (int k = Base; ; k += Base)
        {
            if (next == ascii.Length) return false;
            int digit = ValueOf(ascii[next++]);
            if (digit < 0 || digit > (int.MaxValue - i) / w) return false;

            i += digit * w;
            int t = Math.Clamp(k - bias, TMin, TMax);
            if (digit < t) return true;
            if (w > int.MaxValue / (Base - t)) return false;
            w *= Base - t;
        }
    }

    // RFC 3492 §6.1.
    private static int Adapt(int delta, int points, bool first)
    {
        delta = first ? delta / Damp : delta / 2;
        delta += delta / points;
        int k = 0;
        for (; delta > (Base - TMin) * TMax / 2; k += Base) delta /= Base - TMin;
        return k + (Base - TMin + 1) * delta / (delta + Skew);
    }

    private static char Digit(int value) => (char)(value < 26 ? 'a' + value : '0' + value - 26);

    private static int ValueOf(byte digit) => (char)digit switch
    {
        >= 'a' and <= 'z' => digit - 'a',
        >= 'A' and <= 'Z' => digit - 'A',
        >= '0' and <= '9' => digit - '0' + 26,
        _ => -1,
    };
}
