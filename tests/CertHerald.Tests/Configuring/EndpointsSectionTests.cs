using System.Collections;
using CertHerald.Configuring;
using CertHerald.Delivering.Operators;
using CertHerald.Resolving;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Configuring;

/// <summary>The sections <c>endpoints</c> and <c>revocation</c>.</summary>
public sealed class EndpointsSectionTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Without_them_lists_are_asked_for_and_missing_renewals_are_told()
    {
        CertHeraldOptions options = Read("{}");
        Assert.Equal(new RevocationOptions { IsEnabled = true, Interval = TimeSpan.FromHours(6), MostBytes = 64 << 20, Timeout = TimeSpan.FromMinutes(2) }, options.Revocation);
        Assert.Equal(new RenewalOptions { Window = TimeSpan.FromDays(30), IsTold = true }, options.Renewal);
    }

    [Fact]
    public void Both_are_read()
    {
        CertHeraldOptions options = Read("""{ "revocation": { "enabled": false, "interval": "12h", "max_mib": 8, "timeout": "30s" }, "endpoints": { "renewal_window": "14d", "tell": false } }""");
        Assert.Equal(new RevocationOptions { IsEnabled = false, Interval = TimeSpan.FromHours(12), MostBytes = 8 << 20, Timeout = TimeSpan.FromSeconds(30) }, options.Revocation);
        Assert.Equal(new RenewalOptions { Window = TimeSpan.FromDays(14), IsTold = false }, options.Renewal);
    }

    [Theory]
    [InlineData("""{ "revocation": { "interval": "10m" } }""", "revocation.interval")]
    [InlineData("""{ "revocation": { "max_mib": 0 } }""", "revocation.max_mib")]
    [InlineData("""{ "revocation": { "timeout": "0s" } }""", "revocation.timeout")]
    [InlineData("""{ "revocation": { "enable": true } }""", "revocation.enable")]
    [InlineData("""{ "endpoints": { "renewal_window": "1h" } }""", "endpoints.renewal_window")]
    [InlineData("""{ "endpoints": { "renewal_window": "500d" } }""", "endpoints.renewal_window")]
    public void A_mistake_is_said_with_its_place(string text, string place) =>
        Assert.EndsWith($": {place}", Assert.Single(Assert.Throws<ConfigurationException>(() => Read(text)).Mistakes).Place, StringComparison.Ordinal);

    private CertHeraldOptions Read(string text) => Configuration.Read(_scratch.Write("certherald.json", text), new CommandLineOverrides(), new Hashtable());
}
