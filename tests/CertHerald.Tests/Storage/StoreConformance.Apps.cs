using CertHerald.Names.Lookalikes;
using CertHerald.Deciding;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Storage.Secrets;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of apps.</summary>
public abstract partial class StoreConformance
{
    private static readonly AppSubscription Told = new("https://user:canary@h.example/canary?x=1", "meta", ["certificate"], IncludeValues: false, "v21.0");

    private static readonly AppSubscription Backup = Told with { Name = "backup", Url = "https://h.example/canary-2", Tls = new StoredTls("canary-certificate", "canary-key", null), Secrets = [new StoredSecret("whsec_canary", null)] };

    private protected StoredApp Tenant(long id, params string[] secrets) =>
        new(id, "Security “team”", Time.GetUtcNow(), [.. secrets.DefaultIfEmpty("canary-secret-00").Select((text, i) => new StoredSecret(text, i == 0 ? null : Time.GetUtcNow().AddHours(i)))], null);

    [Fact]
    public async Task Apps_are_there_after_a_restart_whole_until_they_are_removed()
    {
        StoredApp first = Tenant(457084771331516, "canary-secret-new", "canary-secret-old"), second = Tenant(7);
        Assert.True(await Store.AddAppAsync(first, Cancellation));
        Assert.True(await Store.AddAppAsync(second, Cancellation));
        second = second with { Subscription = Told, Options = new AppOptions { MaxBatch = 9, AcceptAny2xx = true, MaxBatchBytes = 200_000, UnknownOnly = true, SilentBaseline = true, Allow = ["a.com"] }, Callbacks = [Backup] };
        Assert.True(await Store.ReplaceAppAsync(second, Cancellation));

        await ReopenAsync();
        Assert.Equivalent(new[] { second with { Revision = 1 }, first }, await Store.AppsAsync(Cancellation), strict: true);

        Assert.True(await Store.ReplaceAppAsync(second with { Revision = 1, Secrets = [new StoredSecret("canary-secret-01", null)], Subscription = null, Callbacks = [] }, Cancellation));
        Assert.True(await Store.RemoveAppAsync(first.Id, Cancellation));
        Assert.False(await Store.RemoveAppAsync(first.Id, Cancellation));
        await ReopenAsync();
        StoredApp left = Assert.Single(await Store.AppsAsync(Cancellation));
        Assert.Equal(("canary-secret-01", null, 0), (Assert.Single(left.Secrets).Text, left.Subscription, left.Callbacks.Count));
    }

    [Fact]
    public async Task An_app_whose_number_is_taken_is_not_made_and_one_that_is_not_there_is_not_changed()
    {
        await Store.AddAppAsync(Tenant(7), Cancellation);

        Assert.False(await Store.AddAppAsync(Tenant(7, "another-secret-0"), Cancellation));
        Assert.False(await Store.ReplaceAppAsync(Tenant(8), Cancellation));
        Assert.Equal(AppDomainsChange.NoSuchApp, await Store.ChangeAppDomainsAsync(8, [], [".a.com"], 10, Time.GetUtcNow(), Cancellation));

        Assert.Equal("canary-secret-00", Assert.Single(Assert.Single(await Store.AppsAsync(Cancellation)).Secrets).Text);
        Assert.Empty(await Store.AppDomainsAsync(Cancellation));
    }

    [Fact]
    public async Task An_apps_domains_change_together_and_each_keeps_its_id_until_it_is_given_up()
    {
        await Store.AddAppAsync(Tenant(7), Cancellation);
        await Store.AddAppAsync(Tenant(8), Cancellation);
        DateTimeOffset now = Time.GetUtcNow();
        await Store.ChangeAppDomainsAsync(7, [], [".a.com", ".b.com"], 10, now, Cancellation);
        await Store.ChangeAppDomainsAsync(8, [], [".a.com"], 10, now, Cancellation);
        IReadOnlyList<DomainOfApp> before = await Store.AppDomainsAsync(Cancellation);

        Assert.Equal(AppDomainsChange.Done, await Store.ChangeAppDomainsAsync(7, [".a.com", ".never.com"], [".b.com", ".c.com"], 10, now.AddHours(1), Cancellation));
        await ReopenAsync();
        IReadOnlyList<DomainOfApp> after = await Store.AppDomainsAsync(Cancellation);
        Assert.Equal([(7L, ".b.com"), (8L, ".a.com"), (7L, ".c.com")], after.Select(domain => (domain.App, domain.Item)));
        Assert.Equal(before[1], after[0]);
        Assert.Equal(now.AddHours(1), after[2].Added);

        // Taken away and given again in one: it is there, under another id.
        await Store.ChangeAppDomainsAsync(7, [".b.com"], [".b.com"], 10, now, Cancellation);
        Assert.True((await Store.AppDomainsAsync(Cancellation)).Single(domain => domain.Item == ".b.com").Id > after[2].Id);
        Assert.True(await Store.RemoveAppAsync(7, Cancellation));
        Assert.Equal(8, Assert.Single(await Store.AppDomainsAsync(Cancellation)).App);
    }

