using CertHerald.Fetching;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.Fetching;

/// <summary>What every protocol must do, over real HTTP, against a real log.</summary>
public abstract class LogSourceConformance
{
    private protected static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private protected abstract LogProtocol Protocol { get; }

    /// <summary>The first part of the paths that carry entries.</summary>
    private protected abstract string EntriesPath { get; }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(3_000)]
    public async Task Every_entry_arrives_once_in_order_and_the_last_batch_is_proven(int entries)
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, entries);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Frontier position = Frontier.Empty;
        while (position.Size < head.Size)
        {
            Batch batch = await reader.ReadAsync(position, head, Cancellation);
            using RawBatch raw = batch.Raw;
            Assert.True(batch is VerifiedBatch || (batch is UnprovenBatch && raw.End < head.Size), $"{batch} at {raw.Start}");
            for (int i = 0; i < raw.Count; i++)
                Assert.Equal(LyingLog.LeafInput((int)raw.Start.Value + i), raw[i].LeafInput.ToArray());
            position = batch.End;
            if (position.Size == head.Size) Assert.IsType<VerifiedBatch>(batch);
        }

        Assert.Equal((ulong)entries, head.Size.Value);
        Assert.Equal(head.Root, position.Root());
        Assert.Equal(0, log.Asking.Memory.Used);
    }

    [Fact]
    public async Task The_head_of_an_empty_log_is_read()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 0);
        using LogReader reader = log.Read();

        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Assert.Equal(0UL, head.Size.Value);
        Assert.Equal(Frontier.Empty, await reader.StartAtAsync(head.Size, head, Cancellation));
    }

    [Fact]
    public async Task Rule_3_3_Nothing_at_or_beyond_the_known_head_is_asked_for_when_the_log_has_grown()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 700);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        for (int i = 700; i < 2_000; i++) log.Log.AddEntry(LyingLog.LeafInput(i), [0, 0, 0]);
        log.Log.Publish();
        log.Forget();

        Frontier position = await ReadAsync(reader, Frontier.Empty, head);

        Assert.Equal(head.Root, position.Root());
        AssertNothingBeyond(700, log.Requests);
    }

    [Fact]
    public async Task Growth_is_read_from_where_reading_stopped()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 300);
        using LogReader reader = log.Read();
        Frontier position = await ReadAsync(reader, Frontier.Empty, await reader.GetHeadAsync(Cancellation));
        for (int i = 300; i < 310; i++) log.Log.AddEntry(LyingLog.LeafInput(i), [0, 0, 0]);
        log.Log.Publish();

        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        Batch batch = await reader.ReadAsync(position, head, Cancellation);

        Assert.IsType<VerifiedBatch>(batch);
        Assert.Equal(10, batch.Raw.Count);
        batch.Raw.Dispose();
    }

    [Fact]
    public async Task A_head_that_another_key_signed_is_refused_and_kept_as_evidence()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 10);
        await using LyingLog other = await LyingLog.StartAsync(Protocol, 10);
        LogDescription mixed = log.Description with { Key = other.Description.Key };
        using LogReader reader = log.Asking.Sources.Read(mixed, RequestPriority.Tip, isCustom: true);

        var refused = await Assert.ThrowsAsync<HeadRefusedException>(() => reader.GetHeadAsync(Cancellation));

        Assert.False(refused.Verbatim.IsEmpty);
        Assert.NotEqual(HeadFailure.None, refused.Failure);
    }

    [Fact]
    public async Task A_log_that_changes_an_entry_is_disputed_every_time()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 200);
        log.Lie = FlipAnEntry();
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        for (int i = 0; i < 2; i++)
        {
            Batch batch = await reader.ReadAsync(Frontier.Empty, head, Cancellation);
            // Of a tiled log it is the one entry that contradicts its hash.
            Assert.Equal(Protocol == LogProtocol.StaticCt ? 1 : 200, Assert.IsType<DisputedBatch>(batch).Raw.Count);
            batch.Raw.Dispose();
        }
    }

    [Theory]
    [InlineData(404, "text/html", "<html>not here</html>")]
    [InlineData(200, "text/html", "<html>try later</html>")]
    [InlineData(200, "application/json", "")]
    [InlineData(200, "application/json", "{")]
    [InlineData(200, "application/octet-stream", "\0\0\0")]
    public async Task Rule_3_4_Answers_of_no_use_fail_their_request_and_the_next_one_goes_through(int status, string type, string body)
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 20);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        bool isLying = true;
        log.Lie = async (path, context, _) =>
        {
            if (!isLying) return false;
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            await context.Response.WriteAsync(body, CancellationToken.None);
            return true;
        };

        await Assert.ThrowsAnyAsync<LogUnavailableException>(() => reader.ReadAsync(Frontier.Empty, head, Cancellation));
        await Assert.ThrowsAnyAsync<LogUnavailableException>(() => reader.GetHeadAsync(Cancellation));

        isLying = false;
        Assert.Equal(head.Root, (await ReadAsync(reader, Frontier.Empty, head)).Root());
        Assert.Equal(0, log.Asking.Memory.Used);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(700)]
    public async Task The_frontier_at_any_size_is_that_of_its_entries(int entries)
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, entries);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        foreach (int size in new[] { 0, 1, 2, 3, 64, 100, 254, 255, 256, 257, 511, 512, 699, 700 }.Where(size => size <= entries))
            Assert.Equal(log.FrontierAt((ulong)size), await reader.StartAtAsync(new TreeSize((ulong)size), head, Cancellation));
    }

    [Fact]
    public async Task Reading_goes_on_from_a_start_in_the_middle_to_a_proven_end()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 1_000);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Frontier start = await reader.StartAtAsync(new TreeSize(301), head, Cancellation);
        Frontier end = await ReadAsync(reader, start, head);

        Assert.Equal(head.Root, end.Root());
    }

    [Fact]
    public async Task Rule_8_4_a_head_that_did_not_change_is_answered_from_memory_and_does_not_become_younger()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 5);
        using LogReader reader = log.Read();
        string? asked = null;
        log.Lie = async (_, context, body) =>
        {
            asked = context.Request.Headers.IfNoneMatch;
            context.Response.Headers.ETag = "\"1\"";
            context.Response.Headers.CacheControl = "max-age=7";
            context.Response.StatusCode = asked is null ? 200 : 304;
            if (asked is null) await context.Response.Body.WriteAsync(body);
            return true;
        };
        VerifiedHead first = await reader.GetHeadAsync(Cancellation);
        Assert.Null(asked);

        VerifiedHead second = await reader.GetHeadAsync(Cancellation);

        Assert.Equal("\"1\"", asked);
        Assert.Same(first.Signed, second.Signed);
        Assert.Equal(first.Timestamp, second.Timestamp);
        Assert.Equal(TimeSpan.FromSeconds(7), reader.HeadFreshFor);
    }

    /// <summary>A cache or a wire that damages one answer under its right tag: the tag is good for the next.</summary>
    [Fact]
    public async Task A_head_that_was_damaged_on_its_way_is_asked_for_anew()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 5);
        using LogReader reader = log.Read();
        bool isDamaged = true;
        log.Lie = async (_, context, body) =>
        {
            context.Response.Headers.ETag = "\"1\"";
            context.Response.StatusCode = (string?)context.Request.Headers.IfNoneMatch == "\"1\"" ? 304 : 200;
            if (context.Response.StatusCode == 304) return true;
            if (isDamaged) body[body.AsSpan().IndexOf((byte)'5')] = (byte)'6';
            isDamaged = false;
            await context.Response.Body.WriteAsync(body);
            return true;
        };
        await Assert.ThrowsAsync<HeadRefusedException>(() => reader.GetHeadAsync(Cancellation));

        Assert.Equal(5UL, (await reader.GetHeadAsync(Cancellation)).Size.Value);
    }

    [Fact]
    public async Task A_stretch_below_the_head_is_asked_for_once_however_the_log_grows_meanwhile()
    {
        const ulong Until = 4_000;
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 5_000);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Forget();

        Frontier position = Frontier.Empty;
        for (int grown = 5_000; position.Size.Value < Until; grown++)
        {
            Batch batch = await reader.ReadAsync(position, head, new TreeSize(Until), Cancellation);
            Assert.IsNotType<DisputedBatch>(batch);
            position = batch.End;
            batch.Raw.Dispose();
            log.Log.AddEntry(LyingLog.LeafInput(grown), [0, 0, 0]);
            log.Log.Publish();
            head = await reader.GetHeadAsync(Cancellation);
        }

        Assert.Equal(log.FrontierAt(Until), position);
        string[] asked = [.. log.Requests.Where(request => request.Contains(EntriesPath, StringComparison.Ordinal))];
        Assert.Equal(asked.Distinct(), asked);
    }

    /// <summary>The log lies with its first head: what it gives makes the later one.</summary>
    [Fact]
    public async Task What_contradicts_the_head_that_it_was_fetched_under_is_compared_with_the_newest()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 2_000);
        using LogReader reader = log.Read();
        for (int i = 2_000; i < 3_000; i++) log.Log.AddEntry(LyingLog.LeafInput(i), [0, 0, 0]);
        log.Log.Publish();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        VerifiedHead lie = log.SignHead(2_000, log.Log.LeafHashAt(new EntryIndex(0)));
        Batch batch = await reader.ReadAsync(Frontier.Empty, lie, lie.Size, Cancellation);
        Frontier position = batch.End;
        batch.Raw.Dispose();

        while (position.Size < lie.Size)
        {
            batch = await reader.ReadAsync(position, head, lie.Size, Cancellation);
            Assert.IsNotType<DisputedBatch>(batch);
            position = batch.End;
            batch.Raw.Dispose();
        }

        Assert.Equal(log.FrontierAt(2_000), position);
    }

    private protected static async Task<Frontier> ReadAsync(LogReader reader, Frontier position, VerifiedHead head)
    {
        while (position.Size < head.Size)
        {
            Batch batch = await reader.ReadAsync(position, head, Cancellation);
            position = batch.End;
            batch.Raw.Dispose();
        }

        return position;
    }

    private protected abstract void AssertNothingBeyond(ulong head, IEnumerable<string> requests);

    /// <summary>Changes one byte within the certificate of an entry, each time or only the first.</summary>
    private protected Func<string, HttpContext, byte[], Task<bool>> FlipAnEntry(bool once = false)
    {
        int left = once ? 1 : int.MaxValue;
        return async (path, context, body) =>
        {
            if (!path.Contains(EntriesPath, StringComparison.Ordinal) || Interlocked.Decrement(ref left) < 0) return false;
            Flip(body);
            await context.Response.Body.WriteAsync(body);
            return true;
        };
    }

    private protected abstract void Flip(byte[] body);
}
