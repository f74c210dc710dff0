using System.Collections;
using CertHerald.Configuring;
using CertHerald.Inspecting;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Configuring;

/// <summary>The keys that begin with <c>index</c>.</summary>
public sealed class IndexKeysTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Without_a_word_only_what_is_watched_is_indexed() => Assert.Equal(new IndexOptions { TakesAll = false, KeepsDer = false, Retention = TimeSpan.FromDays(30) }, Read("{}"));

    [Fact]
    public void All_certificates_can_be_indexed_whole_and_for_long() => Assert.Equal(
        new IndexOptions { TakesAll = true, KeepsDer = true, Retention = TimeSpan.FromDays(45) }, Read("""{ "index": "all", "index_der": true, "index_retention": "45d" }"""));

    [Theory]
    [InlineData("""{ "index": "everything" }""", "index")]
    [InlineData("""{ "index": true }""", "index")]
    [InlineData("""{ "index_der": "some" }""", "index_der")]
    [InlineData("""{ "index_retention": "23h" }""", "index_retention")]
    [InlineData("""{ "index_retention": "long" }""", "index_retention")]
    public void A_mistake_is_said_with_its_place(string text, string place) =>
        Assert.EndsWith($": {place}", Assert.Single(Assert.Throws<ConfigurationException>(() => Read(text)).Mistakes).Place, StringComparison.Ordinal);

    private IndexOptions Read(string text) => Configuration.Read(_scratch.Write("certherald.json", text), new CommandLineOverrides(), new Hashtable()).Index;
}
