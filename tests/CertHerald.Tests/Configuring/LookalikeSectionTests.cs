using System.Collections;
using CertHerald.Configuring;
using CertHerald.Names.Lookalikes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Configuring;

/// <summary>The list <c>lookalikes</c>.</summary>
public sealed class LookalikeSectionTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_protected_domain_is_a_text_or_a_section_with_settings()
    {
        IReadOnlyList<ProtectedDomain> domains = Read("""
            [ "B\u00fccher.example", { "domain": "example.com", "own": [ ".example.net" ], "allow": [ "fans.example" ], "keywords": [ "examplepay" ], "threshold": 65, "digest": 30 } ]
            """).Lookalikes;

        Assert.Equal([("xn--bcher-kva.example", 50), ("example.com", 65)], domains.Select(domain => (domain.Name, domain.Threshold)));
        Assert.Equal([null, 30], domains.Select(domain => domain.DigestFrom));
        Assert.Equal(["example.net"], domains[1].Own);
        Assert.Equal(["fans.example"], domains[1].Allowed);
        Assert.Equal(["examplepay"], domains[1].Keywords);
    }

    [Theory]
    [InlineData("""[ "no domain" ]""", "lookalikes")]
    [InlineData("""[ "a.example\tthreshold=1" ]""", "lookalikes")]
    [InlineData("""[ "a.example", "A.example." ]""", "given twice")]
    [InlineData("""[ { "threshold": 50 } ]""", "lookalikes[0].domain")]
    [InlineData("""[ { "domain": "a.example", "threshold": 101 } ]""", "lookalikes[0].threshold")]
    [InlineData("""[ { "domain": "a.example", "digest": 50 } ]""", "lookalikes[0].digest")]
    [InlineData("""[ { "domain": "a.example", "digest": 0 } ]""", "lookalikes[0].digest")]
    [InlineData("""[ { "domain": "a.example", "own": [ "*" ] } ]""", "lookalikes[0].own")]
    [InlineData("""[ { "domain": "a.example", "keywords": [ "x" ] } ]""", "lookalikes[0].keywords")]
    [InlineData("""[ { "domain": "a.example", "alow": [] } ]""", "allow")]
    public void What_cannot_be_meant_is_refused_with_its_place(string value, string says) =>
        Assert.Contains(says, Assert.Throws<ConfigurationException>(() => Read(value)).Message + string.Join('\n', Assert.Throws<ConfigurationException>(() => Read(value)).Mistakes), StringComparison.Ordinal);

    [Fact]
    public void Look_alikes_that_no_webhook_hears_of_are_warned_of() =>
        Assert.Contains(Read("""[ "example.com" ]""").Warnings, warning => warning.Contains("\"lookalike\"", StringComparison.Ordinal));

    private CertHeraldOptions Read(string value) =>
        Configuration.Read(_scratch.Write("certherald.json", $$"""{ "lookalikes": {{value}} }"""), new CommandLineOverrides(Data: _scratch.Folder), new Hashtable());
}
