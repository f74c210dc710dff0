using System.Diagnostics.Metrics;
using CertHerald.Storage;
using CertHerald.Transparency.Merkle;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following.Faults;

/// <summary>The stretches that a log falls into when it does not give some entries (ct.md 8.1).</summary>
public sealed class SegmentsTests : FaultTests
{
    [Theory]
    [MemberData(nameof(Both))]
    public async Task Rule_8_1_Every_stretch_has_both_its_positions_and_the_lowest_ones_are_what_is_measured(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, ["missing=300-360"]);
        await run.UntilAsync(() => run.Standing.Tip.Value == FaultRun.Size && run.Standing.Lanes is [{ Trouble: not null }, _]);

        IReadOnlyList<LogLane> lanes = await run.Rig.Store.LanesAsync(run.Followed.Log.Id, TestContext.Current.CancellationToken);
        Assert.Equal(2, lanes.Count);
        (LogLane behind, LogLane tip) = (lanes[0], lanes[1]);
        ulong gap = behind.Position.Read.Size.Value;
        Assert.InRange(gap, 256UL, 300UL);
        Assert.Equal((0UL, tip.Start, false), (behind.Start.Value, behind.Until!.Value, behind.IsTip));
        Assert.Equal((null, true), (tip.Until, tip.IsTip));
        Assert.All(lanes, lane => Assert.Equal(FrontierAt(lane.Position.Read.Size), lane.Position.Read));
        Assert.All(lanes, lane => Assert.Equal(FrontierAt(lane.Position.Proven.Size), lane.Position.Proven));

        // The tip stands at the head: that is not how far the log was read.
        Assert.Equal(FaultRun.Size, tip.Position.Read.Size.Value);
        Dictionary<string, double> measured = Measure(run.Rig.Meter);
        Assert.Equal(gap, measured["certherald_log_position"]);
        Assert.Equal(behind.Position.Proven.Size.Value, measured["certherald_log_verified_size"]);

        run.Log.Behave();
        await run.UntilAsync(() => run.Standing.Lanes.Count == 1, TimeSpan.FromMinutes(1));
        measured = Measure(run.Rig.Meter);
        Assert.Equal((FaultRun.Size, FaultRun.Size), (measured["certherald_log_position"], measured["certherald_log_verified_size"]));

        Frontier FrontierAt(TreeSize size)
        {
            var leaves = new MerkleHash[size.Value];
            for (ulong i = 0; i < size.Value; i++) leaves[i] = run.Log.LeafHashAt(new EntryIndex(i));
            return Frontier.Empty.Append(leaves);
        }
    }

    private static Dictionary<string, double> Measure(Meter meter)
    {
        var measured = new Dictionary<string, double>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter == meter) l.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => measured[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return measured;
    }
}
