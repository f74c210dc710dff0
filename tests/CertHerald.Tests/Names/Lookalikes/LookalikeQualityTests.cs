using System.Text;
using System.Text.Json;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>The small part of the evaluation data; <c>bench/lookalikes</c> measures all of it.</summary>
public sealed class LookalikeQualityTests
{
    private static readonly string[] OptionalClasses = ["fuzzy_window", "short_token", "on_brand_platform", "no_lexical_relation"];

    [Fact]
    public void Real_look_alikes_are_found_and_ordinary_names_are_left_alone()
    {
        Assert.True(PublicSuffixes.TryRead(SharedData.Bytes("lookalikes", "common", "public_suffix_list.dat"), out PublicSuffixes? suffixes, out _));
        using JsonDocument json = SharedData.Json("lookalikes", "common", "brands.json");
        Dictionary<string, ProtectedDomain> brands = json.RootElement.EnumerateArray().ToDictionary(brand => brand.GetProperty("id").GetString()!, Brand, StringComparer.Ordinal);
        byte[][] ordinary = [.. SharedData.Lines("lookalikes", "dev", "ci_negatives.txt").Select(Encoding.UTF8.GetBytes)];
        LookalikeIndex bare = LookalikeIndex.Build(brands.Values, suffixes);
        LookalikeIndex index = bare.With(bare.Count(ordinary.Where((_, at) => at % 2 == 0).Select(name => (ReadOnlyMemory<byte>)name)));

        int[] scores = [.. SharedData.Lines("lookalikes", "dev", "ci_positives.tsv").Skip(1).Select(line => line.Split('\t')).Where(row => !OptionalClasses.Contains(row[2]))
            .Select(row => index.Judge(Encoding.UTF8.GetBytes(row[0])).FirstOrDefault(one => one.Domain == brands[row[1]])?.Score ?? 0)];
        int alerts = ordinary.Where((_, at) => at % 2 == 1).Count(name => index.Judge(name, 80).Count > 0);

        Assert.InRange(scores.Count(score => score >= 50) / (double)scores.Length, .60, 1);
        Assert.InRange(scores.Count(score => score >= 80) / (double)scores.Length, .25, 1);
        Assert.InRange(scores.Count(score => score >= 1) / (double)scores.Length, .90, 1);
        Assert.InRange(alerts, 0, 60);
    }

    private static ProtectedDomain Brand(JsonElement brand) => new()
    {
        Name = brand.GetProperty("primary").GetString()!,
        Own = [.. Strings(brand, "official"), .. Strings(brand, "owned_extra")],
        Keywords = [.. Strings(brand, "tokens")],
    };

    private static IEnumerable<string> Strings(JsonElement brand, string member) => brand.GetProperty(member).EnumerateArray().Select(text => text.GetString()!);
}
