using System.Globalization;
using System.Text.RegularExpressions;
using CertHerald.Fetching;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.Fetching;

public sealed partial class Rfc6962SourceTests : LogSourceConformance
{
    private protected override LogProtocol Protocol => LogProtocol.Rfc6962;

    private protected override string EntriesPath => "get-entries";

    private protected override void AssertNothingBeyond(ulong head, IEnumerable<string> requests) =>
        Assert.All(Ranges(requests), range => Assert.True(range.End < head, $"{range}"));

    // Character 24 of a row's base64 lies in its certificate: 'A' to 'B' there changes one bit of it.
    private protected override void Flip(byte[] body)
    {
        int at = body.AsSpan().IndexOf("\"leaf_input\":\""u8) + "\"leaf_input\":\""u8.Length + 24;
        body[at] = body[at] == (byte)'A' ? (byte)'B' : (byte)'A';
    }

    [Fact]
    public async Task Ranges_are_whole_pages_but_for_the_first_and_the_last()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 1_100);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        Frontier start = await reader.StartAtAsync(new TreeSize(300), head, Cancellation);
        log.Forget();

        await ReadAsync(reader, start, head);

        Assert.Equal<(ulong, ulong)>([(300, 511), (512, 767), (768, 1023), (1024, 1099)], [.. Ranges(log.Requests).Order()]);
    }

    [Fact]
    public async Task A_log_of_short_answers_is_asked_for_no_more_than_it_gives()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 2_000, maxEntriesPerAnswer: 32);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Forget();

        Frontier end = await ReadAsync(reader, Frontier.Empty, head);

        Assert.Equal(head.Root, end.Root());
        (ulong Start, ulong End)[] ranges = [.. Ranges(log.Requests)];
        // The first 16 went out before the first answer; later only the probe asks for twice as much.
        Assert.InRange(ranges.Skip(FetchMemory.MostAnswers).Count(range => range.End - range.Start >= 32), 0, 1);
        Assert.InRange(ranges.Length, 2_000 / 32, 2_000 / 32 + 2 * FetchMemory.MostAnswers);
    }

    [Fact]
    public async Task Rule_8_10_a_log_that_stalls_one_request_and_answers_the_others_hugely_fills_no_more_than_its_share()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 16 * 256);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        var release = new TaskCompletionSource();
        long most = 0;
        int ended = 0;
        byte[] chunk = new byte[1 << 20];
        Array.Fill(chunk, (byte)' ');
        log.Lie = async (path, context, _) =>
        {
            if (release.Task.IsCompleted) return false;
            if (path.Contains("start=0&", StringComparison.Ordinal))
            {
                await release.Task.WaitAsync(Cancellation);
                return false;
            }

            for (int i = 0; i < 40 && !context.RequestAborted.IsCancellationRequested; i++)
            {
                InterlockedMax(ref most, log.Asking.Memory.Used);
                await context.Response.Body.WriteAsync(chunk, CancellationToken.None);
            }

            if (Interlocked.Increment(ref ended) == 8) release.SetResult();
            return true;
        };

        Frontier end = await ReadAsync(reader, Frontier.Empty, head);

        Assert.Equal(head.Root, end.Root());
        Assert.InRange(most, 4 << 20, FetchMemory.MostOfLog);
        Assert.Equal(0, log.Asking.Memory.Used);
    }

    [Fact]
    public async Task Rule_8_9_a_log_that_refuses_now_and_then_is_read_without_a_failure()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 3_000);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        int requests = 0;
        log.Lie = (_, context, _) =>
        {
            bool isRefused = Interlocked.Increment(ref requests) % 6 == 5;
            if (isRefused) context.Response.StatusCode = 429;
            if (isRefused) context.Response.Headers.RetryAfter = "0";
            return Task.FromResult(isRefused);
        };

        Frontier end = await ReadAsync(reader, Frontier.Empty, head);

        Assert.Equal(head.Root, end.Root());
        Assert.True(requests > 12, $"{requests} requests");
    }

    [Fact]
    public async Task Batches_between_heads_are_unproven_and_the_one_at_the_head_proves_them_all()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 600);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Batch first = await reader.ReadAsync(Frontier.Empty, head, Cancellation);
        Batch second = await reader.ReadAsync(first.End, head, Cancellation);
        Batch third = await reader.ReadAsync(second.End, head, Cancellation);

        Assert.IsType<UnprovenBatch>(first);
        Assert.IsType<UnprovenBatch>(second);
        Assert.IsType<VerifiedBatch>(third);
        foreach (Batch batch in new[] { first, second, third }) batch.Raw.Dispose();
    }

    [Theory]
    [InlineData("get-sth-consistency")]
    [InlineData("get-entry-and-proof")]
    [InlineData("get-sth-consistency", "get-entry-and-proof")]
    [InlineData("get-sth-consistency", "get-entry-and-proof", "get-proof-by-hash")]
    public async Task F24_a_start_is_found_without_calls_that_the_log_lacks(params string[] lacking)
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 20);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Lie = async (path, context, _) =>
        {
            if (!lacking.Any(call => path.Contains(call, StringComparison.Ordinal))) return false;
            context.Response.StatusCode = 404;
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<html>404</html>");
            return true;
        };

        foreach (ulong size in new ulong[] { 1, 2, 5, 8, 19, 20 })
            Assert.Equal(log.FrontierAt(size), await reader.StartAtAsync(new TreeSize(size), head, Cancellation));
    }

    /// <summary>Sources b to e of rule 4.5, each as the only one, over HTTP. Source a is the empty log.</summary>
    [Fact]
    public async Task K14_Rule_4_5_every_source_of_a_frontier_gives_the_same_one()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 600);
        await using LyingLog tiled = await LyingLog.StartAsync(LogProtocol.StaticCt, 600);
        string[] calls = ["get-sth-consistency", "get-entry-and-proof", "get-proof-by-hash"];
        string only = "";
        log.Lie = (path, context, _) =>
        {
            bool isRefused = !path.Contains(only, StringComparison.Ordinal) && calls.Any(call => path.Contains(call, StringComparison.Ordinal));
            if (isRefused) context.Response.StatusCode = 404;
            return Task.FromResult(isRefused);
        };
        using LogReader reader = log.Read(), tiles = tiled.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation), tiledHead = await tiles.GetHeadAsync(Cancellation);
        var random = new Random(14);

        foreach (ulong size in Enumerable.Range(0, 12).Select(_ => (ulong)random.Next(1, 600)).Append(256UL).Append(599UL))
        {
            Frontier expected = log.FrontierAt(size);
            foreach (string call in calls)
            {
                only = call;
                Assert.Equal(expected, await reader.StartAtAsync(new TreeSize(size), head, Cancellation));
            }

            Assert.Equal(tiled.FrontierAt(size), await tiles.StartAtAsync(new TreeSize(size), tiledHead, Cancellation));
        }
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("short")]
    [InlineData("long")]
    [InlineData("31 bytes")]
    public async Task F25_a_proof_that_is_wrong_is_rejected_and_the_next_source_is_asked(string how)
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 20);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        string good = new MerkleHash(new byte[32]).ToBase64(), cut = Convert.ToBase64String(new byte[31]);
        foreach (string[] lying in new[] { new[] { "consistency" }, ["consistency", "entry-and-proof"], ["consistency", "entry-and-proof", "by-hash"] })
        {
            log.Forget();
            log.Lie = async (path, context, body) =>
            {
                if (!lying.Any(call => path.Contains(call, StringComparison.Ordinal))) return false;
                string text = System.Text.Encoding.UTF8.GetString(body);
                int last = HashText().Matches(text).LastOrDefault()?.Index ?? -1;
                if (last < 0) return false;
                text = how switch
                {
                    "wrong" => HashText().Replace(text, $"\"{good}\"", 1, last),
                    "31 bytes" => HashText().Replace(text, $"\"{cut}\"", 1, last),
                    "long" => text.Insert(last, $"\"{good}\","),
                    _ => text.Remove(text[last - 1] == ',' ? last - 1 : last, text[last - 1] == ',' ? 47 : 46),
                };
                await context.Response.WriteAsync(text);
                return true;
            };

            Assert.Equal(log.FrontierAt(7), await reader.StartAtAsync(new TreeSize(7), head, Cancellation));
            Assert.All(lying, call => Assert.Contains(log.Requests, request => request.Contains(call, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Proofs_that_prove_nothing_are_not_believed()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 20);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        string wrong = new MerkleHash(new byte[32]).ToBase64();
        log.Lie = async (path, context, body) =>
        {
            if (path.Contains("get-entries", StringComparison.Ordinal)) return false;
            string text = System.Text.Encoding.UTF8.GetString(body);
            await context.Response.WriteAsync(HashText().Replace(text, $"\"{wrong}\""));
            return true;
        };

        // Reading from the first entry needs no proof.
        Assert.Equal(log.FrontierAt(7), await reader.StartAtAsync(new TreeSize(7), head, Cancellation));
        Assert.Contains(log.Requests, request => request.StartsWith("get-entries?start=0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task F19_of_equal_entries_the_proof_of_another_one_is_not_taken()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 8);
        for (int i = 0; i < 8; i++) log.Log.AddEntry(LyingLog.LeafInput(i), [0, 0, 0]);
        log.Log.Publish();
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Lie = (path, context, _) =>
        {
            context.Response.StatusCode = 404;
            return Task.FromResult(!path.Contains("get-proof-by-hash", StringComparison.Ordinal) && !path.Contains("get-entries", StringComparison.Ordinal));
        };

        Assert.Equal(log.FrontierAt(11), await reader.StartAtAsync(new TreeSize(11), head, Cancellation));
    }

    [Fact]
    public async Task A_log_that_is_down_at_the_start_is_an_error_and_not_read_from_its_first_entry()
    {
        await using LyingLog log = await LyingLog.StartAsync(Protocol, 20);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Lie = (_, context, _) =>
        {
            context.Response.StatusCode = 503;
            return Task.FromResult(true);
        };

        await Assert.ThrowsAsync<LogUnavailableException>(() => reader.StartAtAsync(new TreeSize(7), head, Cancellation));
    }

    private static void InterlockedMax(ref long most, long value)
    {
        for (long seen = Interlocked.Read(ref most); value > seen; seen = Interlocked.Read(ref most)) Interlocked.CompareExchange(ref most, value, seen);
    }

    private static IEnumerable<(ulong Start, ulong End)> Ranges(IEnumerable<string> requests) =>
        from request in requests
        let range = RangeText().Match(request)
        where range.Success
        select (Number(range.Groups[1]), Number(range.Groups[2]));

    private static ulong Number(Group digits) => ulong.Parse(digits.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"get-entries\?start=(\d+)&end=(\d+)")]
    private static partial Regex RangeText();

    [GeneratedRegex("\"[A-Za-z0-9+/]{43}=\"")]
    private static partial Regex HashText();
}
