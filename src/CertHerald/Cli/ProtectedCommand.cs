using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Cli;

/// <summary><c>certherald domains … --lookalikes</c>: whose imitations the running service looks for.</summary>
internal static class ProtectedCommand
{
    private static readonly Option<bool> Preview = new("--preview") { Description = "With --lookalikes: says what protecting it would have raised, and changes nothing." };

    private static readonly Option<string[]> Own = new("--own") { Description = "With --lookalikes: another domain of yours, which is no look-alike.", HelpName = "DOMAIN" };

    private static readonly Option<string[]> Allow = new("--allow") { Description = "With --lookalikes: a name of others that is wanted, with all below it.", HelpName = "NAME" };

    private static readonly Option<string[]> Keyword = new("--keyword") { Description = "With --lookalikes: another word that stands for you, such as a product.", HelpName = "WORD" };

    private static readonly Option<int?> Threshold = new("--threshold") { Description = "With --lookalikes: the score from which on an imitation is told of, 1 to 100. Default: 50", HelpName = "SCORE" };

    private static readonly Option<int?> Digest = new("--digest") { Description = "With --lookalikes: the score from which on what is below the threshold is kept for a digest, such as 30. Default: nothing is", HelpName = "SCORE" };

    public static Option<bool> Lookalikes { get; } = new("--lookalikes") { Description = "Is about imitations of these domains, and not about certificates for them." };

    public static IReadOnlyList<Option> Settings { get; } = [Preview, Own, Allow, Keyword, Threshold, Digest];

    public static async Task<int> ListAsync(ParseResult parsed, CancellationToken stopping)
    {
        JsonElement domains = await LocalAccess.Of(parsed).GetAsync("/api/lookalikes/domains", stopping);
        if (parsed.GetValue(LocalAccess.Json)) Console.Out.WriteLine(domains.GetRawText());
        else foreach (JsonElement domain in domains.EnumerateArray()) Console.Out.WriteLine(Describe(domain));
        return CommandLine.Done;
    }

    /// <summary>Adds, previews or removes protected domains, all checked before the first is sent.</summary>
    public static async Task<int> ChangeAsync(ParseResult parsed, HttpMethod method, IReadOnlyList<string> names, CancellationToken stopping)
    {
        List<string> domains = [.. names.Select(name => NameOf("NAME", name))];
        LocalAccess service = LocalAccess.Of(parsed);
        bool asJson = parsed.GetValue(LocalAccess.Json);
        foreach (string domain in domains)
        {
            string path = $"/api/lookalikes/domains/{Uri.EscapeDataString(domain)}";
            if (method == HttpMethod.Delete)
            {
                JsonElement removed = await service.SendAsync(HttpMethod.Delete, path, stopping);
                Console.Out.WriteLine(asJson ? removed.GetRawText() : $"{domain} is protected no more");
                continue;
            }

            string[] own = [.. (parsed.GetValue(Own) ?? []).Select(name => NameOf("--own", name))], allow = [.. (parsed.GetValue(Allow) ?? []).Select(name => NameOf("--allow", name))];
            string[] keywords = parsed.GetValue(Keyword) ?? [];
            int threshold = parsed.GetValue(Threshold) ?? ProtectedDomain.DefaultThreshold;
            if (parsed.GetValue(Preview))
            {
                if (parsed.GetValue(Digest) is not null)
                    throw new ConfigurationException([new ConfigurationMistake("--digest", "is no part of a preview, which shows what would be an alert", "leave it out, or lower --threshold to see more")]);
                string query = string.Join('&', own.Select(name => $"own={Uri.EscapeDataString(name)}").Concat(allow.Select(name => $"allow={Uri.EscapeDataString(name)}"))
                    .Concat(keywords.Select(word => $"keywords={Uri.EscapeDataString(word)}")).Append(string.Create(CultureInfo.InvariantCulture, $"threshold={threshold}")));
                JsonElement preview = await service.GetAsync($"{path}/preview?{query}", stopping);
                if (asJson) Console.Out.WriteLine(preview.GetRawText());
                else Explain(preview, Console.Out);
                continue;
            }
            JsonElement added = await service.SendAsync(HttpMethod.Put, path, stopping, new { own, allow, keywords, threshold, digest = parsed.GetValue(Digest) });
            Console.Out.WriteLine(asJson ? added.GetRawText() : $"{domain} is protected: its imitations are told to webhooks that take \"lookalike\"");
        }
        return CommandLine.Done;
    }

    private static void Explain(JsonElement preview, TextWriter output)
    {
        string domain = preview.GetProperty("domain").GetString()!;
        long sampled = preview.GetProperty("sampled_names").GetInt64(), stored = preview.GetProperty("stored_names").GetInt64();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{domain}, threshold {preview.GetProperty("threshold").GetInt32()}: {preview.GetProperty("alerts").GetInt32()} registrable domains would have been told of, in {sampled:#,0} ordinary names that were read and {stored:#,0} names of the last certificates that were kept"));
        if (!preview.GetProperty("weighed").GetBoolean()) output.WriteLine("too few ordinary names were read so far to weigh rules by them: a built-in guess stands in");
        foreach (JsonElement tier in preview.GetProperty("tiers").EnumerateArray())
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {tier.GetProperty("tier").GetString()}: {tier.GetProperty("domains").GetInt32()}"));
            foreach (JsonElement example in tier.GetProperty("examples").EnumerateArray())
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"    {example.GetProperty("score").GetInt32(),3}  {Visible.Of(example.GetProperty("name").GetString()!)}  {Visible.Of(example.GetProperty("reasons")[0].GetString()!)}"));
        }
    }

    private static string Describe(JsonElement domain)
    {
        string from = domain.GetProperty("configured").GetBoolean() ? "configuration" : $"added {domain.GetProperty("added").GetDateTimeOffset().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}";
        string digest = domain.GetProperty("digest") is { ValueKind: JsonValueKind.Number } score ? $", digest from {score.GetInt32().ToString(CultureInfo.InvariantCulture)}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{domain.GetProperty("domain").GetString(),-40}  threshold {domain.GetProperty("threshold").GetInt32()}{digest}, {from}");
    }

    private static string NameOf(string place, string text) =>
        ProtectedDomainReader.TryReadDomain(text, out ProtectedDomain? read, out string? problem)
            ? read.Name
            : throw new ConfigurationException([new ConfigurationMistake(place, problem, "write example.com")]);
}
