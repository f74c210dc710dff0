using System.Globalization;
using System.Security.Cryptography;
using CertHerald.Configuring;
using CertHerald.Names;

namespace CertHerald.Cli;

/// <summary>
/// Lists about names that others keep and CertHerald does not carry: public suffixes, and what characters look like and are
/// mapped to. In the data directory, in their published form, checked before they are written.
/// </summary>
internal static class NameData
{
    /// <summary>Every list, by the option that names its source.</summary>
    public static IReadOnlyList<NameList> All { get; } =
    [
        new("--suffixes", SuffixFile.Name, "the Public Suffix List", CheckSuffixes),
        new("--confusables", "confusables.txt", "characters that look alike (UTS #39)", file => CheckUnicode(file, "confusables.txt", fewest: 1_000)),
        new("--idna", "IdnaMappingTable.txt", "how characters are mapped in domain names (UTS #46)", file => CheckUnicode(file, "IdnaMappingTable.txt", fewest: 1_000)),
    ];

    private static NameListCheck CheckSuffixes(byte[] file)
    {
        return SuffixFile.TryRead(file, out PublicSuffixes? suffixes, out string? problem)
            ? new NameListCheck(null, suffixes.Version, SuffixFile.Describe(suffixes))
            : new NameListCheck(problem);
    }

    private static NameListCheck CheckUnicode(byte[] file, string name, int fewest)
    {
        if (!UnicodeTable.TryRead(file, out UnicodeTable? table, out string? problem)) return new NameListCheck(problem);
        if (table.Name != name) return new NameListCheck($"it calls itself {Inspecting.Visible.Of(table.Name)}");
        return table.Rows.Count < fewest ? new NameListCheck($"it has {Count(table.Rows.Count)} rows: it is cut") : new NameListCheck(null, table.Version, $"{Count(table.Rows.Count)} rows");
    }

    private static string Count(int number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}

/// <summary>A list: where it lies, and whether bytes are it.</summary>
internal sealed record NameList(string Option, string File, string Meaning, Func<byte[], NameListCheck> Check)
{
    /// <summary>Longer than any of them has ever been.</summary>
    public const int MostBytes = SuffixFile.MostBytes;

    public string PathIn(string data) => Path.Combine(data, File);

    /// <summary>A line for people: version, contents, when it was written; or why it is not there.</summary>
    public string Describe(string data)
    {
        string path = PathIn(data);
        try
        {
            var written = new FileInfo(path);
            if (!written.Exists) return $"is not there: certherald data refresh {Option} URL|FILE";
            if (written.Length > MostBytes) return "is too long to be it";

            byte[] file = System.IO.File.ReadAllBytes(path);
            NameListCheck check = Check(file);
            if (check.Problem is not null) return $"cannot be used: {check.Problem}";
            // The copy of the Public Suffix List in its repository has no version: its hash stands for it.
            string version = check.Version is { } stated ? Inspecting.Visible.Of(stated) : "without version";
            return $"{version}; {check.Contents}; sha256 {Convert.ToHexStringLower(SHA256.HashData(file))[..16]}…; written {written.LastWriteTimeUtc.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {failure.Message}";
        }
    }

    /// <summary>Written beside, flushed and renamed: never half there.</summary>
    /// <exception cref="CommandFailedException">The directory cannot be written.</exception>
    public void Write(string data, byte[] file)
    {
        string path = PathIn(data), fresh = path + ".new";
        try
        {
            Directory.CreateDirectory(data);
            using (var stream = new FileStream(fresh, FileMode.Create, FileAccess.Write))
            {
                stream.Write(file);
                stream.Flush(flushToDisk: true);
            }
            System.IO.File.Move(fresh, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"{path} cannot be written: {failure.Message}", failure);
        }
    }
}

/// <summary>What a check found.</summary>
/// <param name="Problem">Why it is not the list; null if it is.</param>
/// <param name="Version">By its own word; null if it has none.</param>
internal sealed record NameListCheck(string? Problem, string? Version = null, string Contents = "");
