using CertHerald.Following;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Following;

public sealed class BellTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ring_while_nobody_waits_is_kept_and_many_are_one()
    {
        var time = new ManualTime();
        var bell = new Bell(time);
        bell.Ring();
        bell.Ring();

        Assert.True(await bell.WaitAsync(TimeSpan.FromSeconds(1), Cancellation));
        Task<bool> second = bell.WaitAsync(TimeSpan.FromSeconds(1), Cancellation);
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await second);
    }

    [Fact]
    public async Task A_ring_wakes_who_waits()
    {
        var bell = new Bell(new ManualTime());
        Task<bool> waiting = bell.WaitAsync(TimeSpan.FromDays(1), Cancellation);
        Assert.False(waiting.IsCompleted);
        bell.Ring();
        Assert.True(await waiting);
    }

    [Fact]
    public async Task Cancellation_ends_the_wait()
    {
        using var cancelled = new CancellationTokenSource();
        Task<bool> waiting = new Bell(new ManualTime()).WaitAsync(Timeout.InfiniteTimeSpan, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
