using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>Certificates are found by every name on them, page by page, in either order.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_certificate_is_found_by_each_of_its_names_and_not_by_what_merely_ends_like_one()
    {
        await KeepAsync(["example.com", "www.example.net"], ["examplefoo.com", "com.example.org", "notexample.com"]);

        Assert.Equal([1], await FoundAsync(new("example.com")));
        Assert.Equal([1], await FoundAsync(new("www.example.net")));
        Assert.Equal([1], await FoundAsync(new("example.com") { IncludeBelow = true }));
        Assert.Empty(await FoundAsync(new("example.net")));
        Assert.Empty(await FoundAsync(new("ample.com") { IncludeBelow = true }));
        Assert.Empty(await FoundAsync(new("Example.com")));
        Assert.Empty(await FoundAsync(new("") { IncludeBelow = true }));
    }

    [Fact]
    public async Task A_domain_with_everything_below_it_finds_names_at_any_depth_and_each_certificate_once()
    {
        await KeepAsync(
            ["example.com", "www.example.com", "a.b.c.example.com"], ["deep.a.b.c.example.com"], ["*.example.com"], ["example.org"],
            [string.Concat(Enumerable.Repeat("a.", 40)) + "example.com"]);

        Assert.Equal([5, 3, 2, 1], await FoundAsync(new("example.com") { IncludeBelow = true }));
        Assert.Equal([2, 1], await FoundAsync(new("b.c.example.com") { IncludeBelow = true }));
        Assert.Equal([5, 3, 2, 1], await FoundAsync(new("com") { IncludeBelow = true }));
        Assert.Equal([5], await FoundAsync(new(string.Concat(Enumerable.Repeat("a.", 20)) + "example.com") { IncludeBelow = true }));
        Assert.Empty(await FoundAsync(new("b." + string.Concat(Enumerable.Repeat("a.", 20)) + "example.com") { IncludeBelow = true }));
    }

    [Theory]
    [InlineData("*.example.com", "www.example.com", true)]
    [InlineData("*.example.com", "a.www.example.com", false)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("f*o.example.com", "foo.example.com", true)]
    [InlineData("f*o.example.com", "bar.example.com", false)]
    [InlineData("?.example.com", "www.example.com", true)]
    [InlineData("<unparsable>.example.com", "www.example.com", true)]
    [InlineData("*.*.com", "www.example.com", true)]
    [InlineData("www.*.com", "www.example.com", true)]
    [InlineData("exam*.com", "example.com", true)]
    [InlineData("*", "example.com", false)]
    public async Task A_name_that_stands_for_several_is_found_by_those_when_that_is_asked_for(string name, string domain, bool stands)
    {
        await KeepAsync([name]);

        Assert.Equal(stands ? [1L] : [], await FoundAsync(new(domain) { MatchWildcards = true }));
        Assert.Empty(await FoundAsync(new(domain)));
        Assert.Equal([1], await FoundAsync(new(name)));
    }

    [Theory]
    [InlineData("*.example.com", "sub.example.com")]                  // W5
    [InlineData("*.com", "example.com")]                              // W6
    [InlineData("f*o.example.com", "example.com")]
    public async Task What_is_alerted_on_for_a_tree_is_found_under_that_tree(string name, string domain)
    {
        await KeepAsync([name], ["example.org"]);
        Assert.Equal([1], await FoundAsync(new(domain) { IncludeBelow = true }));
    }

    [Theory]
    [InlineData("a b.example.com", "example.com")]
    [InlineData("a..b.example.com", "b.example.com")]
    [InlineData("x'; DROP TABLE issuance; --.example.com", "example.com")]
    [InlineData("100%_.example.com", "example.com")]
    [InlineData("<unparsable>.\\.example.com", "\\.example.com")]
    [InlineData("user@example.com", "user@example.com")]
    [InlineData("example.com:443", "example.com:443")]
    public async Task Odd_characters_mean_nothing(string name, string above)
    {
        await KeepAsync([name], ["ab.example.org"]);
        Assert.Equal([1], await FoundAsync(new(name)));
        Assert.Equal([1], await FoundAsync(new(above) { IncludeBelow = true }));
    }

    [Fact]
    public async Task An_address_is_found_as_text()
    {
        await KeepAsync(Some.Facts("192") with { DnsNames = [], IpAddresses = ["192.0.2.1", "2001:db8::1"] });

        Assert.Equal([1], await FoundAsync(new("192.0.2.1")));
        Assert.Equal([1], await FoundAsync(new("2001:db8::1") { IncludeBelow = true }));
        Assert.Empty(await FoundAsync(new("0.2.1") { IncludeBelow = true }));
    }

    [Fact]
    public async Task Pages_in_either_direction_hold_each_certificate_once_and_tell_by_one_more_whether_another_follows()
    {
        // Some under two ranges of the index at once, and ranges that end at different places.
        await KeepAsync([.. Enumerable.Range(1, 41).Select(i => new[] { Some.Numbered("n", i) + ".example.com" }.Concat(i % 3 == 0 ? ["example.com"] : []).Concat(i % 5 == 0 ? ["*.com"] : []).ToArray())]);
        long[] all = [.. Enumerable.Range(1, 41).Select(i => (long)i)];

        foreach (int size in (int[])[1, 2, 7, 40, 41, 100])
        {
            var newest = new List<long>();
            for (long? below = null; await FoundAsync(new("example.com") { IncludeBelow = true, Below = below, Limit = size }) is { Count: > 0 } page; below = page[^1]) newest.AddRange(page);
            Assert.Equal(all.Reverse(), newest);

            var oldest = new List<long>();
            for (long? above = null; await FoundAsync(new("example.com") { IncludeBelow = true, OldestFirst = true, Above = above, Limit = size }) is { Count: > 0 } page; above = page[^1]) oldest.AddRange(page);
            Assert.Equal(all, oldest);
        }

        Assert.Equal([20, 19], await FoundAsync(new("example.com") { IncludeBelow = true, Above = 18, Below = 21, Limit = 10 }));
        Assert.Equal([30], await FoundAsync(new("example.com") { OldestFirst = true, Above = 27, Limit = 1 }));
    }

    [Fact]
    public async Task Expired_ones_are_left_out_where_that_is_asked_for_before_and_after_they_are_put_aside()
    {
        DateTimeOffset now = Time.GetUtcNow();
        CertificateFacts Until(string name, DateTimeOffset? end) => Some.Facts(name) with { NotAfter = end, DnsNames = ["example.com"] };
        await KeepAsync(Until("a", now), Until("b", now.AddMilliseconds(1)), Until("c", null), Until("d", now.AddDays(-1)), Until("e", now.AddDays(1)));

        foreach (int moved in (int[])[1, 1, 0])
        {
            Assert.Equal([2, 3, 5], await FoundAsync(new("example.com") { OldestFirst = true, UnexpiredAt = now }));
            Assert.Equal([5, 4, 3, 2, 1], await FoundAsync(new("example.com")));
            Assert.Equal(moved, await Store.MarkExpiredAsync(now, 1, Cancellation));
        }
        Assert.Equal([3, 5], await FoundAsync(new("example.com") { OldestFirst = true, UnexpiredAt = now.AddMilliseconds(1) }));
        Assert.Equal(2, await Store.MarkExpiredAsync(now.AddYears(1), 10, Cancellation));
        Assert.Equal([5, 4, 3, 2, 1], await FoundAsync(new("example.com") { IncludeBelow = true }));
    }

    [Fact]
    public async Task What_is_found_is_the_certificate_as_it_is_stored()
    {
        PaperLog log = await KeepAsync(Some.Facts("example.com", isPrecertificate: true));
        Batch again = Grow(log);
        await CommitAsync(log, again, Some.Unknown(Some.Match(again.Raw, 0, Some.Facts("example.com"))));

        StoredCertificate found = Assert.Single(await Store.SearchCertificatesAsync(new("example.com"), Cancellation));

        Assert.Equivalent(Some.Facts("example.com"), found.Certificate, strict: true);
        Assert.Equal(1, found.Id);
        Assert.Equal(Some.Facts("example.com").CertDer, found.Der);
        Assert.Equivalent(found, await Store.FindCertificateAsync(1, Cancellation), strict: true);
        Assert.Null(await Store.FindCertificateAsync(2, Cancellation));
    }

    [Fact]
    public async Task Ten_thousand_names_of_one_certificate_are_all_found()
    {
        await KeepAsync([.. Enumerable.Range(0, 10_000).Select(i => Some.Numbered("n", i) + Some.Numbered(".d", i / 10) + ".example")]);

        Assert.Equal([1], await FoundAsync(new("n0.d0.example")));
        Assert.Equal([1], await FoundAsync(new("d999.example") { IncludeBelow = true }));
        Assert.Equal([1], await FoundAsync(new("n9999.d999.example")));
        Assert.Equal(1, await Store.MarkExpiredAsync(Time.GetUtcNow().AddYears(9), 10, Cancellation));
        Assert.Empty(await FoundAsync(new("n9999.d999.example") { UnexpiredAt = Time.GetUtcNow().AddYears(9) }));
        Assert.Equal([1], await FoundAsync(new("n9999.d999.example")));
    }

    [Fact]
    public async Task What_nobody_watches_is_found_like_what_is_watched_and_with_all_that_is_kept_of_it()
    {
        PaperLog log = await KeepAsync(["www.example.com"]);
        CertificateFacts other = Some.Facts("shop.example.com") with
        {
            DnsNames = ["*.example.com", "a.other.example", "example.com", "shop.example.com"],
            IpAddresses = ["192.0.2.1", "2001:db8::1"],
            Problems = ["a slip"],
            CertDer = [],
        };
        CertificateFacts bare = Some.Facts("bare") with
        {
            DnsNames = [],
            SubjectName = "O=Nobody",
            Serial = "",
            NotBefore = null,
            NotAfter = null,
            IssuerPubkeySha256 = null,
            IssuerOrganization = null,
            IssuerCommonName = null,
            CertDer = [],
        };
        CertificateFacts whole = Some.Facts("www.example.com whole") with { IsPrecertificate = true, DnsNames = ["odd\nname.example.com", "www.example.com"] };

        await IndexAsync(log, other, bare, whole);

        Assert.Equal([4, 2, 1], await FoundAsync(new("example.com") { IncludeBelow = true }));
        Assert.Equal([4, 2, 1], await FoundAsync(new("www.example.com") { MatchWildcards = true }));
        Assert.Equal([2], await FoundAsync(new("2001:db8::1")));
        foreach ((long id, CertificateFacts facts) in ((long, CertificateFacts)[])[(2, other), (3, bare), (4, whole)])
        {
            StoredCertificate found = (await Store.FindCertificateAsync(id, Cancellation))!;
            Assert.Equivalent(facts, found.Certificate, strict: true);
        }
        Assert.Null((await Store.FindCertificateAsync(2, Cancellation))!.Der);
        Assert.Equal(whole.CertDer, (await Store.FindCertificateAsync(4, Cancellation))!.Der);
        Assert.Single(await Store.IssuancesAsync(null, 10, Cancellation));
        Assert.Null(await Store.FindIssuanceAsync(2, Cancellation));
    }

    [Fact]
    public async Task A_certificate_seen_again_in_any_form_stays_one_and_the_certificate_takes_its_precertificates_place()
    {
        PaperLog log = await BeginAsync();
        await IndexAsync(log, Some.Facts("a.example", isPrecertificate: true), Some.Facts("a.example", isPrecertificate: true));
        await IndexAsync(log, Some.Facts("a.example") with { CertDer = [] }, Some.Facts("a.example", isPrecertificate: true), Some.Facts("b.example") with { CertDer = [] });

        IReadOnlyList<StoredCertificate> found = await Store.SearchCertificatesAsync(new("example") { IncludeBelow = true }, Cancellation);

        Assert.Equal([(2L, "b.example"), (1L, "a.example")], found.Select(one => (one.Id, one.Certificate.DnsNames[0])));
        Assert.Equivalent(Some.Facts("a.example") with { CertDer = [] }, found[1].Certificate, strict: true);
    }

    [Fact]
    public async Task What_becomes_watched_later_keeps_its_id_and_what_was_watched_is_not_added_again()
    {
        PaperLog log = await BeginAsync();
        await IndexAsync(log, Some.Facts("a.example", isPrecertificate: true) with { CertDer = [] }, Some.Facts("b.example") with { CertDer = [] });

        Batch batch = Grow(log);
        CommitOutcome outcome = await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example")), "hook"));
        Assert.Equal((1, 1), (outcome.Discovered, outcome.Owed));
        batch = Grow(log);
        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("c.example", isPrecertificate: true))));
        await IndexAsync(log, Some.Facts("a.example") with { CertDer = [] }, Some.Facts("c.example"), Some.Facts("d.example"));

        Assert.Equal([4, 3, 2, 1], await FoundAsync(new("example") { IncludeBelow = true }));
        Assert.Equivalent(Some.Facts("a.example"), (await Store.FindIssuanceAsync(1, Cancellation))!.Certificate, strict: true);
        bool[] watched = await Task.WhenAll(((long[])[1, 2, 3, 4]).Select(async id => await Store.FindIssuanceAsync(id, Cancellation) is not null));
        Assert.Equal([true, false, true, false], watched);
        Assert.Equal(Some.Facts("c.example").CertDer, (await Store.FindCertificateAsync(3, Cancellation))!.Der);
        Assert.Equal([3, 1], (await Store.IssuancesAsync(null, 10, Cancellation)).Select(one => one.Id));
    }

    [Fact]
    public async Task What_expired_before_it_was_watched_is_put_aside_again()
    {
        PaperLog log = await BeginAsync();
        DateTimeOffset end = Some.Facts("").NotAfter!.Value;
        await IndexAsync(log, Some.Facts("a.example"), Some.Facts("b.example"));
        Assert.Equal(2, await Store.MarkExpiredAsync(end, 10, Cancellation));
        Batch batch = Grow(log);
        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("a.example"))));

        Assert.Equal(1, await Store.MarkExpiredAsync(end, 10, Cancellation));

        Assert.Equal(0, await Store.MarkExpiredAsync(end, 10, Cancellation));
        Assert.Empty(await FoundAsync(new("a.example") { UnexpiredAt = end }));
        Assert.Equal([2, 1], await FoundAsync(new("example") { IncludeBelow = true }));
    }

    [Fact]
    public async Task What_nobody_watches_is_deleted_when_its_time_is_up_and_its_id_is_never_given_to_another()
    {
        PaperLog log = await BeginAsync();
        await IndexAsync(log, Some.Facts("a.example"), Some.Facts("b.example"), Some.Facts("c.example"));
        Assert.Equal(1, await Store.MarkExpiredAsync(Some.Facts("").NotAfter!.Value, 1, Cancellation));
        Batch batch = Grow(log);
        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("b.example"))));
        DateTimeOffset first = Time.GetUtcNow();
        Time.Advance(TimeSpan.FromMinutes(1));
        await IndexAsync(log, Some.Facts("d.example"));

        Assert.Equal(0, await Store.DeleteIndexedAsync(first, 10, Cancellation));
        Assert.Equal(1, await Store.DeleteIndexedAsync(first.AddSeconds(1), 1, Cancellation));
        Assert.Equal([4, 3, 2], await FoundAsync(new("example") { IncludeBelow = true }));
        Assert.Equal(1, await Store.DeleteIndexedAsync(first.AddSeconds(1), 10, Cancellation));

        Assert.Equal([4, 2], await FoundAsync(new("example") { IncludeBelow = true }));
        Assert.Equal(1, await Store.DeleteIndexedAsync(first.AddDays(1), 10, Cancellation));
        await IndexAsync(log, Some.Facts("a.example"), Some.Facts("d.example"));
        Assert.Equal([6, 5, 2], await FoundAsync(new("example") { IncludeBelow = true }));
        Assert.Equal(0, await Store.DeleteIndexedAsync(first, 10, Cancellation));
    }

    [Fact]
    public async Task A_batch_whose_commit_fails_leaves_nothing_in_the_index()
    {
        PaperLog log = await BeginAsync(entries: 2);
        Batch batch = log.Read(0, 2);
        LogLane tip = (await Store.LanesAsync(log.Id, Cancellation))[^1];
        await Store.CommitAsync(tip, batch, [], Time.GetUtcNow(), Cancellation);

        await Assert.ThrowsAsync<StoreException>(() => Store.CommitAsync(tip, batch, [], [new IndexedCertificate(new(0), Some.Logged, Some.Facts("a.example"))], Time.GetUtcNow(), Cancellation));

        Assert.Empty(await FoundAsync(new("a.example")));
    }

    private async Task<List<long>> FoundAsync(CertificateQuery query) => [.. (await Store.SearchCertificatesAsync(query, Cancellation)).Select(one => one.Id)];

    /// <summary>Stores certificates with these names, in this order.</summary>
    private protected Task<PaperLog> KeepAsync(params string[][] names) => KeepAsync([.. names.Select(these => Some.Facts(these[0]) with { DnsNames = these })]);

    private protected async Task<PaperLog> KeepAsync(params CertificateFacts[] certificates)
    {
        PaperLog log = await BeginAsync(entries: certificates.Length);
        Batch batch = log.Read(0, (ulong)certificates.Length);
        await CommitAsync(log, batch, [.. certificates.Select((facts, place) => new Decision(Some.Match(batch.Raw, place, facts), [], Known: true, "", []))]);
        return log;
    }

    /// <summary>Indexes them as what nobody watches.</summary>
    private protected async Task IndexAsync(PaperLog log, params CertificateFacts[] certificates)
    {
        ulong size = log.Size;
        for (int i = 0; i < certificates.Length; i++) log.Add(Some.Numbered("other", i));
        Batch batch = log.Read(size, log.Size);
        LogLane tip = (await Store.LanesAsync(log.Id, Cancellation))[^1];
        await Store.CommitAsync(tip, batch, [], [.. certificates.Select((facts, place) => new IndexedCertificate(batch.Raw[place].Index, Some.Logged, facts))], Time.GetUtcNow(), Cancellation);
    }

    /// <summary>One entry more.</summary>
    private protected static Batch Grow(PaperLog log)
    {
        ulong size = log.Size;
        log.Add("one more");
        return log.Read(size, size + 1);
    }
}
