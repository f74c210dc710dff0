using System.Text.Json;
using CertHerald.Names.Lookalikes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>The table is of a language, and not of who is imitated.</summary>
public sealed class OrdinaryWordsTests
{
    // What large providers are called by, and anybody says: things, qualities, doings and names of people.
    private static readonly string[] Said =
    [
        "amazon", "ana", "apple", "bell", "booking", "boy", "cash", "chase", "crypto", "delta", "discover", "exodus", "family", "free", "gemini", "kraken", "ledger", "line", "mail", "norton", "orange", "phantom", "post",
        "proton", "regions", "rogers", "slack", "steam", "stripe", "sushi", "target", "three", "visa", "wise", "zoom",
    ];

    [Fact]
    public void No_name_of_a_provider_is_among_everyday_words_that_is_not_one() => Assert.Equal(Said, Called().Where(name => OrdinaryWords.Contains(name)));

    [Fact]
    public void No_name_of_a_provider_is_among_the_words_beside_an_imitation_that_is_not_one() =>
        Assert.Equal(["au", "blockchain", "crypto", "free", "gov", "mail", "my"], Called().Where(name => Keywords.Urgent.Contains(name) || Keywords.Common.Contains(name)));

    [Fact]
    public void Each_word_stands_once() =>
        Assert.Empty(OrdinaryWords.Text.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).GroupBy(word => word, StringComparer.Ordinal).Where(word => word.Count() > 1).Select(word => word.Key));

    /// <summary>What the brands of the evaluation data are called, without hyphens.</summary>
    private static string[] Called()
    {
        using JsonDocument json = SharedData.Json("lookalikes", "common", "brands.json");
        return [.. json.RootElement.EnumerateArray()
            .SelectMany(brand => brand.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!).Append(brand.GetProperty("primary").GetString()!.Split('.')[0]))
            .Select(name => name.Replace("-", "", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
