using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>What was authorised, and what it makes known.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_key_gains_names_and_keeps_its_time()
    {
        DateTimeOffset now = Time.GetUtcNow();
        AddedKey first = await Store.AddKeyAsync(new AddedKey(Some.Hash("key"), ["b.example"], now), Cancellation);
        AddedKey second = await Store.AddKeyAsync(new AddedKey(Some.Hash("key"), ["a.example", "b.example"], now.AddHours(1)), Cancellation);
        await Store.AddKeyAsync(new AddedKey(Some.Hash("other"), ["c.example"], now), Cancellation);
        await ReopenAsync();

        Assert.Equal(["b.example"], first.DnsNames);
        Assert.Equal(["a.example", "b.example"], second.DnsNames);
        StoredAuthorisations all = await Store.AuthorisationsAsync(Cancellation);
        Assert.Equal(new[] { Some.Hash("key"), Some.Hash("other") }.Order(StringComparer.Ordinal), all.Keys.Select(key => key.PubkeySha256));
        AddedKey kept = all.Keys.Single(key => key.PubkeySha256 == Some.Hash("key"));
        Assert.Equal(["a.example", "b.example"], kept.DnsNames);
        Assert.Equal((now, now), (second.Added, kept.Added));
        Assert.True(await Store.RemoveKeyAsync(Some.Hash("key"), Cancellation));
        Assert.False(await Store.RemoveKeyAsync(Some.Hash("key"), Cancellation));
    }

    [Fact]
    public async Task A_certificate_is_added_once_and_a_list_of_authorities_is_replaced()
    {
        DateTimeOffset now = Time.GetUtcNow();
        Assert.True(await Store.AddCertificateAsync(new AddedCertificate(Some.Hash("tbs"), ["a.example"], now), Cancellation));
        Assert.False(await Store.AddCertificateAsync(new AddedCertificate(Some.Hash("tbs"), [], now.AddHours(1)), Cancellation));
        await Store.SetAuthoritiesAsync(new AddedAuthorities(".example.com", ["a.example", "b.example"], now), Cancellation);
        await Store.SetAuthoritiesAsync(new AddedAuthorities(".example.com", ["c.example"], now.AddHours(1)), Cancellation);
        await ReopenAsync();

        StoredAuthorisations all = await Store.AuthorisationsAsync(Cancellation);
        AddedCertificate certificate = Assert.Single(all.Certificates);
        Assert.Equal((Some.Hash("tbs"), now), (certificate.TbsSha256, certificate.Added));
        Assert.Equal(["a.example"], certificate.DnsNames);
        AddedAuthorities list = Assert.Single(all.Authorities);
        Assert.Equal((".example.com", now.AddHours(1)), (list.Item, list.Added));
        Assert.Equal(["c.example"], list.Authorities);
        Assert.True(await Store.RemoveCertificateAsync(Some.Hash("tbs"), Cancellation));
        Assert.False(await Store.RemoveCertificateAsync(Some.Hash("tbs"), Cancellation));
        Assert.True(await Store.RemoveAuthoritiesAsync(".example.com", Cancellation));
        Assert.False(await Store.RemoveAuthoritiesAsync(".example.com", Cancellation));
    }

    [Fact]
    public async Task Clearing_makes_known_what_qualifies_since_now_and_what_it_owes_stays_owed()
    {
        PaperLog log = await BeginAsync(entries: 6);
        Batch batch = log.Read(0, 6);
        CertificateFacts mine = Some.Facts("a.example"), renewed = Some.Facts("b.example") with { PubkeySha256 = mine.PubkeySha256 },
            more = Some.Facts("c.example") with { PubkeySha256 = mine.PubkeySha256, DnsNames = ["a.example", "c.example"] },
            address = Some.Facts("d.example") with { PubkeySha256 = mine.PubkeySha256, DnsNames = ["a.example"], IpAddresses = ["192.0.2.1"] },
            single = Some.Facts("e.example"), foreign = Some.Facts("f.example");
        await CommitAsync(log, batch, [.. new[] { mine, renewed, more, address, single, foreign }.Select((facts, place) => Some.Unknown(Some.Match(batch.Raw, place, facts), "hook"))]);
        Time.Advance(TimeSpan.FromHours(1));
        var known = new KnownCertificates(
            new HashSet<string> { single.TbsSha256 },
            new Dictionary<string, IReadOnlySet<string>> { [mine.PubkeySha256] = new HashSet<string> { "a.example", "b.example" } });

        Assert.Equal([1, 2, 5], (await Store.ClearAsync(known, Cancellation)).Order());
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(await Store.ClearAsync(known, Cancellation));
        Assert.Empty(await Store.ClearAsync(KnownCertificates.None, Cancellation));
        await ReopenAsync();

        IReadOnlyList<Issuance> all = await Store.IssuancesAsync(null, 10, Cancellation);
        DateTimeOffset since = Time.GetUtcNow().AddHours(-1);
        Assert.Equal(
            [(1, KnownCertificates.ByKey, since), (2, KnownCertificates.ByKey, since), (5, KnownCertificates.ByCertificate, since)],
            all.Where(one => one.Known).OrderBy(one => one.Id).Select(one => (one.Id, one.Reason, one.KnownSince!.Value)));
        Assert.All(all.Where(one => !one.Known), one => Assert.Equal(("nobody knows it", null), (one.Reason, one.KnownSince)));
        Assert.All(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation), one => Assert.Equal(DeliveryState.Pending, one.State));
        Assert.Equal(6, (await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);
    }

    [Fact]
    public async Task R5_an_issuance_that_is_marked_is_known_and_one_that_was_known_keeps_its_reason()
    {
        PaperLog log = await BeginAsync(entries: 2);
        Batch batch = log.Read(0, 2);
        await CommitAsync(
            log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example"))),
            Some.Unknown(Some.Match(batch.Raw, 1, Some.Facts("b.example"))) with { Known = true, Reason = "known from the first" });

        Assert.True(await Store.MarkAsync(1, KnownCertificates.ByHand, Cancellation));
        Assert.True(await Store.MarkAsync(1, "again", Cancellation));
        Assert.True(await Store.MarkAsync(2, KnownCertificates.ByHand, Cancellation));
        Assert.False(await Store.MarkAsync(3, KnownCertificates.ByHand, Cancellation));

        Assert.Equal((true, KnownCertificates.ByHand, (DateTimeOffset?)Time.GetUtcNow()), await StandsAsync(1));
        Assert.Equal((true, "known from the first", null), await StandsAsync(2));
    }

    [Fact]
    public async Task Authorisations_change_what_other_nodes_ask_for_and_the_trail()
    {
        AuditNote.Current = new AuditNote(Time.GetUtcNow(), "abcd", "POST", "/api/v3/monitoring/known_keys");
        try
        {
            AuditNote.About(Some.Hash("key"));
            await Store.AddKeyAsync(new AddedKey(Some.Hash("key"), ["a.example"], Time.GetUtcNow()), Cancellation);
            Assert.True(AuditNote.Current.IsWritten);
        }
        finally
        {
            AuditNote.Current = null;
        }
        Assert.EndsWith(Some.Hash("key"), Assert.Single(await Store.AuditAsync(null, 10, Cancellation)).Resource, StringComparison.Ordinal);
        if (!Store.IsShared) return;

        long before = await Store.SettingsRevisionAsync(Cancellation);
        await Store.AddCertificateAsync(new AddedCertificate(Some.Hash("tbs"), [], Time.GetUtcNow()), Cancellation);
        await Store.SetAuthoritiesAsync(new AddedAuthorities(".", ["a.example"], Time.GetUtcNow()), Cancellation);
        Assert.True(await Store.SettingsRevisionAsync(Cancellation) >= before + 2);
    }

    [Fact]
    public async Task Whatever_strangers_write_into_a_certificate_it_is_kept_found_and_cleared()
    {
        // What databases or JSON cannot hold, or give a meaning; and what looks like another member of what is kept.
        const string odd = "\0\u0001\ud800\udc00\udfff \ud800\ufffe\"\\\u2028'\"PubkeySha256\":\"00\"";
        CertificateFacts mine = Some.Facts("a.example") with { IssuerName = odd, IssuerOrganization = odd, IssuerCommonName = odd, SubjectName = odd, Problems = [odd] },
            hostile = mine with { TbsSha256 = Some.Hash("hostile"), DnsNames = [odd + ".example", "b.example"], IpAddresses = [odd] };
        PaperLog log = await BeginAsync(entries: 2);
        Batch batch = log.Read(0, 2);
        var known = new KnownCertificates(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>> { [mine.PubkeySha256] = new HashSet<string> { "a.example" } });

        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, mine), "hook"), Some.Unknown(Some.Match(batch.Raw, 1, hostile), "hook"));
        await IndexAsync(log, hostile with { TbsSha256 = Some.Hash("indexed") });

        Assert.Equal([1], await Store.ClearAsync(known, Cancellation));
        Assert.Equal([3, 2], await FoundAsync(new("b.example")));
        Assert.Equal((mine.PubkeySha256, "a.example"), (await Store.FindIssuanceAsync(1, Cancellation))!.Certificate is var kept ? (kept.PubkeySha256, kept.DnsNames[0]) : default);
        Assert.Equal(2, await Store.MarkExpiredAsync(mine.NotAfter!.Value, 2, Cancellation));
    }

    private async Task<(bool Known, string Reason, DateTimeOffset? Since)> StandsAsync(long id)
    {
        Issuance found = (await Store.FindIssuanceAsync(id, Cancellation))!;
        return (found.Known, found.Reason, found.KnownSince);
    }
}
