using CertHerald.Fetching;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Fetching;

public sealed class HashTilesTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tile_that_several_wait_for_comes_though_the_one_who_asked_first_gives_up()
    {
        int requests = 0;
        await using ScriptedServer server = await ScriptedServer.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref requests) == 1) await Task.Delay(Timeout.Infinite, context.RequestAborted);
            await context.Response.Body.WriteAsync(new byte[256 * 32]);
        });
        using var asking = new Asking();
        var tiles = new HashTiles(asking.Http(server.Url), RequestPriority.Tip);
        using var stop = new CancellationTokenSource();
        Task<MerkleHash[]> first = tiles.SubtreesAsync(new TreeSize(0), new TreeSize(1), new TreeSize(300), stop.Token);
        Task<MerkleHash[]> second = tiles.SubtreesAsync(new TreeSize(1), new TreeSize(2), new TreeSize(300), Cancellation);
        await Eventually.HappensAsync(() => Volatile.Read(ref requests) == 1);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal([default], await second);
        Assert.Equal(2, requests);
    }

    [Fact]
    public async Task Whoever_gives_up_waits_no_longer_for_a_tile_that_another_asked_for()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var asking = new Asking();
        var tiles = new HashTiles(asking.Http(server.Url), RequestPriority.Tip);
        using var others = new CancellationTokenSource();
        using var stop = new CancellationTokenSource();
        Task<MerkleHash[]> first = tiles.SubtreesAsync(new TreeSize(0), new TreeSize(1), new TreeSize(300), others.Token);
        Task<MerkleHash[]> second = tiles.SubtreesAsync(new TreeSize(1), new TreeSize(2), new TreeSize(300), stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(TimeSpan.FromMinutes(1), Cancellation));
        Assert.False(first.IsCompleted);
        await others.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }
}
