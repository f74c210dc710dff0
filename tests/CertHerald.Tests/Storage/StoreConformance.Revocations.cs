using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of revocation lists and what they say.</summary>
public abstract partial class StoreConformance
{
    private static readonly CrlAddress SomeList = new(["http://crl.example/a.crl", "http://crl.example/b.crl"], "O=Some CA, CN=Some CA 1", Some.Hash("key of some CA"));

    private static readonly TimeSpan ListsApart = TimeSpan.FromHours(1);

    [Fact]
    public async Task Issuances_are_read_once_for_where_they_are_listed_and_one_list_is_due_for_all_of_them()
    {
        (long first, long second) = await TwoIssuancesAsync();
        Assert.Equal([first, second], (await Store.UnreadPointsAsync(10, Cancellation)).Select(one => one.Id));
        Assert.Equal([first], (await Store.UnreadPointsAsync(1, Cancellation)).Select(one => one.Id));
        Assert.Equal(Revocation.Unknown, (await Store.FindIssuanceAsync(first, Cancellation))!.Revocation);

        Assert.Equal(2, await Store.KeepPointsAsync([Point(first, "01"), Point(second, "02")], ListsApart, Cancellation));
        await ReopenAsync();

        Assert.Empty(await Store.UnreadPointsAsync(10, Cancellation));
        StoredCrl crl = Assert.Single(await Store.DueCrlsAsync(Time.GetUtcNow(), 10, Cancellation));
        Assert.Equal((SomeList.Identity, SomeList.IssuerName, SomeList.IssuerKey, 0, null, null), (crl.Address.Identity, crl.Address.IssuerName, crl.Address.IssuerKey, crl.Failures, crl.Checked, crl.ThisUpdate));
        Assert.Equal(SomeList.Uris, crl.Address.Uris);
        Assert.Equal([(first, "01", false), (second, "02", false)], (await Store.CrlSubjectsAsync(crl.Id, Time.GetUtcNow(), Cancellation)).OrderBy(one => one.Issuance).Select(one => (one.Issuance, one.Serial, one.IsRevoked)));
        Assert.Equal((0, 2, 0, 0), Counts(await Store.CountRevocationsAsync(Time.GetUtcNow(), Cancellation)));
        Assert.True(await Store.TakeCrlsAsync(Time.GetUtcNow().AddMinutes(1), Cancellation));
    }

    [Fact]
    public async Task What_a_list_says_is_kept_of_those_it_names_and_all_were_looked_for()
    {
        (long first, long second) = await TwoIssuancesAsync();
        await Store.KeepPointsAsync([Point(first, "01"), Point(second, "02")], ListsApart, Cancellation);
        StoredCrl crl = Assert.Single(await Store.DueCrlsAsync(Time.GetUtcNow(), 10, Cancellation));
        DateTimeOffset asked = Time.GetUtcNow(), revoked = asked.AddDays(-1), made = asked.AddHours(-2);

        Assert.Equal(1, await Store.KeepFindingsAsync([new CrlFinding(second, true, revoked, 1)], asked, Cancellation));
        Assert.True(await Store.KeepCrlAsync(new CrlLook(crl.Id, asked, asked.AddHours(6), made, ""), Cancellation));
        await ReopenAsync();

        Assert.Empty(await Store.DueCrlsAsync(asked.AddHours(6).AddMilliseconds(-1), 10, Cancellation));
        StoredCrl again = Assert.Single(await Store.DueCrlsAsync(asked.AddHours(6), 10, Cancellation));
        Assert.Equal((0, asked, made), (again.Failures, again.Checked, again.ThisUpdate));
        IReadOnlyDictionary<long, Revocation> found = await Store.RevocationsAsync([first, second, 999], Cancellation);
        Assert.Equal(2, found.Count);
        Assert.Equal(new Revocation(false, null, null, asked, ""), found[first]);
        Assert.Equal(new Revocation(true, revoked, 1, asked, ""), found[second]);
        Assert.Equal(found[second], (await Store.FindIssuanceAsync(second, Cancellation))!.Revocation);
        Assert.Equal([found[second], found[first]], (await Store.IssuancesAsync(null, 10, Cancellation)).Select(one => one.Revocation));
        Assert.Equal((2, 0, 1, 0), Counts(await Store.CountRevocationsAsync(asked, Cancellation)));
        Assert.Empty(await Store.RevocationsAsync([], Cancellation));
        Assert.False(await Store.KeepCrlAsync(new CrlLook(999, asked, asked, made, ""), Cancellation));

        // Off hold again.
        await Store.KeepFindingsAsync([new CrlFinding(second, false, null, null)], asked, Cancellation);
        Assert.Equal(new Revocation(false, null, null, asked, ""), (await Store.RevocationsAsync([second], Cancellation))[second]);
    }

    [Fact]
    public async Task A_look_that_failed_is_counted_and_says_why_and_forgets_nothing()
    {
        (long first, _) = await TwoIssuancesAsync();
        await Store.KeepPointsAsync([Point(first, "01")], ListsApart, Cancellation);
        StoredCrl crl = Assert.Single(await Store.DueCrlsAsync(Time.GetUtcNow(), 10, Cancellation));
        DateTimeOffset asked = Time.GetUtcNow();
        await Store.KeepCrlAsync(new CrlLook(crl.Id, asked, asked, asked, ""), Cancellation);

        await Store.KeepCrlAsync(new CrlLook(crl.Id, asked.AddHours(1), asked.AddHours(1), null, "status 503"), Cancellation);
        await Store.KeepCrlAsync(new CrlLook(crl.Id, asked.AddHours(2), asked.AddHours(2), null, "status 503"), Cancellation);

        StoredCrl failing = Assert.Single(await Store.DueCrlsAsync(asked.AddHours(2), 10, Cancellation));
        Assert.Equal((2, asked, asked), (failing.Failures, failing.Checked, failing.ThisUpdate));
        Assert.Equal(new Revocation(false, null, null, asked, "status 503"), (await Store.RevocationsAsync([first], Cancellation))[first]);
        Assert.Equal(1, (await Store.CountRevocationsAsync(asked, Cancellation)).Failing);
    }

