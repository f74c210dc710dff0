using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of look-alikes: found in the batch's transaction, one for each registrable and protected domain.</summary>
public abstract partial class StoreConformance
{
    private static readonly Subscription Listens = new("hook", [EventKinds.Lookalike]);

    [Fact]
    public async Task A_look_alike_is_kept_with_its_certificate_and_owed_to_those_who_listen()
    {
        PaperLog log = await BeginAsync(entries: 1);

        CommitOutcome outcome = await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "a", Imitating("facebook.com", "evil.com", "facebook.com.evil.com", "x.facebook.com.evil.com")));
        await ReopenAsync();

        Assert.Equal(("facebook.com", LookalikeChanges.New), (Assert.Single(outcome.Alerted).Domain, outcome.Alerted[0].Change));
        StoredLookalike found = Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(), Cancellation));
        Assert.Equal(("facebook.com", "evil.com", LookalikeState.Open, 90, 2, 1), (found.Domain, found.Registrable, found.State, found.Best.Score, (int)found.Names, (int)found.Certificates));
        Assert.Equal(["facebook.com.evil.com", "x.facebook.com.evil.com"], (await Store.ImitatingNamesAsync(found.Id, 10, Cancellation)).Select(one => one.Name.Name));
        Issuance issuance = (await Store.FindIssuanceAsync(found.Issuance, Cancellation))!;
        Assert.Empty(issuance.Endpoints);
        Assert.Equal(found.Id, Assert.Single(await Store.LookalikesOfAsync(issuance.Id, Cancellation)).Id);

        StoredDelivery owed = Assert.Single(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
        Assert.Equal(("hook", EventKinds.Lookalike), (owed.Webhook, owed.Kind));
        LookalikeAlert alert = (await Store.FindLookalikeAlertAsync(owed.Subject, Cancellation))!;
        Assert.Equal((found.Id, "evil.com", LookalikeChanges.New, issuance.Id), (alert.Lookalike, alert.Registrable, alert.Change, alert.Issuance.Id));
        Assert.Equal(["facebook.com.evil.com", "x.facebook.com.evil.com"], Assert.Single(alert.Names).Names.Select(name => name.Name));
        Assert.Equal(["it says so"], alert.Names[0].Names[0].Reasons);
    }

    [Fact]
    public async Task A_precertificate_its_certificate_a_renewal_and_later_names_do_not_repeat_an_alert()
    {
        PaperLog log = await BeginAsync(entries: 4);
        await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "a", isPrecertificate: true, Imitating("facebook.com", "evil.com", "facebook.com.evil.com")));

        CommitOutcome certificate = await CommitAsync(log, log.Read(1, 2), Lookalike(log, 1, "a", Imitating("facebook.com", "evil.com", "facebook.com.evil.com")));
        Time.Advance(LookalikeRules.Silence - TimeSpan.FromSeconds(1));
        CommitOutcome renewal = await CommitAsync(log, log.Read(2, 3), Lookalike(log, 2, "b", Imitating("facebook.com", "evil.com", "facebook.com.evil.com")));
        Time.Advance(LookalikeRules.Silence - TimeSpan.FromSeconds(1));
        CommitOutcome later = await CommitAsync(log, log.Read(3, 4), Lookalike(log, 3, "c", Imitating("facebook.com", "evil.com", "login.facebook.com.evil.com")));

        Assert.Equal((0, 0, 0), (certificate.Owed, renewal.Owed, later.Owed));
        StoredLookalike found = Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(), Cancellation));
        Assert.Equal((2, 3), ((int)found.Names, (int)found.Certificates));
        Assert.Single(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
    }

    [Theory]
    [InlineData(LookalikeState.Open, 1)]
    [InlineData(LookalikeState.Dismissed, 0)]
    [InlineData(LookalikeState.Allowed, 0)]
    public async Task A_renewal_after_30_days_of_silence_is_told_unless_somebody_closed_it(object state, int owed)
    {
        PaperLog log = await BeginAsync(entries: 2);
        await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "a", Imitating("facebook.com", "evil.com", "facebook.com.evil.com")));
        StoredLookalike before = Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(), Cancellation));
        Assert.True(await Store.SetLookalikeAsync(before.Id, (LookalikeState)state, Cancellation));
        Time.Advance(LookalikeRules.Silence);

        CommitOutcome outcome = await CommitAsync(log, log.Read(1, 2), Lookalike(log, 1, "b", Imitating("facebook.com", "evil.com", "facebook.com.evil.com")));

        Assert.Equal(owed, outcome.Owed);
        Assert.Equal(Enumerable.Repeat(LookalikeChanges.Again, owed), outcome.Alerted.Select(one => one.Change));
        Assert.Equal((LookalikeState)state, Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(), Cancellation)).State);
    }

    [Fact]
    public async Task A_registrable_domain_that_imitates_four_protected_ones_is_one_finding_told_once()
    {
        PaperLog log = await BeginAsync(entries: 5);
        string[] brands = ["a.example", "b.example", "c.example", "d.example", "e.example"];
        CommitOutcome first = await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "a", [.. brands[..2].Select(Of)]));
        CommitOutcome fourth = await CommitAsync(log, log.Read(1, 2), Lookalike(log, 1, "b", [.. brands[2..4].Select(Of)]));
        CommitOutcome fifth = await CommitAsync(log, log.Read(2, 3), Lookalike(log, 2, "c", Of(brands[4])));
        CommitOutcome atOnce = await CommitAsync(log, log.Read(3, 4), Lookalike(log, 3, "d", [.. brands.Select(brand => Imitating(brand, "other.test", $"{brand}.other.test"))]));

        Assert.Equal((2, 1, 0, 1), (first.Owed, fourth.Owed, fifth.Owed, atOnce.Owed));
        IReadOnlyList<StoredLookalike> open = await Store.LookalikesAsync(new LookalikeFilter(State: LookalikeState.Open), Cancellation);
        Assert.Equal([("other.test", true), ("evil.com", true)], open.Select(one => (one.Registrable, one.IsBulk)));
        Assert.Equal(5, (await Store.ImitatingNamesAsync(open[1].Id, 100, Cancellation)).Select(one => one.Domain).Distinct().Count());
        // It joins the one it imitated last, however many others there are.
        Assert.Equal(0, (await CommitAsync(log, log.Read(4, 5), Lookalike(log, 4, "e", Of(brands[4])))).Owed);
        Assert.Equal(2, (await Store.LookalikesAsync(new LookalikeFilter(Domain: brands[4]), Cancellation)).Single(one => one.Registrable == "evil.com").Certificates);

        Assert.True(await Store.SetLookalikeAsync(open[1].Id, LookalikeState.Dismissed, Cancellation));
        Assert.Equal(6, (await Store.LookalikesAsync(new LookalikeFilter(State: LookalikeState.Dismissed), Cancellation)).Count);
        Assert.Equal(ProtectedDomainOwners.Operator, Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(Owner: null, State: LookalikeState.Open), Cancellation)).Owner);

        static LookalikeMatch Of(string brand) => Imitating(brand, "evil.com", $"{brand}.evil.com");
    }

    [Fact]
    public async Task An_app_is_told_of_each_protected_domain_and_hears_nothing_of_others()
    {
        PaperLog log = await BeginAsync(entries: 1);
        LookalikeMatch[] matches = [.. Enumerable.Range(0, 5).Select(i => Imitating($"{(char)('a' + i)}.example", "evil.com", "x.evil.com") with { Owner = SomeApp })];
        Decision decision = Lookalike(log, 0, "a", [.. matches, Imitating("a.example", "evil.com", "x.evil.com")]) with
        {
            OwedLookalikes = [Listens, new Subscription("app", [EventKinds.Lookalike]) { Owner = SomeApp }],
        };

        await CommitAsync(log, log.Read(0, 1), decision);

        IReadOnlyList<StoredDelivery> owed = await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation);
        Assert.Equal([("app", 5), ("hook", 1)], owed.GroupBy(one => one.Webhook).Select(one => (one.Key, one.Count())).Order());
    }

    [Fact]
    public async Task One_certificate_with_two_registrable_domains_is_told_once_by_protected_domain_and_read_again_not_at_all()
    {
        PaperLog log = await BeginAsync(entries: 3);
        string[] registrable = ["evil.com", "xn--facbook-9gg.ml"];
        Decision Shown(ulong at, bool isPrecertificate) => Lookalike(log, at, "a", isPrecertificate,
            [.. from owner in (string[])[ProtectedDomainOwners.Operator, SomeApp] from name in registrable select Imitating("facebook.com", name, $"facebook.com.{name}") with { Owner = owner }]) with
        {
            OwedLookalikes = [Listens, new Subscription("app", [EventKinds.Lookalike]) { Owner = SomeApp, TellsByDomain = true }],
        };

        CommitOutcome first = await CommitAsync(log, log.Read(0, 1), Shown(0, isPrecertificate: true)), again = await CommitAsync(log, log.Read(1, 2), Shown(1, isPrecertificate: false));

        Assert.Equal((3, 0), (first.Owed, again.Owed));
        IReadOnlyList<StoredDelivery> owed = await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation);
        Assert.Equal(["app", "hook", "hook"], owed.Select(one => one.Webhook).Order());
        LookalikeAlert alert = (await Store.FindLookalikeAlertAsync(owed.Single(one => one.Webhook == "app").Subject, Cancellation))!;
        Assert.Equal(["facebook.com.evil.com", "facebook.com.xn--facbook-9gg.ml"], Assert.Single(alert.Names).Names.Select(name => name.Name));

        // Of another certificate what is new is told, beside what was told before.
        Decision more = Lookalike(log, 2, "b", [.. registrable.Append("third.test").Select(name => Imitating("facebook.com", name, $"facebook.com.{name}") with { Owner = SomeApp })]) with { OwedLookalikes = Shown(2, false).OwedLookalikes };
        Assert.Equal(1, (await CommitAsync(log, log.Read(2, 3), more)).Owed);
        alert = (await Store.FindLookalikeAlertAsync((await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Max(one => one.Subject), Cancellation))!;
        Assert.Equal(("third.test", 3), (alert.Registrable, Assert.Single(alert.Names).Names.Count));
    }

    [Fact]
    public async Task An_allowed_name_closes_what_it_covers_and_opens_it_again_when_it_is_taken_back()
    {
        PaperLog log = await BeginAsync(entries: 1);
        await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "a",
            Imitating("facebook.com", "partner.test", "facebook.partner.test", "*.facebook.partner.test"),
            Imitating("facebook.com", "evil_com", "facebook.evil_com"),
            Imitating("other.com", "partner.test", "other.partner.test")));
        var allowed = new AllowedName(ProtectedDomainOwners.Operator, "facebook.com", "facebook.partner.test", Time.GetUtcNow());

        await Store.AllowNameAsync(allowed, Cancellation);
        Assert.Equal([("facebook.com", "partner.test")], await StateAsync(LookalikeState.Allowed));

        await Store.DisallowNameAsync(allowed.Owner, allowed.Domain, allowed.Name, Cancellation);
        Assert.Empty(await StateAsync(LookalikeState.Allowed));
        Assert.Equal(3, (await StateAsync(LookalikeState.Open)).Count());

        async Task<IEnumerable<(string, string)>> StateAsync(LookalikeState state) =>
            (await Store.LookalikesAsync(new LookalikeFilter(State: state), Cancellation)).Select(one => (one.Domain, one.Registrable));
    }

    [Fact]
    public async Task A_name_that_is_taken_back_opens_nothing_that_another_allowed_one_still_covers()
    {
        PaperLog log = await BeginAsync(entries: 1);
        await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "a", Imitating("facebook.com", "partner.test", "a.facebook.partner.test", "b.facebook.partner.test")));
        AllowedName wide = new("", "facebook.com", "partner.test", Time.GetUtcNow()), narrow = wide with { Name = "facebook.partner.test" };
        await Store.AllowNameAsync(wide, Cancellation);
        await Store.AllowNameAsync(narrow, Cancellation);

        await Store.DisallowNameAsync("", wide.Domain, wide.Name, Cancellation);
        Assert.Equal(LookalikeState.Allowed, Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(), Cancellation)).State);
        await Store.DisallowNameAsync("", narrow.Domain, narrow.Name, Cancellation);
        Assert.Equal(LookalikeState.Open, Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(), Cancellation)).State);
    }

    [Fact]
    public async Task What_nobody_has_seen_for_long_goes_with_the_certificates_that_were_kept_for_it_alone()
    {
        PaperLog log = await BeginAsync(entries: 5);
        LookalikeMatch old = Imitating("facebook.com", "old.test", "facebook.com.old.test"), alive = Imitating("facebook.com", "alive.test", "facebook.com.alive.test");
        await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "old.test", old));
        await CommitAsync(log, log.Read(1, 2), Lookalike(log, 1, "alive.test", alive));
        await CommitAsync(log, log.Read(2, 3), Lookalike(log, 2, "watched.test", old) with { Endpoints = [new WatchedEndpoint("watched.test", "watched.test", false)] });
        Time.Advance(TimeSpan.FromDays(100));
        await CommitAsync(log, log.Read(3, 4), Lookalike(log, 3, "renewed.test", alive));
        DateTimeOffset before = Time.GetUtcNow().AddDays(-50);

        int deleted = 0, parts = 0;
        for (int some = 1; some > 0; parts++) deleted += some = await Store.DeleteLookalikesAsync(before, 1, Cancellation);
        await ReopenAsync();

        Assert.Equal((4, 5), (deleted, parts));
        StoredLookalike left = Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(), Cancellation));
        Assert.Equal("alive.test", left.Registrable);
        Assert.NotNull(await Store.FindIssuanceAsync(left.Issuance, Cancellation));
        Assert.Equal(["renewed.test", "watched.test"], (await Store.IssuancesAsync(null, 10, Cancellation)).Select(one => one.Certificate.DnsNames.Single()).Order());
        Assert.Empty(await Store.SearchCertificatesAsync(new CertificateQuery("old.test"), Cancellation));
        // Shown again, it is found anew.
        Assert.Equal(1, (await CommitAsync(log, log.Read(4, 5), Lookalike(log, 4, "old.test", old))).Owed);
    }

    [Fact]
    public async Task More_names_than_a_body_takes_are_told_in_parts()
    {
        PaperLog log = await BeginAsync(entries: 1);
        string[] names = [.. Enumerable.Range(0, LookalikeRules.MostToldAtOnce + 1).Select(i => $"facebook.com.h{i}.evil.com")];

        CommitOutcome outcome = await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "a", Imitating("facebook.com", "evil.com", names)));

        Assert.Equal((2, 1), (outcome.Owed, outcome.Alerted.Count));
        var told = new List<string>();
        foreach (StoredDelivery owed in await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation))
            told.AddRange((await Store.FindLookalikeAlertAsync(owed.Subject, Cancellation))!.Names.SelectMany(one => one.Names).Select(name => name.Name));
        Assert.Equal(names.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_was_kept_as_a_look_alike_is_told_of_as_a_certificate_once_its_name_is_watched()
    {
        PaperLog log = await BeginAsync(entries: 3);
        await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "a.example", Imitating("facebook.com", "evil.com", "facebook.com.evil.com")));
        Batch batch = log.Read(1, 2);

        CommitOutcome watched = await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example")), "siem"));
        batch = log.Read(2, 3);
        CommitOutcome again = await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example")), "siem"));

        Assert.Equal((1, 0), (watched.Owed, again.Owed));
        Issuance issuance = Assert.Single(await Store.IssuancesAsync(null, 10, Cancellation));
        Assert.Equal("a.example", Assert.Single(issuance.Endpoints).DnsName);
        Assert.Equal("nobody knows it", issuance.Reason);
    }

    [Fact]
    public async Task What_was_silent_does_not_make_the_next_certificate_of_its_domain_no_news()
    {
        PaperLog log = await BeginAsync(entries: 2);
        DateTimeOffset since = Time.GetUtcNow();
        var decider = new Decider(() => KnownCertificates.None, () => [Listens with { ProtectedSince = _ => since }]);

        CommitOutcome old = await CommitAsync(log, log.Read(0, 1), Decided(0, "a", since.AddDays(-1)));
        CommitOutcome recent = await CommitAsync(log, log.Read(1, 2), Decided(1, "b", since));

        Assert.Equal((0, 1), (old.Owed, recent.Owed));
        Assert.Equal((LookalikeChanges.New, 1), (Assert.Single(recent.Alerted).Change, (int)Assert.Single(await Store.LookalikesAsync(new LookalikeFilter(), Cancellation)).Certificates));

        Decision[] Decided(ulong at, string name, DateTimeOffset logged) =>
            decider.WithoutSilent(Lookalike(log, at, name, Imitating("facebook.com", "evil.com", "facebook.com.evil.com")).Finding with { Logged = logged }) is { } heard ? [decider.Decide(heard, _ => [])] : [];
    }

    [Fact]
    public async Task The_queue_is_read_in_pages_by_score_and_id_whatever_is_closed_or_found_between()
    {
        PaperLog log = await BeginAsync(entries: 2);
        int[] scores = [60, 90, 60, 75, 60, 100, 90];
        LookalikeMatch Scored(string registrable, int score) => new(ProtectedDomainOwners.Operator, "facebook.com", registrable, [new LookalikeName(registrable, score, "target_embedding", ["it says so"])]);
        await CommitAsync(log, log.Read(0, 1), Lookalike(log, 0, "a", [.. scores.Select((score, i) => Scored($"n{i}.test", score))]));
        IReadOnlyList<StoredLookalike> all = await Store.LookalikesAsync(new LookalikeFilter(State: LookalikeState.Open), Cancellation);
        Assert.Equal([100, 90, 90, 75, 60, 60, 60], all.Select(one => one.Best.Score));

        var read = new List<StoredLookalike>();
        for (LookalikePlace? after = null; ; after = new(read[^1].Best.Score, read[^1].Id))
        {
            IReadOnlyList<StoredLookalike> part = await Store.LookalikesAsync(new LookalikeFilter(State: LookalikeState.Open, Limit: 2) { After = after }, Cancellation);
            read.AddRange(part);
            Assert.InRange(read.Count, 0, 9);
            if (part.Count < 2) break;
            await Store.SetLookalikeAsync(part[^1].Id, LookalikeState.Dismissed, Cancellation);
            if (read.Count == 4) await CommitAsync(log, log.Read(1, 2), Lookalike(log, 1, "b", Scored("strong.test", 99), Scored("last.test", 51)));
        }

        Assert.Equal([.. all.Select(one => one.Registrable), "last.test"], read.Select(one => one.Registrable));
    }

    private static Decision Lookalike(PaperLog log, ulong at, string name, params LookalikeMatch[] matches) => Lookalike(log, at, name, false, matches);

    private static Decision Lookalike(PaperLog log, ulong at, string name, bool isPrecertificate, params LookalikeMatch[] matches) => new(
        Some.Match(log.Read(at, at + 1).Raw, 0, Some.Facts(name, isPrecertificate)) with { Lookalikes = matches }, [], Known: false, "it imitates", [])
    {
        OwedLookalikes = [Listens],
    };

    private static LookalikeMatch Imitating(string domain, string registrable, params string[] names) =>
        new(ProtectedDomainOwners.Operator, domain, registrable, [.. names.Select(name => new LookalikeName(name, 90, "target_embedding", ["it says so"]))]);
}
