using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>Issuances by what people look for.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task Issuances_are_found_by_a_part_of_a_watched_name_by_hash_and_by_what_was_decided()
    {
        PaperLog log = await BeginAsync(entries: 5);
        Batch batch = log.Read(0, 5);
        CertificateFacts[] facts = [.. Enumerable.Range(0, 5).Select(i => Some.Facts(Some.Numbered("n", i)))];
        await CommitAsync(log, batch,
            Decided(batch, 0, facts[0], known: false, "shop.example.com", "www.example.com"),
            Decided(batch, 1, facts[1], known: true, "shop.example.com"),
            Decided(batch, 2, facts[2], known: false),
            Decided(batch, 3, facts[3], known: false, "100%_shop.example.org"),
            Decided(batch, 4, facts[4], known: true, "mail.example.com"));

        Assert.Equal([4L, 2, 1], await FoundAsync(new IssuanceFilter("shop")));
        Assert.Equal([2L, 1], await FoundAsync(new IssuanceFilter("shop.example.com")));
        Assert.Equal([4L], await FoundAsync(new IssuanceFilter("%_s")));
        Assert.Empty(await FoundAsync(new IssuanceFilter("\0' OR '1'='1")));
        Assert.Equal([3L], await FoundAsync(new IssuanceFilter(facts[2].TbsSha256)));
        Assert.Equal([4L, 1], await FoundAsync(new IssuanceFilter(Kind: IssuanceKind.Unknown)));
        Assert.Equal([5L, 2], await FoundAsync(new IssuanceFilter(Kind: IssuanceKind.Known)));
        Assert.Equal([3L], await FoundAsync(new IssuanceFilter(Kind: IssuanceKind.Lookalike)));
        Assert.Equal([2L], await FoundAsync(new IssuanceFilter("shop", IssuanceKind.Known)));
        Assert.Equal([2L], await FoundAsync(new IssuanceFilter("shop", Before: 4, Limit: 1)));
        Assert.Equal([5L, 4, 3, 2, 1], await FoundAsync(new IssuanceFilter()));
        Assert.Equal(["shop.example.com", "www.example.com"], (await Store.IssuancesAsync(new IssuanceFilter("www"), Cancellation)).Single().Endpoints.Select(one => one.DnsName));

        async Task<IEnumerable<long>> FoundAsync(IssuanceFilter filter) => (await Store.IssuancesAsync(filter, Cancellation)).Select(one => one.Id);
    }

    [Fact]
    public async Task Issuances_since_a_time_are_counted_by_what_was_decided_up_to_a_bound()
    {
        PaperLog log = await BeginAsync(entries: 6);
        await CommitAsync(log, log.Read(0, 1), Decided(log.Read(0, 1), 0, Some.Facts("early"), known: true, "early.example.com"));
        Time.Advance(TimeSpan.FromHours(1));
        Batch batch = log.Read(1, 6);
        await CommitAsync(log, batch,
            Decided(batch, 0, Some.Facts("a"), known: false, "a.example.com"), Decided(batch, 1, Some.Facts("b"), known: false, "b.example.com"),
            Decided(batch, 2, Some.Facts("c"), known: false, "c.example.com"), Decided(batch, 3, Some.Facts("d"), known: true, "d.example.com"), Decided(batch, 4, Some.Facts("e"), known: false));

        Assert.Equal(new IssuanceCounts(3, 1, 1), await Store.CountIssuancesAsync(Time.GetUtcNow(), 100, Cancellation));
        Assert.Equal(new IssuanceCounts(3, 2, 1), await Store.CountIssuancesAsync(Time.GetUtcNow().AddHours(-1), 100, Cancellation));
        Assert.Equal(new IssuanceCounts(0, 0, 0), await Store.CountIssuancesAsync(Time.GetUtcNow().AddMilliseconds(1), 100, Cancellation));
        IssuanceCounts bounded = await Store.CountIssuancesAsync(DateTimeOffset.UnixEpoch, 4, Cancellation);
        Assert.Equal(4, bounded.Unknown + bounded.Known + bounded.Lookalike);
    }

    [Fact]
    public async Task A_look_alike_that_is_for_a_watched_name_after_all_is_listed_and_counted_as_such()
    {
        PaperLog log = await BeginAsync(entries: 4);
        Batch first = log.Read(0, 2), second = log.Read(2, 4);
        CertificateFacts unknown = Some.Facts("unknown"), known = Some.Facts("known");
        await CommitAsync(log, first, Decided(first, 0, unknown, known: false), Decided(first, 1, known, known: false));
        Assert.Equal((0, 0, 2), await KindsAsync());

        await CommitAsync(log, second, Decided(second, 0, unknown, known: false, "shop.example.com"), Decided(second, 1, known, known: true, "www.example.com"));

        Assert.Equal((1, 1, 0), await KindsAsync());
        Assert.Equal(new IssuanceCounts(1, 1, 0), await Store.CountIssuancesAsync(DateTimeOffset.UnixEpoch, 10, Cancellation));

        async Task<(int, int, int)> KindsAsync() => (await CountAsync(IssuanceKind.Unknown), await CountAsync(IssuanceKind.Known), await CountAsync(IssuanceKind.Lookalike));
        async Task<int> CountAsync(IssuanceKind kind) => (await Store.IssuancesAsync(new IssuanceFilter(Kind: kind), Cancellation)).Count;
    }

    private static Decision Decided(Batch batch, int place, CertificateFacts facts, bool known, params string[] names) =>
        new(Some.Match(batch.Raw, place, facts), [.. names.Select(name => new WatchedEndpoint(name, ".example.com", Wildcard: false))], known, "because", []);
}
