using System.Diagnostics.Metrics;
using System.Text;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Protecting;
using CertHerald.Storage;

namespace CertHerald.Tests.Protecting;

public sealed class ProtectedDomainsTests
{
    private static readonly ProtectedDomain Facebook = new() { Name = "facebook.com" };

    [Fact]
    public void A_digest_that_is_asked_for_or_given_up_is_in_force_at_once_by_configuration_and_API()
    {
        using var meter = new Meter("CertHerald");
        var domains = new ProtectedDomains([Facebook], suffixes: null, folds: null, new NameSample(1, 1), meter);
        Assert.False(Keeps());

        domains.Configure([Facebook with { DigestFrom = 30 }], null);
        Assert.True(Keeps());
        domains.Configure([], null);
        domains.Load([new StoredProtectedDomain(1, ProtectedDomainOwners.Operator, Facebook with { DigestFrom = 30 }, default)], []);
        Assert.True(Keeps());
        domains.Load([new StoredProtectedDomain(1, ProtectedDomainOwners.Operator, Facebook, default)], []);
        Assert.False(Keeps());

        bool Keeps() => domains.Now.Owners.Single().Index.IsKept(Encoding.ASCII.GetBytes("xfacebookx.org"));
    }
}
