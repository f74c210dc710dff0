using System.IO.Compression;
using System.Text.Json;

namespace CertHerald.Tests.Doubles;

/// <summary>
/// The real log answers, tiles, heads and certificates that lie beside the checkout, never in it.
/// Where they are absent, tests that need them are left out by name.
/// </summary>
internal static class SharedData
{
    private static readonly string? Root = Find("data");
    private static readonly string? Seeds = Find("seeds");

    public static bool IsHere => Root is not null;

    /// <summary>The path of a file or folder of the data; skips the test, saying so, where there is none.</summary>
    public static string PathOf(params string[] parts)
    {
        Assert.SkipUnless(IsHere, "left out: ../shared/data is not beside this checkout");
        return Path.Combine([Root!, .. parts]);
    }

    /// <summary>The path of a mission document; skips the test, saying so, where there is none.</summary>
    public static string SeedPathOf(string name)
    {
        Assert.SkipUnless(Seeds is not null, "left out: ../shared/seeds is not beside this checkout");
        return Path.Combine(Seeds!, name);
    }

    public static byte[] Bytes(params string[] parts) => File.ReadAllBytes(PathOf(parts));

    public static string Text(params string[] parts) => File.ReadAllText(PathOf(parts));

    public static JsonDocument Json(params string[] parts) => JsonDocument.Parse(Bytes(parts));

    /// <summary>The objects of a JSON Lines file, gzipped if its name ends so.</summary>
    public static IEnumerable<JsonElement> JsonLines(params string[] parts)
    {
        foreach (string line in Lines(parts))
            if (line.Length > 0)
                yield return JsonSerializer.Deserialize<JsonElement>(line);
    }

    public static IEnumerable<string> Lines(params string[] parts)
    {
        string path = PathOf(parts);
        using Stream file = File.OpenRead(path);
        using Stream plain = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(plain);
        while (reader.ReadLine() is { } line) yield return line;
    }

    private static string? Find(string name)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (Directory.Exists(Path.Combine(at.FullName, "..", "shared", name)) && File.Exists(Path.Combine(at.FullName, "CertHerald.slnx")))
                return Path.GetFullPath(Path.Combine(at.FullName, "..", "shared", name));
        return null;
    }
}
