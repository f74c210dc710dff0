using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of the chains that logs show.</summary>
public abstract partial class StoreConformance
{
    private static readonly byte[] Intermediate = [1, 1], OtherIntermediate = [1, 2], Root = [2, 2], OldRoot = [3, 3];

    /// <summary>Rows of a table.</summary>
    private protected abstract Task<long> CountAsync(string table);

    [Fact]
    public async Task Chains_are_kept_in_their_order_with_each_certificate_once()
    {
        PaperLog log = await BeginAsync(entries: 4);
        Batch batch = log.Read(0, 4);
        Decision Showing(int place, params byte[][] chain) => Some.Unknown(Some.Match(batch.Raw, place, Some.Facts(Some.Numbered("n", place))) with { Chain = chain });

        await CommitAsync(log, batch, Showing(0, Intermediate, Root), Showing(1, OtherIntermediate, Root, OldRoot), Showing(2), Showing(3, Root, Intermediate, Root));
        await ReopenAsync();

        Assert.Equal([Intermediate, Root], await Store.ChainAsync(1, Cancellation));
        Assert.Equal([OtherIntermediate, Root, OldRoot], await Store.ChainAsync(2, Cancellation));
        Assert.Empty(await Store.ChainAsync(3, Cancellation));
        Assert.Equal([Root, Intermediate, Root], await Store.ChainAsync(4, Cancellation));
        Assert.Empty(await Store.ChainAsync(5, Cancellation));
        Assert.Equal((4, 8), (await CountAsync("chain_certificate"), await CountAsync("issuance_chain")));
    }

    [Fact]
    public async Task The_chain_seen_first_stays_and_one_that_goes_on_where_it_ends_adds_the_rest()
    {
        PaperLog log = await BeginAsync(entries: 8);
        CertificateFacts facts = Some.Facts("a.example");
        ulong at = 0;
        async Task<IReadOnlyList<byte[]>> ShowAsync(params byte[][][] chains)
        {
            Batch batch = log.Read(at, at += (ulong)chains.Length);
            await CommitAsync(log, batch, [.. chains.Select((chain, place) => Some.Unknown(Some.Match(batch.Raw, place, facts) with { Chain = chain }))]);
            return await Store.ChainAsync(1, Cancellation);
        }

        Assert.Empty(await ShowAsync([[]]));
        Assert.Equal([Intermediate], await ShowAsync([Intermediate]));
        Assert.Equal([Intermediate], await ShowAsync([OtherIntermediate, Root]));
        // Two sightings in one batch, as precertificate and certificate often are.
        Assert.Equal([Intermediate, Root, OldRoot], await ShowAsync([Intermediate, Root], [Intermediate, Root, OldRoot]));
        Assert.Equal([Intermediate, Root, OldRoot], await ShowAsync([Intermediate], [Intermediate, OldRoot, Root, OldRoot]));
        Assert.Equal(3, await CountAsync("chain_certificate"));
    }

    [Fact]
    public async Task Certificates_of_chains_go_with_the_last_issuance_that_has_them()
    {
        PaperLog log = await BeginAsync(entries: 3);
        Decision Showing(ulong at, string name, byte[][] chain)
        {
            Decision decision = Lookalike(log, at, name, Imitating("facebook.com", name, $"facebook.com.{name}"));
            return decision with { Finding = ((MatchFinding)decision.Finding) with { Chain = chain } };
        }
        await CommitAsync(log, log.Read(0, 1), Showing(0, "old.test", [Intermediate, OldRoot, Intermediate]));
        await CommitAsync(log, log.Read(1, 2), Showing(1, "watched.test", [OtherIntermediate, OldRoot]) with { Endpoints = [new WatchedEndpoint("watched.test", "watched.test", false)] });
        Time.Advance(TimeSpan.FromDays(100));
        DateTimeOffset before = Time.GetUtcNow().AddDays(-50);

        while (await Store.DeleteLookalikesAsync(before, 10, Cancellation) > 0)
        {
        }
        await ReopenAsync();

        Assert.Null(await Store.FindIssuanceAsync(1, Cancellation));
        Assert.Empty(await Store.ChainAsync(1, Cancellation));
        Assert.Equal([OtherIntermediate, OldRoot], await Store.ChainAsync(2, Cancellation));
        Assert.Equal((2, 2), (await CountAsync("chain_certificate"), await CountAsync("issuance_chain")));
        // Shown again, it is there again.
        await CommitAsync(log, log.Read(2, 3), Showing(2, "old.test", [Intermediate, OldRoot]));
        Assert.Equal([Intermediate, OldRoot], await Store.ChainAsync(3, Cancellation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_chain_is_whole_that_comes_while_another_one_of_the_same_certificates_goes(bool isSame)
    {
        const int rounds = 25;
        PaperLog log = await BeginAsync(entries: 2 * rounds);
        for (int round = 0; round < rounds; round++)
        {
            byte[][] chain = [[7, (byte)round], [8, (byte)round]];
            string name = Some.Numbered("old", round) + ".test";
            ulong at = (ulong)round * 2;
            Decision old = Lookalike(log, at, name, Imitating("facebook.com", name, $"facebook.com.{name}"));
            var finding = (MatchFinding)old.Finding with { Chain = chain };
            await CommitAsync(log, log.Read(at, at + 1), old with { Finding = finding });
            Time.Advance(TimeSpan.FromDays(100));
            Batch batch = log.Read(at + 1, at + 2);
            MatchFinding watched = Some.Match(batch.Raw, 0, isSame ? finding.Certificate : Some.Facts(Some.Numbered("watched", round))) with { Chain = chain };

            await Task.WhenAll(
                Task.Run(async () => { while (await Store.DeleteLookalikesAsync(Time.GetUtcNow().AddDays(-50), 10, Cancellation) > 0) { } }, Cancellation),
                Task.Run(() => CommitAsync(log, batch, Some.Unknown(watched)), Cancellation));

            Issuance kept = Assert.Single(await Store.IssuancesAsync(null, 1, Cancellation));
            Assert.Equal(watched.Certificate.TbsSha256, kept.Certificate.TbsSha256);
            Assert.Equal(chain, await Store.ChainAsync(kept.Id, Cancellation));
            Assert.Equal((2 * (round + 1), 2 * (round + 1)), (await CountAsync("chain_certificate"), await CountAsync("issuance_chain")));
        }
    }
}
