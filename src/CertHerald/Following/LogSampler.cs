namespace CertHerald.Following;

/// <summary>Notes how each followed log stands, every 10 seconds. What another node reads, that node notes.</summary>
internal sealed class LogSampler(Func<IReadOnlyList<FollowedLog>> logs, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(LogHistory.Fine, time);
        while (await timer.WaitForNextTickAsync(stopping))
            foreach (FollowedLog log in logs().Where(log => !log.IsElsewhere)) log.Sample(time.GetUtcNow());
    }
}
