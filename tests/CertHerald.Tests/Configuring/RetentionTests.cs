using System.Collections;
using CertHerald.Configuring;
using CertHerald.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Configuring;

/// <summary>The section <c>retention</c>.</summary>
public sealed class RetentionTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("{}", 90, 400)]
    [InlineData("""{ "retention": { "deliveries": "30d" } }""", 30, 400)]
    [InlineData("""{ "retention": { "lookalikes": "90d" } }""", 90, 90)]
    [InlineData("""{ "retention": { "deliveries": "800d" } }""", 800, 800)]
    [InlineData("""{ "retention": { "deliveries": "800d", "lookalikes": "900d" } }""", 800, 900)]
    public void Look_alikes_are_kept_as_long_as_what_is_owed_of_them(string text, int deliveries, int lookalikes) =>
        Assert.Equal(new RetentionOptions { Deliveries = TimeSpan.FromDays(deliveries), Lookalikes = TimeSpan.FromDays(lookalikes) }, Read(text));

    [Theory]
    [InlineData("""{ "retention": { "deliveries": "6d" } }""", "retention.deliveries")]
    [InlineData("""{ "retention": { "lookalikes": "89d" } }""", "retention.lookalikes")]
    [InlineData("""{ "retention": { "lookalikes": "long" } }""", "retention.lookalikes")]
    public void A_mistake_is_said_with_its_place(string text, string place) =>
        Assert.EndsWith($": {place}", Assert.Single(Assert.Throws<ConfigurationException>(() => Read(text)).Mistakes).Place, StringComparison.Ordinal);

    private RetentionOptions Read(string text) => Configuration.Read(_scratch.Write("certherald.json", text), new CommandLineOverrides(), new Hashtable()).Retention;
}
