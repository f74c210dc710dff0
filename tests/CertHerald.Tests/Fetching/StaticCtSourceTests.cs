using System.Globalization;
using System.Security.Cryptography;
using CertHerald.Fetching;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.Fetching;

public sealed class StaticCtSourceTests : LogSourceConformance
{
    private protected override LogProtocol Protocol => LogProtocol.StaticCt;

    private protected override string EntriesPath => "tile/data/";

    // Only widths that the known head implies are asked for.
    private protected override void AssertNothingBeyond(ulong head, IEnumerable<string> requests) => Assert.All(
        requests.Where(request => request.StartsWith(EntriesPath, StringComparison.Ordinal)),
        request =>
        {
            string[] parts = request[EntriesPath.Length..].Split(".p/");
            ulong tile = ulong.Parse(parts[0], CultureInfo.InvariantCulture);
            ulong width = parts.Length == 1 ? 256 : ulong.Parse(parts[1], CultureInfo.InvariantCulture);
            Assert.Equal(Math.Min(head, (tile + 1) * 256), tile * 256 + width);
        });

    // Within the first certificate: behind timestamp, type and length.
    private protected override void Flip(byte[] body) => body[13] ^= 1;

    [Fact]
    public async Task Rule_9_1_Every_batch_is_proven_far_from_the_head_too()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 66_000);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Frontier position = Frontier.Empty;
        while (position.Size < head.Size)
        {
            Batch batch = await reader.ReadAsync(position, head, Cancellation);
            Assert.IsType<VerifiedBatch>(batch);
            position = batch.End;
            batch.Raw.Dispose();
        }

        Assert.Equal(head.Root, position.Root());
        // Full tiles once each; of hash tiles, those that stand right of a batch.
        Assert.Equal(258, log.Requests.Count(request => request.StartsWith("tile/data/", StringComparison.Ordinal)));
        Assert.Equal(
            ["tile/0/257.p/208", "tile/1/000", "tile/1/001.p/1"],
            log.Requests.Where(request => request.StartsWith("tile/", StringComparison.Ordinal) && !request.StartsWith("tile/data/", StringComparison.Ordinal))
                .Distinct().Order());
    }

    [Fact]
    public async Task A_tile_damaged_once_is_fetched_again_and_then_proven()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 200);
        log.Lie = FlipAnEntry(once: true);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Batch batch = await reader.ReadAsync(Frontier.Empty, head, Cancellation);

        Assert.IsType<VerifiedBatch>(batch);
        Assert.Equal(2, log.Requests.Count(request => request == "tile/data/000.p/200"));
        batch.Raw.Dispose();
        Assert.Equal(0, log.Asking.Memory.Used);
    }

    [Fact]
    public async Task Rule_5_7_A_hash_tile_damaged_once_is_fetched_again_and_then_proven()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 2_000);
        int left = 1;
        log.Lie = async (path, context, body) =>
        {
            if (!path.Contains("tile/1/", StringComparison.Ordinal) || Interlocked.Decrement(ref left) < 0) return false;
            body[200] ^= 1;
            await context.Response.Body.WriteAsync(body);
            return true;
        };
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Batch batch = await reader.ReadAsync(Frontier.Empty, head, Cancellation);

        Assert.IsType<VerifiedBatch>(batch);
        Assert.Equal(2, log.Requests.Count(request => request == "tile/1/000.p/7"));
        batch.Raw.Dispose();
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task Rule_5_8_where_partial_tiles_are_gone_the_start_of_the_full_one_is_taken(int status)
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 1_300);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        for (int i = 1_300; i < 2_000; i++) log.Log.AddEntry(LyingLog.LeafInput(i), [0, 0, 0]);
        log.Log.Publish();
        log.Lie = (path, context, _) =>
        {
            context.Response.StatusCode = status;
            return Task.FromResult(path.EndsWith(".p/20", StringComparison.Ordinal));
        };

        Frontier start = await reader.StartAtAsync(new TreeSize(1_290), head, Cancellation);
        Frontier end = await ReadAsync(reader, start, head);

        Assert.Equal(log.FrontierAt(1_290), start);
        Assert.Equal(head.Root, end.Root());
        Assert.Contains("tile/data/005", log.Requests);
        Assert.Contains("tile/0/005", log.Requests);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8_191)]
    [InlineData(8_193)]
    [InlineData(1 << 20)]
    public async Task Rule_5_3_A_hash_tile_of_another_length_is_an_error(int length)
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 300);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Lie = async (path, context, _) =>
        {
            if (!path.EndsWith("tile/0/000", StringComparison.Ordinal)) return false;
            await context.Response.Body.WriteAsync(new byte[length]);
            return true;
        };

        await Assert.ThrowsAsync<LogUnavailableException>(() => reader.StartAtAsync(new TreeSize(100), head, Cancellation));
    }

    [Fact]
    public async Task Rule_5_7_Tiles_that_do_not_make_the_root_give_no_start()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 300);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Lie = async (path, context, body) =>
        {
            if (!path.Contains("tile/0/", StringComparison.Ordinal)) return false;
            body[40] ^= 1;
            await context.Response.Body.WriteAsync(body);
            return true;
        };

        var e = await Assert.ThrowsAsync<LogUnavailableException>(() => reader.StartAtAsync(new TreeSize(100), head, Cancellation));

        Assert.Contains("signed root", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_leaf_that_cannot_be_read_holds_back_none_before_it()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 50);
        log.Lie = async (path, context, body) =>
        {
            if (!path.Contains("tile/data/", StringComparison.Ordinal)) return false;
            // The type of entry 10: entry n takes 25 + 20 + n bytes and two for its empty list of issuers.
            body[Enumerable.Range(0, 10).Sum(n => 45 + n) + 8] = 9;
            await context.Response.Body.WriteAsync(body);
            return true;
        };
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Batch batch = await reader.ReadAsync(Frontier.Empty, head, Cancellation);

        Assert.Equal(10, Assert.IsType<VerifiedBatch>(batch).Raw.Count);
        var unreadable = await Assert.ThrowsAsync<UnreadableEntriesException>(() => reader.ReadAsync(batch.End, head, Cancellation));
        Assert.Equal((10UL, 50UL), (unreadable.First.Value, unreadable.End.Value));
        batch.Raw.Dispose();
    }

    [Fact]
    public async Task Rule_2_1_behind_a_tile_that_cannot_be_read_to_its_end_reading_goes_on()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 700);
        log.Lie = async (path, context, body) =>
        {
            if (!path.EndsWith("tile/data/001", StringComparison.Ordinal)) return false;
            body[8] = 9;
            await context.Response.Body.WriteAsync(body);
            return true;
        };
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        Batch first = await reader.ReadAsync(Frontier.Empty, head, Cancellation);
        Assert.Equal(256UL, Assert.IsType<VerifiedBatch>(first).End.Size.Value);
        first.Raw.Dispose();

        var unreadable = await Assert.ThrowsAsync<UnreadableEntriesException>(() => reader.ReadAsync(first.End, head, Cancellation));
        Frontier behind = await reader.StartAtAsync(unreadable.End, head, Cancellation);

        Assert.Equal((256UL, 512UL), (unreadable.First.Value, unreadable.End.Value));
        Assert.Equal(head.Root, (await ReadAsync(reader, behind, head)).Root());
    }

    [Fact]
    public async Task Rule_5_10_Issuers_are_checked_by_their_hash_and_asked_for_once()
    {
        byte[] issuer = [1, 2, 3];
        var fingerprint = new MerkleHash(SHA256.HashData(issuer));
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 1);
        byte[] served = [9];
        int status = 200;
        log.Lie = async (path, context, _) =>
        {
            context.Response.StatusCode = status;
            if (status == 200) await context.Response.Body.WriteAsync(served);
            return true;
        };
        using LogReader reader = log.Read();

        await Assert.ThrowsAsync<LogUnavailableException>(() => reader.GetIssuerAsync(fingerprint, Cancellation));
        status = 404;
        Assert.Null(await reader.GetIssuerAsync(fingerprint, Cancellation));
        (served, status) = (issuer, 200);
        Assert.Equal(issuer, await reader.GetIssuerAsync(fingerprint, Cancellation));
        Assert.Equal(issuer, await reader.GetIssuerAsync(fingerprint, Cancellation));

        Assert.Equal(Enumerable.Repeat($"issuer/{fingerprint.ToHex()}", 3), log.Requests);
    }

    [Fact]
    public async Task Rule_5_10_an_issuer_that_one_lane_asked_for_is_there_for_all()
    {
        byte[] issuer = [1, 2, 3];
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 1);
        log.Lie = async (_, context, _) =>
        {
            await context.Response.Body.WriteAsync(issuer);
            return true;
        };
        using LogReader tip = log.Read(), behind = log.Read();
        var fingerprint = new MerkleHash(SHA256.HashData(issuer));

        Assert.Equal(issuer, await tip.GetIssuerAsync(fingerprint, Cancellation));
        Assert.Equal(issuer, await behind.GetIssuerAsync(fingerprint, Cancellation));

        Assert.Single(log.Requests);
    }
}