    [Fact]
    public async Task An_app_gets_no_more_domains_than_it_may_and_can_always_give_some_up()
    {
        await Store.AddAppAsync(Tenant(7), Cancellation);
        DateTimeOffset now = Time.GetUtcNow();
        Assert.Equal(AppDomainsChange.TooMany, await Store.ChangeAppDomainsAsync(7, [], [".a.com", ".b.com", ".c.com"], 2, now, Cancellation));
        Assert.Empty(await Store.AppDomainsAsync(Cancellation));
        Assert.Equal(AppDomainsChange.Done, await Store.ChangeAppDomainsAsync(7, [], [".a.com", ".b.com", ".c.com"], 3, now, Cancellation));
        Assert.Equal(AppDomainsChange.Done, await Store.ChangeAppDomainsAsync(7, [".a.com"], [], 1, now, Cancellation));
        Assert.Equal(2, (await Store.AppDomainsAsync(Cancellation)).Count);
    }

    [Fact]
    public async Task What_an_app_protects_goes_with_it_and_no_others()
    {
        await Store.AddAppAsync(Tenant(7), Cancellation);
        foreach (string owner in (string[])[ProtectedDomainOwners.App("7"), ProtectedDomainOwners.App("70"), ProtectedDomainOwners.Operator])
            await Store.PutProtectedDomainAsync(owner, new ProtectedDomain { Name = "a.com" }, Cancellation);

        await Store.RemoveAppAsync(7, Cancellation);

        Assert.Equal(["", "app:70"], (await Store.ProtectedDomainsAsync(null, Cancellation)).Select(domain => domain.Owner));
    }

    [Fact]
    public async Task A_change_of_an_app_that_was_made_from_an_older_one_is_refused()
    {
        await Store.AddAppAsync(Tenant(7), Cancellation);
        StoredApp known = Assert.Single(await Store.AppsAsync(Cancellation));

        Assert.True(await Store.ReplaceAppAsync(known with { Secrets = [new StoredSecret("canary-secret-01", null)] }, Cancellation));
        Assert.False(await Store.ReplaceAppAsync(known with { Subscription = Told }, Cancellation));

        StoredApp now = Assert.Single(await Store.AppsAsync(Cancellation));
        Assert.Equal((known.Revision + 1, "canary-secret-01", null), (now.Revision, now.Secrets.Single().Text, now.Subscription));
    }

    [Fact]
    public async Task What_an_app_was_owed_and_what_imitated_it_is_not_the_next_ones_under_its_number()
    {
        await Store.AddAppAsync(Tenant(7), Cancellation);
        PaperLog log = await BeginAsync(entries: 2);
        // The second callback of one: it is told of the same.
        foreach (string owner in (string[])["app:70", "app:7"])
            await CommitAsync(log, log.Read(owner == "app:7" ? 1ul : 0, owner == "app:7" ? 2ul : 1), Lookalike(log, owner == "app:7" ? 1ul : 0, owner, Imitating("a.com", "evil.com", "a.com.evil.com") with { Owner = owner }) with
            {
                OwedLookalikes = [new Subscription(owner, [EventKinds.Lookalike]) { Owner = owner }, new Subscription(owner + ":b", [EventKinds.Lookalike]) { Owner = owner }],
            });
        await Store.AllowNameAsync(new AllowedName("app:7", "a.com", "x.com", Time.GetUtcNow()), Cancellation);

        await Store.RemoveAppAsync(7, Cancellation);
        await Store.AddAppAsync(Tenant(7), Cancellation);

        Assert.Equal([("app:7", DeliveryState.Cancelled), ("app:70", DeliveryState.Pending), ("app:70:b", DeliveryState.Pending), ("app:7:b", DeliveryState.Cancelled)], (await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Select(one => (one.Webhook, one.State)).OrderBy(one => one.Webhook, StringComparer.Ordinal));
        Assert.Equal("app:70", Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(Owner: null), Cancellation)).Owner);
        Assert.Empty(await Store.AllowedNamesAsync(Cancellation));
        Assert.DoesNotContain("app:7", await Store.OwedWebhooksAsync(Cancellation));
    }

    [Fact]
    public async Task Rule_8_4_a_change_of_keys_takes_apps_along()
    {
        await Store.AddAppAsync(Tenant(7), Cancellation);
        await Store.ReplaceAppAsync(Tenant(7) with { Subscription = Told, Callbacks = [Backup] }, Cancellation);
        await Store.AddWebhookAsync(Secretive(), Cancellation);

        Assert.Equal(new RekeyOutcome(Added: true, 7, 1), await Rekey.RunAsync(Store, dropOld: true, Cancellation));
        await ReopenAsync();

        StoredApp app = Assert.Single(await Store.AppsAsync(Cancellation));
        Assert.Equal(Told.Url, app.Subscription!.Url);
        Assert.Equivalent(Backup, Assert.Single(app.Callbacks), strict: true);
        Assert.Equal(Secretive().Tls, Assert.Single(await Store.AddedWebhooksAsync(Cancellation)).Tls);
    }
}
