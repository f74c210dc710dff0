using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Cli;

/// <summary><c>certherald lookalike</c>: whether names pass themselves off as protected domains, and why.</summary>
internal static class LookalikeCommand
{
    /// <summary>Names of a sample that are kept: more say little more.</summary>
    private const int SampleSize = 1_000_000;

    public static Command Create()
    {
        var first = new Argument<string?>("DOMAIN") { Description = "The domain to defend. With --domain or --domains: a name.", Arity = ArgumentArity.ZeroOrOne };
        var names = new Argument<string[]>("NAME") { Description = "Names to explain, as certificates hold them.", Arity = ArgumentArity.ZeroOrMore };
        var domain = new Option<string[]>("--domain") { Description = "Another way to name a domain to defend; may be repeated.", HelpName = "DOMAIN" };
        var domains = new Option<string?>("--domains") { Description = "A file of protected domains, one a line; after tabs own=a.com,b.com, allow=…, keywords=…, threshold=….", HelpName = "FILE" };
        var bulk = new Option<string?>("--names") { Description = "Judge these names, one a line; a JSON object a line comes out.", HelpName = "FILE|-" };
        var background = new Option<string[]>("--background") { Description = "Ordinary names, one a line (gzip too): what fires on many of them weighs less.", HelpName = "FILE" };
        var suffixes = new Option<string?>("--suffixes") { Description = "The Public Suffix List; else that of the data directory.", HelpName = "FILE" };
        var confusables = new Option<string?>("--confusables") { Description = "confusables.txt of UTS #39, beside the built-in table; else that of the data directory.", HelpName = "FILE" };
        var command = new Command("lookalike", "Says whether names imitate protected domains: score, class, reasons.")
        { first, names, domain, domains, bulk, background, suffixes, confusables, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction((parsed, stopping) =>
        {
            string[] given = [.. parsed.GetValue(first) is { } one ? [one] : Array.Empty<string>(), .. parsed.GetValue(names) ?? []], defended = parsed.GetValue(domain) ?? [];
            string? file = parsed.GetValue(bulk), table = parsed.GetValue(domains);
            bool isFirstDefended = defended.Length == 0 && table is null && given.Length > 0;
            if (isFirstDefended) (defended, given) = (given[..1], given[1..]);
            string? mistake = defended.Length == 0 && table is null ? "name the domain to defend, or give --domains FILE"
                : given.Length == 0 && file is null ? "name at least one name, or give --names FILE"
                : given.Length > 0 && file is not null ? "either names or --names"
                : null;
            if (mistake is not null)
            {
                Console.Error.WriteLine(mistake);
                return Task.FromResult(CommandLine.Misused);
            }
            string data = Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption))).Data;
            LookalikeIndex index = LookalikeIndex.Build(
                Domains(isFirstDefended ? "DOMAIN" : "--domain", defended, table), Suffixes(parsed.GetValue(suffixes), data), Folds(parsed.GetValue(confusables), data));
            if ((parsed.GetValue(background) ?? []) is { Length: > 0 } samples) index = index.With(index.Count(Sample(samples, stopping)));

            if (file is null)
            {
                foreach (string name in given) Explain(index, name, Console.Out);
                return Task.FromResult(CommandLine.Done);
            }
            using Stream input = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            using Stream output = StandardOutput.Open();
            JudgeAll(index, input, output, stopping);
            return Task.FromResult(CommandLine.Done);
        });
        return command.WithExamples("""
            certherald lookalike facebook.com xn--facbook-9gg.ml facebook.com.evil.com
            certherald lookalike facebo0k.com --domain facebook.com --domain instagram.com
            certherald lookalike --domains domains.tsv --names names.txt --background ordinary.txt.gz
            """);
    }

    /// <summary>A name for people.</summary>
    internal static void Explain(LookalikeIndex index, string name, TextWriter output)
    {
        IReadOnlyList<Lookalike> judged = index.Judge(Encoding.UTF8.GetBytes(name));
        if (judged.Count == 0)
        {
            output.WriteLine($"{Visible.Of(name)}: imitates none");
            return;
        }
        foreach (Lookalike one in judged)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Visible.Of(name)}: {one.Score} ({one.Tier.Name()}), {one.Class.Name()} of {one.Domain.Name}{(one.IsAlert ? "" : $", below its threshold of {one.Domain.Threshold}")}"));
            foreach (string reason in one.Reasons) output.WriteLine($"  {Visible.Of(reason)}");
        }
    }

    /// <summary>A line in, an object out, in the order of the input.</summary>
    internal static void JudgeAll(LookalikeIndex index, Stream input, Stream output, CancellationToken stopping)
    {
        using var buffered = new BufferedStream(output, 1 << 16);
        using var json = new Utf8JsonWriter(buffered, JsonStyle.Plain);
        foreach (ReadOnlyMemory<byte> name in NameLines.Read(input))
        {
            stopping.ThrowIfCancellationRequested();
            Write(json, Encoding.UTF8.GetString(name.Span), index.Judge(name.Span));
            json.Flush();
            json.Reset();
            buffered.WriteByte((byte)'\n');
        }
        buffered.Flush();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<Lookalike> judged)
    {
        Lookalike? best = judged.Count > 0 ? judged[0] : null;
        json.WriteStartObject();
        JsonStyle.WriteText(json, "name", name);
        json.WriteString("domain", best?.Domain.Name);
        json.WriteNumber("score", best?.Score ?? 0);
        json.WriteString("tier", best?.Tier.Name());
        json.WriteString("class", best?.Class.Name());
        JsonStyle.WriteTexts(json, "reasons", best?.Reasons ?? []);
        json.WriteStartArray("others");
        foreach (Lookalike other in judged.Skip(1))
        {
            json.WriteStartObject();
            json.WriteString("domain", other.Domain.Name);
            json.WriteNumber("score", other.Score);
            json.WriteString("tier", other.Tier.Name());
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static List<ProtectedDomain> Domains(string place, string[] given, string? file)
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

    private static PublicSuffixes? Suffixes(string? file, string data)
    {
        PublicSuffixes? suffixes;
        if (file is not null)
        {
            if (SuffixFile.TryRead(File.ReadAllBytes(file), out suffixes, out string? problem)) return suffixes;
            throw new CommandFailedException($"{file} is not the Public Suffix List: {problem}");
        }
        suffixes = SuffixFile.Read(data, out string? warning);
        if (suffixes is null) Console.Error.WriteLine(warning ?? $"no {SuffixFile.Name} in {data}: a built-in table of common suffixes stands in for it (certherald data refresh --suffixes)");
        return suffixes;
    }

    /// <summary>What characters look like: the built-in table, and a file beside it. Null: the former alone.</summary>
    internal static CharacterFolds? Folds(string? file, string data)
    {
        string path = file ?? Path.Combine(data, "confusables.txt");
        if (file is null && !File.Exists(path)) return null;
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
