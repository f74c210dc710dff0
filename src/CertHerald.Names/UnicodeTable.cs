using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace CertHerald.Names;

/// <summary>
/// A data file of the Unicode Consortium, such as <c>confusables.txt</c> (UTS #39) and <c>IdnaMappingTable.txt</c> (UTS #46):
/// what stands behind each code point or range. UAX #44 §4.2.
/// </summary>
public sealed class UnicodeTable
{
    private const string VersionIs = "Version:";

    private UnicodeTable(string name, string version, IReadOnlyList<UnicodeRow> rows)
    {
        Name = name;
        Version = version;
        Rows = rows;
    }

    /// <summary>What the file calls itself, such as <c>confusables.txt</c>.</summary>
    public string Name { get; }

    /// <summary>Of Unicode, such as 17.0.0.</summary>
    public string Version { get; }

    /// <summary>In the file's order.</summary>
    public IReadOnlyList<UnicodeRow> Rows { get; }

    /// <summary>Reads a file in its published form.</summary>
    /// <param name="file">UTF-8. A header names the file and says its version.</param>
    /// <param name="problem">What is wrong with it, with the line; null if it was read.</param>
    public static bool TryRead(ReadOnlySpan<byte> file, [NotNullWhen(true)] out UnicodeTable? table, [NotNullWhen(false)] out string? problem)
    {
        table = null;
        problem = null;
        string? name = null, version = null;
        var rows = new List<UnicodeRow>();
        int number = 0;
        foreach (ReadOnlySpan<char> line in Encoding.UTF8.GetString(file).AsSpan().TrimStart('\ufeff').EnumerateLines())
        {
            number++;
            if (line.StartsWith('#'))
            {
                ReadOnlySpan<char> header = line[1..].Trim();
                if (name is null && header.EndsWith(".txt", StringComparison.Ordinal)) ReadName(header[..^4], out name, ref version);
                if (header.StartsWith(VersionIs, StringComparison.Ordinal)) version ??= header[VersionIs.Length..].Trim().ToString();
                continue;
            }
            int comment = line.IndexOf('#');
            ReadOnlySpan<char> text = (comment < 0 ? line : line[..comment]).Trim();
            if (text.IsEmpty) continue;
            if (TryReadRow(text.ToString(), out UnicodeRow row))
            {
                rows.Add(row);
                continue;
            }
            problem = $"line {number} names no code point";
            return false;
        }
        if (name is null || version is null || rows.Count == 0)
        {
            problem = rows.Count == 0 ? "it has no row" : "its header names no file or no version";
            return false;
        }
        table = new UnicodeTable(name, version, rows);
        return true;
    }

    // Most files of the Unicode Character Database have the version in their name, and nowhere else: Scripts-17.0.0.txt.
    private static void ReadName(ReadOnlySpan<char> stem, out string name, ref string? version)
    {
        int hyphen = stem.LastIndexOf('-');
        bool isVersioned = hyphen > 0 && System.Version.TryParse(stem[(hyphen + 1)..], out _);
        if (isVersioned) version ??= stem[(hyphen + 1)..].ToString();
        name = $"{(isVersioned ? stem[..hyphen] : stem)}.txt";
    }

    private static bool TryReadRow(string text, out UnicodeRow row)
    {
        row = default;
        string[] fields = text.Split(';', StringSplitOptions.TrimEntries);
        string[] ends = fields[0].Split("..");
        if (fields.Length < 2 || ends.Length > 2 || !TryReadCodePoint(ends[0], out int first) || !TryReadCodePoint(ends[^1], out int last) || last < first)
            return false;
        row = new UnicodeRow(first, last, fields[1..]);
        return true;
    }

    private static bool TryReadCodePoint(string text, out int value) =>
        int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && value is >= 0 and <= 0x10FFFF;
}

/// <summary>A row of a <see cref="UnicodeTable"/>.</summary>
/// <param name="First">Code point.</param>
/// <param name="Last">Code point; the same as the first if the row has one only.</param>
/// <param name="Fields">What follows the code points, without white space around it.</param>
public readonly record struct UnicodeRow(int First, int Last, IReadOnlyList<string> Fields);
