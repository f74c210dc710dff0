using CertHerald.Names.Lookalikes;
using CertHerald.Storage;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of protected domains and allowed names.</summary>
public abstract partial class StoreConformance
{
    private static readonly string SomeApp = ProtectedDomainOwners.App("457084771331516");

    private static readonly ProtectedDomain Settings = new()
    {
        Name = "example.com",
        Own = ["example.net", "example.org"],
        Allowed = ["partner.example"],
        Keywords = ["examplepay"],
        Threshold = 65,
        DigestFrom = 30,
    };

    [Fact]
    public async Task A_protected_domain_keeps_its_settings_over_a_restart()
    {
        Assert.True(await Store.PutProtectedDomainAsync(ProtectedDomainOwners.Operator, Settings, Cancellation));

        await ReopenAsync();

        StoredProtectedDomain stored = Assert.Single(await Store.ProtectedDomainsAsync(ProtectedDomainOwners.Operator, Cancellation));
        Assert.Equal(Time.GetUtcNow(), stored.Added);
        AssertSame(Settings, stored.Domain);
    }

    [Fact]
    public async Task New_settings_of_a_protected_domain_leave_its_id_and_time()
    {
        await Store.PutProtectedDomainAsync(ProtectedDomainOwners.Operator, Settings, Cancellation);
        StoredProtectedDomain before = Assert.Single(await Store.ProtectedDomainsAsync(null, Cancellation));
        Time.Advance(TimeSpan.FromDays(1));

        Assert.False(await Store.PutProtectedDomainAsync(ProtectedDomainOwners.Operator, Settings with { Threshold = 80, DigestFrom = null, Own = [] }, Cancellation));

        StoredProtectedDomain after = Assert.Single(await Store.ProtectedDomainsAsync(null, Cancellation));
        Assert.Equal((before.Id, before.Added, 80, null), (after.Id, after.Added, after.Domain.Threshold, after.Domain.DigestFrom));
        Assert.Empty(after.Domain.Own);
    }

    [Fact]
    public async Task One_owner_neither_sees_nor_changes_the_protected_domains_of_another()
    {
        await Store.PutProtectedDomainAsync(SomeApp, Settings, Cancellation);
        await Store.PutProtectedDomainAsync(ProtectedDomainOwners.Operator, Settings with { Threshold = 90 }, Cancellation);

        Assert.False(await Store.RemoveProtectedDomainAsync(ProtectedDomainOwners.App("1"), "example.com", Cancellation));
        await Store.ChangeProtectedDomainsAsync(ProtectedDomainOwners.App("1"), ["example.com"], [], Cancellation);

        Assert.Equal(65, Assert.Single(await Store.ProtectedDomainsAsync(SomeApp, Cancellation)).Domain.Threshold);
        Assert.Equal([ProtectedDomainOwners.Operator, SomeApp], (await Store.ProtectedDomainsAsync(null, Cancellation)).Select(one => one.Owner));
        Assert.True(await Store.RemoveProtectedDomainAsync(SomeApp, "example.com", Cancellation));
        Assert.Empty(await Store.ProtectedDomainsAsync(SomeApp, Cancellation));
    }

    [Fact]
    public async Task Protected_domains_are_removed_before_others_are_added_and_those_that_stay_keep_their_ids()
    {
        await Store.ChangeProtectedDomainsAsync(SomeApp, [], [Settings, Settings with { Name = "b.example" }], Cancellation);
        long kept = (await Store.ProtectedDomainsAsync(SomeApp, Cancellation)).Single(one => one.Domain.Name == "b.example").Id;

        await Store.ChangeProtectedDomainsAsync(
            SomeApp, ["example.com", "unknown.example"], [new ProtectedDomain { Name = "b.example" }, new ProtectedDomain { Name = "c.example" }], Cancellation);

        IReadOnlyList<StoredProtectedDomain> after = await Store.ProtectedDomainsAsync(SomeApp, Cancellation);
        Assert.Equal(["b.example", "c.example"], after.Select(one => one.Domain.Name));
        Assert.Equal((kept, 65), (after[0].Id, after[0].Domain.Threshold));
    }

    [Fact]
    public async Task The_id_of_a_removed_protected_domain_is_never_given_to_another()
    {
        await Store.PutProtectedDomainAsync(SomeApp, Settings, Cancellation);
        long first = Assert.Single(await Store.ProtectedDomainsAsync(SomeApp, Cancellation)).Id;

        await Store.RemoveProtectedDomainAsync(SomeApp, "example.com", Cancellation);
        await Store.PutProtectedDomainAsync(SomeApp, Settings, Cancellation);

        Assert.NotEqual(first, Assert.Single(await Store.ProtectedDomainsAsync(SomeApp, Cancellation)).Id);
    }

    [Fact]
    public async Task An_allowed_name_stays_allowed_until_that_is_taken_back()
    {
        var allowed = new AllowedName(ProtectedDomainOwners.Operator, "example.com", "example-fans.net", Time.GetUtcNow());
        Assert.True(await Store.AllowNameAsync(allowed, Cancellation));
        Assert.False(await Store.AllowNameAsync(allowed with { Added = allowed.Added.AddDays(1) }, Cancellation));

        await ReopenAsync();
        Assert.Equal([allowed], await Store.AllowedNamesAsync(Cancellation));

        Assert.False(await Store.DisallowNameAsync(SomeApp, "example.com", "example-fans.net", Cancellation));
        Assert.True(await Store.DisallowNameAsync(ProtectedDomainOwners.Operator, "example.com", "example-fans.net", Cancellation));
        Assert.Empty(await Store.AllowedNamesAsync(Cancellation));
    }

    private static void AssertSame(ProtectedDomain expected, ProtectedDomain actual)
    {
        Assert.Equal((expected.Name, expected.Threshold, expected.DigestFrom), (actual.Name, actual.Threshold, actual.DigestFrom));
        Assert.Equal(expected.Own, actual.Own);
        Assert.Equal(expected.Allowed, actual.Allowed);
        Assert.Equal(expected.Keywords, actual.Keywords);
    }
}
