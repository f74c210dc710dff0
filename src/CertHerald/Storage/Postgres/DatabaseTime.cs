namespace CertHerald.Storage.Postgres;

/// <summary>
/// The database's clock, carried on by this machine's counter between two looks at it: nodes whose own clocks differ, or are set,
/// agree on what is due and whose lease has ended. Before the first look, this machine's clock.
/// </summary>
internal sealed class DatabaseTime : TimeProvider
{
    private volatile Look? _last;

    public override DateTimeOffset GetUtcNow() => _last is { } last ? last.At + GetElapsedTime(last.Timestamp) : base.GetUtcNow();

    /// <summary>Takes over what the database's clock showed.</summary>
    /// <param name="asked">Timestamp of the question; the answer is taken to be true for the middle of the wait.</param>
    public void Set(DateTimeOffset at, long asked) => _last = new Look(at + GetElapsedTime(asked) / 2, GetTimestamp());

    private sealed record Look(DateTimeOffset At, long Timestamp);
}
