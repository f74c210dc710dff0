using System.Globalization;

namespace CertHerald.Configuring;

/// <summary>Lengths of time as people write them.</summary>
internal static class Durations
{
    /// <summary>Reads a whole number and its unit: ms, s, m, h, d. Nothing above a hundred years.</summary>
    /// <param name="mayBeZero">Whether none at all is meant by <c>0s</c>.</param>
    public static bool TryParse(string text, out TimeSpan duration, bool mayBeZero = false)
    {
        duration = default;
        int digits = text.TakeWhile(char.IsAsciiDigit).Count();
        if (!long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out long number)) return false;
        double unit = text[digits..] switch { "ms" => 1, "s" => 1e3, "m" => 6e4, "h" => 3.6e6, "d" => 8.64e7, _ => 0 }, milliseconds = unit * number;
        if (unit == 0 || (number == 0 && !mayBeZero) || milliseconds > 36_500 * 8.64e7) return false;
        duration = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }
}
