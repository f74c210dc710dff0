using System.Buffers;
using System.Globalization;
using System.Text;

namespace CertHerald.Inspecting;

/// <summary>
/// Shows foreign text so that what a person sees is what is there: characters that are invisible, move others about, or
/// steer a terminal are spelled as code points. Markup is not its business: escape for the medium as well.
/// </summary>
internal static class Visible
{
    /// <summary>For terminals and logs: a hidden character becomes <c>\u{202E}</c>.</summary>
    /// <param name="keepLines">Leaves line feeds and tabs as they are: for text of several lines.</param>
    public static string Of(string text, bool keepLines = false)
    {
        if (IsPlain(text)) return text;

        var shown = new StringBuilder(text.Length + 16);
        foreach (Run run in Runs(text, keepLines))
        {
            if (run.Hidden) shown.Append(@"\u{").Append(run.Text).Append('}');
            else shown.Append(run.Text);
        }
        return shown.ToString();
    }

    /// <summary>Whether a person who sees it sees all of it.</summary>
    public static bool IsAllShown(string text) => IsPlain(text) || !Runs(text).Any(run => run.Hidden);

    /// <summary>For media that can mark what is hidden: stretches as they are, and single hidden characters as hexadecimal code points.</summary>
    public static IEnumerable<Run> Runs(string text, bool keepLines = false)
    {
        int start = 0;
        for (int i = 0; i < text.Length;)
        {
            // A lone surrogate decodes to U+FFFD and is one unit long: it is named by its own value.
            bool whole = Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int units) == OperationStatus.Done;
            if (whole && (!IsHidden(rune) || keepLines && rune.Value is '\n' or '\t'))
            {
                i += units;
                continue;
            }

            if (i > start) yield return new Run(text[start..i], Hidden: false);
            yield return new Run((whole ? rune.Value : text[i]).ToString("X4", CultureInfo.InvariantCulture), Hidden: true);
            i += units;
            start = i;
        }
        if (start < text.Length) yield return new Run(text[start..], Hidden: false);
    }

    /// <summary>A stretch of text, or the code point of a hidden character.</summary>
    internal readonly record struct Run(string Text, bool Hidden);

    private static bool IsPlain(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => true,
        UnicodeCategory.SpaceSeparator => rune.Value != ' ',
        _ => IsBlank(rune.Value),
    };

    // Letters, marks and symbols by category, drawn as nothing: Unicode's Default_Ignorable_Code_Point, and the empty Braille cell.
    private static bool IsBlank(int value) => value
        is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x2800 or 0x3164
        or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or (>= 0xE0100 and <= 0xE01EF);
}
