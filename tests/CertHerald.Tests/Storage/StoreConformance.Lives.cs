using CertHerald.Storage;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of logs that lists named.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task What_became_of_a_log_is_there_after_a_restart_with_all_it_takes_to_read_it()
    {
        LogDescription tiled = LogDescription.Custom(
            new SigningKey().Public, LogProtocol.StaticCt, "https://tiles.ct.dev/2026/", "https://Sub.ct.dev/2026", "A log", "O", TimeSpan.FromMinutes(1)) with
        {
            State = LogState.Readonly,
            FinalTreeHead = new FinalTreeHead(new TreeSize(7), MerkleHash.OfEmptyTree),
        };
        LogDescription plain = LogDescription.Custom(new SigningKey().Public, LogProtocol.Rfc6962, "https://log.ct.dev/");
        LogLife[] lives =
        [
            new(plain, [], LogStage.Following),
            new(tiled, ["https://a.dev/list.json", "b.json"], LogStage.Finished, Time.GetUtcNow(), HasRest: true),
        ];
        await Store.KeepLivesAsync(lives, Cancellation);

        await ReopenAsync();
        IReadOnlyList<LogLife> kept = await Store.LivesAsync(Cancellation);

        Assert.Equal(2, kept.Count);
        Assert.All(lives, life => Assert.Single(kept, life.IsSameAs));
        Assert.Equal("Sub.ct.dev/2026", kept.Single(life => life.Log.Id == tiled.Id).Log.Origin);
    }

    [Fact]
    public async Task What_becomes_of_a_log_replaces_what_was()
    {
        LogDescription log = LogDescription.Custom(new SigningKey().Public, LogProtocol.Rfc6962, "https://log.ct.dev/");
        await Store.KeepLivesAsync([new LogLife(log, ["a"], LogStage.Finished, Time.GetUtcNow(), HasRest: true)], Cancellation);
        var moved = new LogLife(log with { Url = new Uri("https://elsewhere.ct.dev/") }, ["b"], LogStage.Delisted);

        await Store.KeepLivesAsync([moved], Cancellation);

        Assert.True(Assert.Single(await Store.LivesAsync(Cancellation)).IsSameAs(moved));
        Assert.Empty(await Store.LogsAsync(Cancellation));
    }
}
