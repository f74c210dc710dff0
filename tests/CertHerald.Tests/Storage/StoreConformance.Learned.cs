using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of learned rates, of searches of the past, and of lanes that are taken over.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task What_was_learned_of_hosts_and_logs_is_there_after_a_restart_and_the_newest_counts()
    {
        PaperLog log = await BeginAsync();
        await Store.KeepLearnedAsync(new Learned([new LearnedRate("op", "a.example", 8, false), new LearnedRate("op", "b.example:444", 3.5, true)], new Dictionary<LogId, int> { [log.Id] = 512 }), Cancellation);
        await Store.KeepLearnedAsync(new Learned([new LearnedRate("op", "a.example", 40, true)], new Dictionary<LogId, int>()), Cancellation);

        await ReopenAsync();
        Learned learned = await Store.LearnedAsync(Cancellation);

        Assert.Equal([new LearnedRate("op", "a.example", 40, true), new LearnedRate("op", "b.example:444", 3.5, true)], learned.Rates.OrderBy(rate => rate.Host, StringComparer.Ordinal));
        Assert.Equal(512, learned.Pages[log.Id]);
    }

    [Fact]
    public async Task A_search_of_the_past_has_lanes_of_its_own_that_are_no_part_of_the_logs_following()
    {
        PaperLog log = await BeginAsync(entries: 10, at: 10);
        BackFill search = await Store.AddBackFillAsync([".example.com"], Time.GetUtcNow().AddDays(-9), [log.Id], Cancellation);

        LogLane lane = (await Store.BeginBackFillAsync(search.Id, log.Id, log.FrontierAt(4), new TreeSize(10), Cancellation))!;
        LogLane again = (await Store.BeginBackFillAsync(search.Id, log.Id, log.FrontierAt(6), new TreeSize(10), Cancellation))!;
        await ReopenAsync();

        Assert.Equal(lane, again);
        Assert.Equal(search.Id, lane.BackFill);
        Assert.Equal([(log.Id, lane)], Assert.Single(await Store.BackFillsAsync(Cancellation)).Lanes);
        Assert.Equal(10UL, Assert.Single(await Store.LanesAsync(log.Id, Cancellation)).Start.Value);
        Assert.Equal(10UL, Assert.Single(await Store.LogsAsync(Cancellation)).Position.Value);
        Assert.True(await Store.RemoveBackFillAsync(search.Id, Cancellation));
        Assert.Null(await Store.BeginBackFillAsync(search.Id, log.Id, log.FrontierAt(4), new TreeSize(10), Cancellation));
    }

    [Fact]
    public async Task A_lane_takes_over_the_next_one_but_not_the_tip()
    {
        PaperLog log = await BeginAsync(entries: 9);
        LogLane tip = Assert.Single(await Store.LanesAsync(log.Id, Cancellation));
        (LogLane first, LogLane second) = await Store.SplitLaneAsync(tip, log.FrontierAt(3), new LaneTrouble(IncidentKinds.RootMismatch, 0, Time.GetUtcNow()), "it lies", Cancellation);
        (second, tip) = await Store.SplitLaneAsync(second, log.FrontierAt(6), null, "", Cancellation);
        first = (await Store.CommitAsync(first, log.Read(0, 3), [], Time.GetUtcNow(), Cancellation)).Lane;

        LogLane longer = (await Store.AbsorbLaneAsync(first, isProven: true, Cancellation))!;

        Assert.Equal((first.Id, 6UL, LogPosition.At(log.FrontierAt(3)), null), (longer.Id, longer.Until!.Value.Value, longer.Position, longer.Trouble));
        Assert.Equal([longer, tip], await Store.LanesAsync(log.Id, Cancellation));
        longer = (await Store.CommitAsync(longer, log.Read(3, 6), [], Time.GetUtcNow(), Cancellation)).Lane;
        Assert.Null(await Store.AbsorbLaneAsync(longer, isProven: true, Cancellation));
        Assert.Equal((0UL, (ulong?)null), ((await Store.JoinLaneAsync(longer, Cancellation))!.Start.Value, Assert.Single(await Store.LanesAsync(log.Id, Cancellation)).Until?.Value));
    }

    [Fact]
    public async Task A_lane_takes_over_the_next_one_and_goes_on_from_where_it_stands()
    {
        PaperLog log = await BeginAsync(entries: 9);
        LogLane tip = Assert.Single(await Store.LanesAsync(log.Id, Cancellation));
        (LogLane first, LogLane second) = await Store.SplitLaneAsync(tip, log.FrontierAt(3), null, "", Cancellation);
        (second, tip) = await Store.SplitLaneAsync(second, log.FrontierAt(6), null, "", Cancellation);
        first = (await Store.CommitAsync(first, log.Read(0, 2), [], Time.GetUtcNow(), Cancellation)).Lane;
        await Store.CommitAsync(second, log.Read(3, 5), [], Time.GetUtcNow(), Cancellation);

        LogLane longer = (await Store.AbsorbLaneAsync(first, isProven: false, Cancellation))!;

        Assert.Equal(first with { Until = new TreeSize(6) }, longer);
        Assert.Equal([longer, tip], await Store.LanesAsync(log.Id, Cancellation));
        longer = (await Store.CommitAsync(longer, log.Read(2, 6), [], Time.GetUtcNow(), Cancellation)).Lane;
        Assert.Equal(0UL, (await Store.JoinLaneAsync(longer, Cancellation))!.Start.Value);
    }
}