    [Fact]
    public async Task A_new_certificate_makes_its_list_due_sooner_and_counts_as_looked_for_only_from_then_on()
    {
        (long first, long second) = await TwoIssuancesAsync();
        await Store.KeepPointsAsync([Point(first, "01")], ListsApart, Cancellation);
        StoredCrl crl = Assert.Single(await Store.DueCrlsAsync(Time.GetUtcNow(), 10, Cancellation));
        DateTimeOffset asked = Time.GetUtcNow();
        await Store.KeepCrlAsync(new CrlLook(crl.Id, asked, asked.AddHours(6), asked, ""), Cancellation);

        Time.Advance(TimeSpan.FromMinutes(1));
        await Store.KeepPointsAsync([Point(second, "02")], ListsApart, Cancellation);

        Assert.Empty(await Store.DueCrlsAsync(asked + ListsApart - TimeSpan.FromMilliseconds(1), 10, Cancellation));
        Assert.Single(await Store.DueCrlsAsync(asked + ListsApart, 10, Cancellation));
        Assert.Equal(Revocation.Unknown, (await Store.RevocationsAsync([second], Cancellation))[second]);
        await Store.KeepCrlAsync(new CrlLook(crl.Id, asked + ListsApart, asked.AddHours(7), asked, ""), Cancellation);
        Assert.Equal(asked + ListsApart, (await Store.RevocationsAsync([second], Cancellation))[second].CheckedAt);
    }

    [Fact]
    public async Task What_has_expired_is_asked_of_nobody_and_what_cannot_be_asked_says_why()
    {
        (long first, long second) = await TwoIssuancesAsync();
        DateTimeOffset now = Time.GetUtcNow();
        await Store.KeepPointsAsync([Point(first, "01") with { Until = now.AddHours(1) }, new RevocationPoint(second, "", now.AddDays(1), null, "It names no list.")], ListsApart, Cancellation);
        StoredCrl crl = Assert.Single(await Store.DueCrlsAsync(now, 10, Cancellation));
        await Store.KeepFindingsAsync([new CrlFinding(first, true, now, 4)], now, Cancellation);
        await Store.KeepCrlAsync(new CrlLook(crl.Id, now, now, now, ""), Cancellation);

        Time.Advance(TimeSpan.FromHours(1));

        Assert.Empty(await Store.DueCrlsAsync(Time.GetUtcNow(), 10, Cancellation));
        Assert.Empty(await Store.CrlSubjectsAsync(crl.Id, Time.GetUtcNow(), Cancellation));
        IReadOnlyDictionary<long, Revocation> found = await Store.RevocationsAsync([first, second], Cancellation);
        Assert.Equal(new Revocation(true, now, 4, now, Revocation.Expired), found[first]);
        Assert.Equal(new Revocation(false, null, null, null, "It names no list."), found[second]);
    }

    [Fact]
    public async Task An_issuance_whose_issuers_key_is_shown_later_is_read_again()
    {
        PaperLog one = await BeginAsync("one", entries: 1), other = await BeginAsync("other", entries: 1);
        Batch first = one.Read(0, 1), second = other.Read(0, 1);
        CertificateFacts facts = Some.Facts("a.example");
        await CommitAsync(one, first, Some.Unknown(Some.Match(first.Raw, 0, facts with { IssuerPubkeySha256 = null })));
        long id = Assert.Single(await Store.UnreadPointsAsync(10, Cancellation)).Id;
        await Store.KeepPointsAsync([new RevocationPoint(id, "", Time.GetUtcNow().AddDays(1), null, "No key.") { IsKeyUnknown = true }], ListsApart, Cancellation);

        await CommitAsync(other, second, Some.Unknown(Some.Match(second.Raw, 0, facts)));

        Assert.Equal(facts.IssuerPubkeySha256, Assert.Single(await Store.UnreadPointsAsync(10, Cancellation)).Certificate.IssuerPubkeySha256);

        // Read before that, kept after it.
        await Store.KeepPointsAsync([new RevocationPoint(id, "", Time.GetUtcNow().AddDays(1), null, "No key.") { IsKeyUnknown = true }], ListsApart, Cancellation);
        Assert.Single(await Store.UnreadPointsAsync(10, Cancellation));
        await Store.KeepPointsAsync([Point(id, "01")], ListsApart, Cancellation);
        Assert.Empty(await Store.UnreadPointsAsync(10, Cancellation));
    }

    private RevocationPoint Point(long issuance, string serial) => new(issuance, serial, Time.GetUtcNow().AddDays(30), SomeList, "");

    private static (long Checked, long Unchecked, long Revoked, long Failing) Counts(RevocationCounts counts) => (counts.Checked, counts.Unchecked, counts.Revoked, counts.Failing);

    private async Task<(long First, long Second)> TwoIssuancesAsync()
    {
        PaperLog log = await BeginAsync(entries: 2);
        Batch batch = log.Read(0, 2);
        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example"))), Some.Unknown(Some.Match(batch.Raw, 1, Some.Facts("b.example"))));
        return (1, 2);
    }
}
