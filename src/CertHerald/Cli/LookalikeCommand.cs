using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Cli;

/// <summary><c>certherald lookalike</c>: whether names pass themselves off as protected domains, and why.</summary>
internal static class LookalikeCommand
{
    public static Command Create()
    {
        var first = new Argument<string?>("DOMAIN") { Description = "The domain to defend. With --domain or --domains: a name.", Arity = ArgumentArity.ZeroOrOne };
        var names = new Argument<string[]>("NAME") { Description = "Names to explain, as certificates hold them.", Arity = ArgumentArity.ZeroOrMore };
        var domain = new Option<string[]>("--domain") { Description = "Another way to name a domain to defend; may be repeated.", HelpName = "DOMAIN" };
        var domains = new Option<string?>("--domains") { Description = "A file of protected domains, one a line; after tabs own=a.com,b.com, allow=…, keywords=…, threshold=….", HelpName = "FILE" };
        var bulk = new Option<string?>("--names") { Description = "Judge these names, one a line; a JSON object a line comes out.", HelpName = "FILE|-" };
        var judging = new JudgingOptions(hasData: true);
        var command = new Command("lookalike", "Says whether names imitate protected domains: score, class, reasons.")
        { first, names, domain, domains, bulk, judging.Background, judging.Suffixes, judging.Confusables, RunCommand.ConfigOption, RunCommand.DataOption };
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
            LookalikeIndex index = judging.Build(parsed, JudgingOptions.Domains(isFirstDefended ? "DOMAIN" : "--domain", defended, table), data, out _, stopping);

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
}
