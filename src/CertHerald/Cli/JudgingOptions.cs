using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using CertHerald.Configuring;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Cli;

/// <summary>By what a command judges look-alikes: options, and the index that they lead to.</summary>
internal sealed class JudgingOptions
{
    /// <summary>Names of a sample that are kept: more say little more.</summary>
    private const int SampleSize = 1_000_000;

    /// <param name="hasData">The command has a data directory, in which files may lie.</param>
    public JudgingOptions(bool hasData)
    {
        string elsewhere = hasData ? "that of the data directory" : "a built-in table";
        Suffixes = new("--suffixes") { Description = $"The Public Suffix List; else {elsewhere}.", HelpName = "FILE" };
        Confusables = new("--confusables") { Description = $"confusables.txt of UTS #39, beside the built-in table{(hasData ? "; else that of the data directory" : "")}.", HelpName = "FILE" };
    }

    public Option<string[]> Background { get; } =
        new("--background") { Description = "Ordinary names, one a line (gzip too): what fires on many of them weighs less.", HelpName = "FILE" };

    public Option<string?> Suffixes { get; }

    public Option<string?> Confusables { get; }

    /// <param name="data">The data directory; null if the command has none.</param>
    /// <param name="suffixes">The suffixes by which names are judged; null: the built-in ones.</param>
    public LookalikeIndex Build(ParseResult parsed, IReadOnlyList<ProtectedDomain> domains, string? data, out PublicSuffixes? suffixes, CancellationToken stopping)
    {
        suffixes = SuffixesOf(parsed.GetValue(Suffixes), data);
        LookalikeIndex index = LookalikeIndex.Build(domains, suffixes, Folds(parsed.GetValue(Confusables), data));
        return (parsed.GetValue(Background) ?? []) is { Length: > 0 } samples ? index.With(index.Count(Sample(samples, stopping))) : index;
    }

    /// <summary>Given ones, and those of a file: one a line, its fields behind tabs.</summary>
    /// <exception cref="ConfigurationException">Every mistake in them.</exception>
    public static List<ProtectedDomain> Domains(string place, string[] given, string? file)
    {
        var domains = new List<ProtectedDomain>();
        var mistakes = new List<ConfigurationMistake>();
        foreach (string text in given) Add(place, text);
        if (file is not null)
        {
            int number = 0;
            foreach (string line in File.ReadLines(file))
            {
                number++;
                if (line.AsSpan().Trim().Length > 0 && !line.StartsWith('#')) Add(string.Create(CultureInfo.InvariantCulture, $"{file}:{number}"), line);
            }
        }
        if (mistakes.Count > 0) throw new ConfigurationException(mistakes);
        return domains;

        void Add(string place, string line)
        {
            if (ProtectedDomainReader.TryRead(line, out ProtectedDomain? domain, out string? problem)) domains.Add(domain);
            else mistakes.Add(new ConfigurationMistake(place, problem, "write example.com, and after tabs own=, allow=, keywords=, threshold="));
        }
    }

    private static PublicSuffixes? SuffixesOf(string? file, string? data)
    {
        PublicSuffixes? suffixes;
        if (file is not null)
        {
            if (SuffixFile.TryRead(File.ReadAllBytes(file), out suffixes, out string? problem)) return suffixes;
            throw new CommandFailedException($"{file} is not the Public Suffix List: {problem}");
        }
        string? warning = null;
        suffixes = data is null ? null : SuffixFile.Read(data, out warning);
        if (suffixes is null)
            Console.Error.WriteLine(warning ?? $"{(data is null ? "no --suffixes FILE" : $"no {SuffixFile.Name} in {data}")}: a built-in table of common suffixes stands in for the Public Suffix List (certherald data refresh --suffixes)");
        return suffixes;
    }

    /// <summary>What characters look like: the built-in table, and a file beside it. Null: the former alone.</summary>
    public static CharacterFolds? Folds(string? file, string? data)
    {
        string? path = file ?? (data is null ? null : Path.Combine(data, "confusables.txt"));
        if (path is null || (file is null && !File.Exists(path))) return null;
        if (UnicodeTable.TryRead(File.ReadAllBytes(path), out UnicodeTable? table, out string? problem)) return CharacterFolds.BuiltIn.With(table);
        throw new CommandFailedException($"{path} cannot be used: {problem}");
    }

    /// <summary>Drawn evenly from all files, the same each time: algorithm R.</summary>
    private static List<ReadOnlyMemory<byte>> Sample(string[] files, CancellationToken stopping)
    {
        var random = new Random(1);
        var kept = new List<ReadOnlyMemory<byte>>();
        int seen = 0;
        foreach (string path in files)
        {
            using Stream file = File.OpenRead(path);
            using Stream plain = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
            foreach (ReadOnlyMemory<byte> name in NameLines.Read(plain))
            {
                stopping.ThrowIfCancellationRequested();
                if (name.IsEmpty) continue;
                seen++;
                if (kept.Count < SampleSize) kept.Add(name.ToArray());
                else if (random.Next(seen) is var at && at < SampleSize) kept[at] = name.ToArray();
            }
        }
        return kept;
    }
}
