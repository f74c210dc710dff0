using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using LogKey = CertHerald.Transparency.Logs.LogKey;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>Real and hostile entries through both protocols: K11, K12.</summary>
public sealed class EveryEntryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task K11_one_corpus_in_both_protocols_gives_equal_roots_matches_and_hashes()
    {
        await using var log = new Log();
        if (SharedData.IsHere) log.AddCorpus(Corpus.Read(SharedData.PathOf("get-entries", "navigli2025h2-0-1023.entries.jsonl.gz")));
        log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(log.Size.Value), 500));
        log.Publish();

        (Frontier plain, string[] plainFound) = await ReadAsync(log, LogProtocol.Rfc6962, ".");
        (Frontier tiled, string[] tiledFound) = await ReadAsync(log, LogProtocol.StaticCt, ".");

        Assert.Equal(log.Head.Root, plain.Root());
        Assert.Equal(plain, tiled);
        Assert.InRange(plainFound.Length, 500, int.MaxValue);
        Assert.Equal(plainFound, tiledFound);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task K12_no_certificate_and_no_blob_stops_a_log_or_is_skipped(LogProtocol protocol)
    {
        await using var log = new Log();
        log.AddCorpus(Transparency.Certificates.Corpus.ReadAll().Select(one => one.Der).Concat(Transparency.Certificates.Corpus.FuzzInputs()).Where(der => der.Length > 0).Select(der => CorpusEntry.OfChain(der)));
        log.Publish();
        Assert.InRange(log.Size.Value, 12_000UL, 100_000UL);
        await using LogServer server = await LogServer.StartAsync(log, cancellation: Cancellation);
        await using var rig = new FollowingRig(".example.com");

        FollowedLog followed = await rig.FollowToAsync(Describe(log, server, protocol), log.Size.Value);

        Assert.Equal((long)log.Size.Value, followed.Entries);
        LogLane lane = Assert.Single(await rig.Store.LanesAsync(followed.Log.Id, Cancellation));
        Assert.Equal((0UL, log.Head.Root, log.Head.Root), (lane.Start.Value, lane.Position.Read.Root(), lane.Position.Proven.Root()));
        Assert.All(await rig.Store.IncidentsAsync(100, Cancellation), incident => Assert.Contains(incident.Kind, (string[])[IncidentKinds.UnparsableEntry, IncidentKinds.LeafIndex]));
        Assert.InRange(followed.Malformed, 500, (long)log.Size.Value / 2);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task F26_a_tree_is_read_on_where_it_fills_two_levels_of_tiles(LogProtocol protocol)
    {
        await using var log = new Log();
        using var ca = new TestCa();
        byte[] certificate = ca.Issue("www.example.org").Der;
        byte[] leaf = [0, 0, 0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0, 0, 0, 0, (byte)(certificate.Length >> 8), (byte)certificate.Length, .. certificate, 0, 0];
        for (int i = 0; i < 65_535; i++) log.AddEntry(leaf, [0, 0, 0]);
        log.Publish();
        await using LogServer server = await LogServer.StartAsync(log, cancellation: Cancellation);
        await using var rig = new FollowingRig(".example.com") { Behind = 100_000 };

        FollowedLog followed = rig.Follow(Describe(log, server, protocol), LogStart.Beginning);
        for (ulong size = 65_535; size <= 65_537; size++)
        {
            if (size > 65_535)
            {
                log.AddEntry(leaf, [0, 0, 0]);
                log.Publish();
            }
            await rig.ReachAsync(followed, size);
            LogPosition position = await rig.PositionAsync(followed.Log);
            Assert.Equal((size, log.Head.Root, log.Head.Root), (position.Read.Size.Value, position.Read.Root(), position.Proven.Root()));
        }
        Assert.Equal(65_537, followed.Entries);
    }

    /// <summary>Reads all of it, and tells of each match: its index, leaf, certificate, TBS and names.</summary>
    private static async Task<(Frontier, string[])> ReadAsync(Log log, LogProtocol protocol, string watching)
    {
        await using LogServer server = await LogServer.StartAsync(log, cancellation: Cancellation);
        await using var rig = new FollowingRig(watching);
        FollowedLog followed = await rig.FollowToAsync(Describe(log, server, protocol), log.Size.Value);
        Assert.Equal((long)log.Size.Value, followed.Entries);
        LogPosition position = await rig.PositionAsync(followed.Log);
        Assert.Equal(position.Read, position.Proven);

        List<string> found = [];
        foreach (Issuance issuance in await rig.Store.IssuancesAsync(null, 10_000, Cancellation))
            foreach (Sighting sighting in await rig.Store.SightingsAsync(issuance.Id, Cancellation))
                found.Add($"{sighting.Index} {sighting.LeafHash} {issuance.Certificate.TbsSha256} {issuance.Certificate.PubkeySha256} {issuance.Certificate.IsPrecertificate} {string.Join(' ', issuance.Certificate.DnsNames)}");
        return (position.Read, [.. found.Order(StringComparer.Ordinal)]);
    }

    private static LogDescription Describe(Log log, LogServer server, LogProtocol protocol)
    {
        ReadOnlyMemory<byte> spki = (protocol == LogProtocol.Rfc6962 ? log.Rfc6962Key : log.StaticCtKey).Spki;
        Assert.True(LogKey.TryCreate(spki.Span, out LogKey? key, out string? problem), problem);
        return protocol == LogProtocol.Rfc6962
            ? LogDescription.Custom(key, protocol, server.Url.AbsoluteUri, description: "a log")
            : LogDescription.Custom(key, protocol, server.MonitoringUrl.AbsoluteUri, server.SubmissionUrl.AbsoluteUri, "a log");
    }
}
