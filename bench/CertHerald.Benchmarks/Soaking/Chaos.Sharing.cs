namespace CertHerald.Benchmarks.Soaking;

/// <summary>What can happen where two nodes share a PostgreSQL database.</summary>
internal sealed partial class Chaos
{
    private static readonly Strike[] OfNodes = [Strike.KillAllNodes, Strike.StandStillWithABatch, Strike.StandStillWithADelivery, Strike.DatabaseStop, Strike.DatabaseCrash];

    /// <summary>Nodes look at the database's clock every ten seconds.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(11);

    /// <summary>As long as a node reads a log, and longer than it claims a delivery.</summary>
    private static readonly TimeSpan BeyondEveryLease = TimeSpan.FromMinutes(2);

    /// <summary>Longer than the lease of a log; and not so long that a node that lives could lose what it claimed, and renews every 15 s.</summary>
    private static readonly TimeSpan BeyondALogsLease = TimeSpan.FromSeconds(35);

    /// <summary>So soon a node that goes on has seen what time it is, and done what it was about to do.</summary>
    private static readonly TimeSpan Awakening = TimeSpan.FromSeconds(3);

    // What the database's clock is ahead of the logs'.
    private TimeSpan _ahead;

    private bool CanLeap => _database is not null || _time.IsThere;

    private TimeSpan Step => _database is null ? StepAlone : LongestLook;

    /// <summary>
    /// The world goes forward. Nodes see their database's clock by and by; the logs go with the leap before, lest a log be ahead
    /// of a node that has not looked.
    /// </summary>
    private async Task LeapAsync(TimeSpan time, CancellationToken interrupted)
    {
        if (_database is null)
        {
            _time.Forward(time);
            return;
        }
        _time.Forward(_ahead);
        _ahead = time;
        await _database.ForwardAsync(time, interrupted);
    }

    /// <summary>What a dead node read can soon be taken by another.</summary>
    private Task LetLogsGoAsync(CancellationToken interrupted) => _database is null ? Task.CompletedTask : LeapAsync(BeyondALogsLease, interrupted);

    private async Task DieTogetherAsync(CancellationToken interrupted)
    {
        await Task.Delay(Seconds(0.1, 4), interrupted);
        foreach (ChaosNode node in _nodes) node.Kill();
        foreach (ChaosNode node in _nodes)
        {
            await node.Program.Ended.WaitAsync(LongestStart, interrupted);
            await StartAgainAsync(node, cutsPower: false, interrupted);
        }
    }

    /// <summary>
    /// Stands still at that moment until its leases have run out and the other node has what was its, then goes on as if nothing
    /// had been: with what it read, or with an answer that it has yet to get or to record. The database's clock goes forward meanwhile; the
    /// node that is awake renews its claims when it sees that.
    /// </summary>
    private async Task StandStillAsync(ChaosNode otherwise, Place moment, CancellationToken interrupted)
    {
        ChaosNode still = await StrikeAtAsync([moment], otherwise, static one => one.StandStill());
        await LeapAsync(BeyondEveryLease, interrupted);
        // The other one looks at the clock; then, within five seconds, after the logs.
        await Task.Delay(LongestLook + Seconds(5, 7), interrupted);
        still.GoOn();
        await Task.Delay(Awakening, interrupted);
    }

    /// <summary>The database goes away, and comes back. A node that starts meanwhile may end, clearly; who runs waits.</summary>
    private async Task LoseDatabaseAsync(ChaosNode node, bool crashes, CancellationToken interrupted)
    {
        // Of the strike before, perhaps.
        HashSet<ChaosNode> starting = [.. _nodes.Where(one => !one.Program.Up.IsCompleted)];
        await _database!.StopAsync(crashes);
        if (_random.Next(2) == 0)
        {
            node.Kill();
            await node.Program.Ended.WaitAsync(LongestStart, interrupted);
            node.Begin();
            starting.Add(node);
        }
        await Task.Delay(crashes ? Seconds(0, 3) : Seconds(2, 8), interrupted);
        await _database.ListenAsync(interrupted);
        foreach (ChaosNode one in starting)
        {
            // As a service manager would.
            await Task.WhenAny(one.Program.Ended, one.Program.Up).WaitAsync(LongestStart, interrupted);
            if (!one.Program.HasEnded) continue;
            EndedForWant(one, "its database");
            one.Begin();
        }
        if (starting.Count > 0) await LetLogsGoAsync(interrupted);
    }
}
