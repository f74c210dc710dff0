using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Benchmarks.Lookalikes;

/// <summary>The evaluation data: brands, real look-alikes, and ordinary names. Two folders: what serves every part, and a part.</summary>
internal sealed class LookalikeData
{
    private readonly string _part;

    public LookalikeData(string root, string part)
    {
        Root = root;
        _part = Path.Combine(root, part);
        IsDev = part == "dev";
        Suffixes = PublicSuffixes.TryRead(File.ReadAllBytes(Path.Combine(root, "common", "public_suffix_list.dat")), out PublicSuffixes? suffixes, out string? problem)
            ? suffixes
            : throw new InvalidDataException(problem);

        var brands = new List<ProtectedDomain>();
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, "common", "brands.json")));
        foreach (JsonElement brand in json.RootElement.EnumerateArray())
        {
            BrandIndex.Add(brand.GetProperty("id").GetString()!, brands.Count);
            brands.Add(new ProtectedDomain
            {
                Name = brand.GetProperty("primary").GetString()!,
                Own = [.. Strings(brand, "official"), .. Strings(brand, "owned_extra")],
                Keywords = [.. Strings(brand, "tokens")],
            });
        }
        Brands = brands;
    }

    public string Root { get; }

    /// <summary>The part that may be tuned on: its sample and what is measured must not be the same names.</summary>
    public bool IsDev { get; }

    public PublicSuffixes Suffixes { get; }

    public IReadOnlyList<ProtectedDomain> Brands { get; }

    public Dictionary<string, int> BrandIndex { get; } = new(StringComparer.Ordinal);

    public IEnumerable<string> Part(string file) => Lines(Path.Combine(_part, file));

    public IEnumerable<string> Common(string file) => Lines(Path.Combine(Root, "common", file));

    /// <summary>Rows of a table with a header.</summary>
    public IEnumerable<string[]> Table(string file) => Part(file).Skip(1).Select(line => line.Split('\t'));

    /// <summary>Which half of its part a registrable domain is in: the sample is taken from the first, noise measured on the other.</summary>
    public bool IsInSampleHalf(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        return SHA256.HashData(Suffixes.TryGetRegistrable(bytes, out ReadOnlySpan<byte> registrable) ? registrable : bytes)[5] < 128;
    }

    /// <summary>Drawn evenly from what is given, the same each time. Algorithm R.</summary>
    public static List<ReadOnlyMemory<byte>> Reservoir(IEnumerable<string> names, int size, int seed)
    {
        var random = new Random(seed);
        var kept = new List<ReadOnlyMemory<byte>>(size);
        int seen = 0;
        foreach (string name in names)
        {
            seen++;
            if (kept.Count < size) kept.Add(Encoding.UTF8.GetBytes(name));
            else if (random.Next(seen) is var at && at < size) kept[at] = Encoding.UTF8.GetBytes(name);
        }
        return kept;
    }

    private static IEnumerable<string> Lines(string path)
    {
        if (!File.Exists(path) && File.Exists(path + ".gz")) path += ".gz";
        using Stream file = File.OpenRead(path);
        using Stream plain = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(plain);
        while (reader.ReadLine() is { } line) if (line.Length > 0) yield return line;
    }

    private static IEnumerable<string> Strings(JsonElement brand, string member) => brand.GetProperty(member).EnumerateArray().Select(text => text.GetString()!);
}
