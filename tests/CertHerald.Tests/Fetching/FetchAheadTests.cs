using System.Net;
using CertHerald.Fetching;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Fetching;

public sealed class FetchAheadTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly HeldSource _source = new();
    private readonly FetchMemory _memory = new(FetchMemory.DefaultMost);
    private readonly SigningKey _key = new();

    [Fact]
    public async Task Answers_that_arrive_in_any_order_are_handed_out_in_the_logs()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(50);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        Assert.Equal([0, 10, 20, 30, 40], _source.Asked);

        foreach (ulong start in new ulong[] { 40, 20, 30, 10 }) _source.Answer(start);
        Assert.False(first.IsCompleted);
        _source.Answer(0);

        Assert.Equal(0UL, (await first).Raw.Start.Value);
        for (ulong at = 10; at < 50; at += 10)
            Assert.Equal(at, (await ahead.TakeAsync(new TreeSize(at), head, Cancellation)).Raw.Start.Value);
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public void No_more_answers_are_under_way_than_allowed()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));

        _ = ahead.TakeAsync(new TreeSize(0), _key.Head(100_000), Cancellation);

        Assert.Equal(FetchMemory.MostAnswers, _source.Asked.Length);
    }

    [Fact]
    public async Task No_more_bytes_are_waiting_than_allowed_once_entries_have_shown_their_size()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        _source.EntryBytes = 400_000;
        VerifiedHead head = _key.Head(100_000);
        ulong at = 0;
        for (; at < 400; at += HeldSource.Page)
        {
            Task<Fetched> taken = ahead.TakeAsync(new TreeSize(at), head, Cancellation);
            _source.AnswerAll();
            (await taken).Raw.Dispose();
        }

        // 4 MB an answer, and as much again and more for its text while it is on its way.
        _source.Forget();
        _ = ahead.TakeAsync(new TreeSize(at), head, Cancellation);
        Assert.InRange(_memory.Used, 1, FetchMemory.MostOfLog);
        Assert.InRange(_source.Held, 0, 2);
    }

    [Fact]
    public async Task One_answer_passes_alone_however_small_the_memory_of_all_is()
    {
        var full = new FetchMemory(0);
        using var ahead = new FetchAhead(_source, Lane(full));
        VerifiedHead head = _key.Head(50);

        for (ulong at = 0; at < 50; at += HeldSource.Page)
        {
            Task<Fetched> taken = ahead.TakeAsync(new TreeSize(at), head, Cancellation);
            Assert.Equal([at], _source.Asked);
            _source.AnswerAll();
            (await taken).Raw.Dispose();
            _source.Forget();
        }

        Assert.Equal(0, full.Used);
    }

    [Fact]
    public async Task Rule_3_2_A_short_answer_is_followed_by_its_rest_and_nothing_is_read_twice()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(30);
        Task<Fetched> taken = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Answer(0, entries: 4);
        Assert.Equal(4, (await taken).Raw.Count);

        taken = ahead.TakeAsync(new TreeSize(4), head, Cancellation);
        Assert.Equal([0, 10, 20, 4], _source.Asked);
        _source.Answer(4);
        Assert.Equal(6, (await taken).Raw.Count);

        _source.AnswerAll();
        Assert.Equal(10UL, (await ahead.TakeAsync(new TreeSize(10), head, Cancellation)).Raw.Start.Value);
        Assert.Equal(20UL, (await ahead.TakeAsync(new TreeSize(20), head, Cancellation)).Raw.Start.Value);
        Assert.Equal([0, 10, 20, 4], _source.Asked);
    }

    [Fact]
    public async Task The_rest_of_a_short_answer_is_asked_for_before_its_turn_comes()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(30);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Answer(10, entries: 1);
        _source.Answer(0);
        await first;

        _ = ahead.TakeAsync(new TreeSize(10), head, Cancellation);

        Assert.Equal([0, 10, 20, 11], _source.Asked);
    }

    [Fact]
    public async Task A_failure_surfaces_when_its_turn_comes_and_is_asked_for_again_alone()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(30);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Fail(10);
        _source.Fail(20);
        _source.Answer(0);
        await first;

        await Assert.ThrowsAsync<LogUnavailableException>(() => ahead.TakeAsync(new TreeSize(10), head, Cancellation));
        Assert.Equal(0, _memory.Used);

        _source.Forget();
        Task<Fetched> again = ahead.TakeAsync(new TreeSize(10), head, Cancellation);
        Assert.Equal([10], _source.Asked);
        _source.Answer(10);
        await again;

        _ = ahead.TakeAsync(new TreeSize(20), head, Cancellation);
        Assert.Equal([10, 20], _source.Asked);
    }

    [Fact]
    public async Task Rule_8_9_a_refused_range_is_asked_for_again_and_what_was_fetched_behind_it_stays()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(30);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Answer(10);
        _source.Answer(20);

        _source.Fail(0, HttpStatusCode.TooManyRequests);
        await _source.WaitUntilAskedAsync(4);
        Assert.Equal([0, 10, 20, 0], _source.Asked);
        Assert.False(first.IsCompleted);
        _source.Answer(0);

        Assert.Equal(0UL, (await first).Raw.Start.Value);
        Assert.Equal(10UL, (await ahead.TakeAsync(new TreeSize(10), head, Cancellation)).Raw.Start.Value);
        Assert.Equal(20UL, (await ahead.TakeAsync(new TreeSize(20), head, Cancellation)).Raw.Start.Value);
        Assert.Equal(4, _source.Asked.Length);
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public async Task A_range_that_is_refused_again_and_again_is_reported_and_what_was_fetched_behind_it_stays()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(30);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Answer(10);
        _source.Answer(20);
        for (int i = 0; i < 4; i++)
        {
            await _source.WaitUntilAskedAsync(3 + i);
            _source.Fail(0, HttpStatusCode.Forbidden);
        }

        await Assert.ThrowsAsync<LogUnavailableException>(() => first);
        Assert.Equal(7 - 1, _source.Asked.Length);

        Task<Fetched> again = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Answer(0);
        await again;
        Assert.Equal(10UL, (await ahead.TakeAsync(new TreeSize(10), head, Cancellation)).Raw.Start.Value);
    }

    [Fact]
    public async Task Rule_8_10_answers_that_outgrow_their_room_give_way_to_the_first_and_come_when_it_is_their_turn()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(160);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        Assert.Equal(16, _source.Asked.Length);

        for (ulong at = 150; at > 0; at -= 10)
        {
            _source.Grow(at, 12 << 20);
            Assert.InRange(_memory.Used, 0, FetchMemory.MostOfLog);
        }
        _source.Grow(0, 12 << 20);
        Assert.InRange(_memory.Used, 0, FetchMemory.MostOfLog);

        for (ulong at = 0; at < 160; at += 10)
        {
            Task<Fetched> taken = at == 0 ? first : ahead.TakeAsync(new TreeSize(at), head, Cancellation);
            await _source.WaitUntilHeldAsync(at, taken);
            if (!taken.IsCompleted) _source.Answer(at);
            Assert.Equal(at, (await taken).Raw.Start.Value);
            Assert.InRange(_memory.Used, 0, FetchMemory.MostOfLog);
        }

        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public async Task Rule_8_10_one_larger_answer_passes_alone()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(30);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);

        _source.Grow(0, 60 << 20);
        await _source.WaitUntilAskedAsync(4);
        _source.Grow(0, 60 << 20);
        _source.Answer(0);

        Assert.Equal(0UL, (await first).Raw.Start.Value);
        Assert.Equal([0, 10, 20, 0], _source.Asked);
    }

    [Fact]
    public async Task Rule_8_11_a_log_that_makes_us_wait_holds_none_of_the_memory_of_all()
    {
        var memory = new FetchMemory(2 << 20);
        using var waiting = new FetchAhead(new HeldSource(), memory.For(new SigningKey().Public.Id, RequestPriority.Tip));
        using var ahead = new FetchAhead(_source, Lane(memory));
        _ = waiting.TakeAsync(new TreeSize(0), _key.Head(10_000), Cancellation);
        Assert.Equal(0, memory.Used);

        Task<Fetched> next = ahead.TakeAsync(new TreeSize(0), _key.Head(10_000), Cancellation);
        Assert.Equal(16, _source.Asked.Length);
        _source.AnswerAll();

        (await next).Raw.Dispose();
    }

    [Fact]
    public async Task Rule_8_10_catch_up_leaves_room_to_the_tip_of_its_log()
    {
        using var catchUp = new FetchAhead(_source, _memory.For(_key.Public.Id, RequestPriority.CatchUp));
        using var tip = new FetchAhead(_source, Lane(_memory));
        _ = catchUp.TakeAsync(new TreeSize(0), _key.Head(1_000), Cancellation);
        Assert.Equal(14, _source.Asked.Length);

        Task<Fetched> next = tip.TakeAsync(new TreeSize(990), _key.Head(1_000), Cancellation);
        _source.Answer(990);

        Assert.Equal(990UL, (await next).Raw.Start.Value);
    }

    [Fact]
    public async Task Rule_8_10_logs_together_stay_within_the_memory_of_all_and_each_comes_to_its_turn()
    {
        var memory = new FetchMemory(1 << 20);
        SigningKey[] keys = [.. Enumerable.Range(0, 5).Select(_ => new SigningKey())];
        HeldSource[] sources = [.. keys.Select(_ => new HeldSource { EntryBytes = 20_000 })];
        FetchAhead[] readers = [.. keys.Select((key, i) => new FetchAhead(sources[i], memory.For(key.Public.Id, RequestPriority.Tip)))];
        VerifiedHead[] heads = [.. keys.Select(key => key.Head(100))];
        Task[] all = [.. readers.Select(async (reader, i) =>
        {
            for (ulong at = 0; at < 100; at += HeldSource.Page)
            {
                Task<Fetched> taken = reader.TakeAsync(new TreeSize(at), heads[i], Cancellation);
                while (!taken.IsCompleted)
                {
                    Assert.InRange(memory.Used, 0, 1 << 20);
                    sources[i].AnswerAll();
                    await Task.WhenAny(taken, sources[i].WaitUntilHeldAsync(at, taken));
                }
                (await taken).Raw.Dispose();
            }
        })];

        await Task.WhenAll(all);

        Assert.Equal(0, memory.Used);
        foreach (FetchAhead reader in readers) reader.Dispose();
    }

    [Fact]
    public void Rule_8_10_what_many_logs_ask_for_ahead_is_within_twice_the_memory_of_all_and_shared_out()
    {
        const int Logs = 20, Answer = 100_000;
        var memory = new FetchMemory(8 << 20);
        LaneMemory[] lanes = [.. Enumerable.Range(0, Logs).Select(_ => memory.For(new SigningKey().Public.Id, RequestPriority.Tip))];
        int[] taken = new int[Logs];
        for (int round = 0; round < FetchMemory.MostAnswers; round++)
            for (int log = 0; log < Logs; log++)
                if (lanes[log].TryTakeAhead(Answer, 1) is not null) taken[log]++;

        Assert.All(taken, answers => Assert.Equal((2 * (8 << 20)) / Logs / Answer, answers));
    }

    [Fact]
    public async Task Rule_8_10_an_answer_under_way_is_not_dropped_for_one_that_waits_to_begin()
    {
        var memory = new FetchMemory(1_000_000);
        LaneMemory[] lanes = [.. Enumerable.Range(0, 3).Select(_ => memory.For(new SigningKey().Public.Id, RequestPriority.Tip))];
        FetchRoom begun = lanes[0].TryTakeNext(300_000, 1)!;
        begun.Use(300_000);
        Task<FetchRoom> waiting = lanes[1].TakeNextAsync(900_000, 1, Cancellation);
        Assert.False(waiting.IsCompleted);

        begun.Use(600_000);
        Assert.Null(lanes[2].TryTakeNext(10_000, 1));
        Assert.Throws<NoRoomException>(() => begun.Use(200_000));

        begun.Dispose();
        (await waiting).Dispose();
        Assert.Equal(0, memory.Used);
    }

    [Fact]
    public async Task Rule_8_11_answers_that_are_larger_than_any_others_keep_nobody_waiting_but_each_other()
    {
        const long Large = 192L << 20;
        LaneMemory[] lanes = [.. Enumerable.Range(0, 3).Select(_ => _memory.For(new SigningKey().Public.Id, RequestPriority.Tip))];
        using FetchRoom begun = lanes[0].TryTakeNext(1 << 20, 1)!;
        begun.Use(1 << 20);

        Task<FetchRoom> large = lanes[1].TakeNextAsync(Large, 1, Cancellation);
        using (FetchRoom? next = lanes[0].TryTakeNext(1 << 20, 1)) Assert.NotNull(next);
        FetchRoom held = await large;
        held.Use(Large);
        Task<FetchRoom> second = lanes[2].TakeNextAsync(Large, 1, Cancellation);
        using (FetchRoom? next = lanes[0].TryTakeNext(1 << 20, 1))
        {
            next!.Use(4 << 20);
            Assert.False(second.IsCompleted);
        }
        Assert.Throws<NoRoomException>(() => held.Use(1));

        held.Dispose();
        (await second).Dispose();
        begun.Dispose();
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public async Task Rule_8_11_a_log_of_huge_entries_that_come_slowly_delays_no_other_log()
    {
        using var hostile = new FetchAhead(_source, Lane(_memory));
        var victims = new HeldSource();
        using var victim = new FetchAhead(victims, _memory.For(new SigningKey().Public.Id, RequestPriority.Tip));
        Task<Fetched> slow = hostile.TakeAsync(new TreeSize(0), _key.Head(10), Cancellation);
        Task<Fetched> quick = victim.TakeAsync(new TreeSize(0), _key.Head(1_000), Cancellation);
        victims.Grow(0, 100_000);

        _source.Grow(0, 40 << 20);
        for (ulong at = 0; at < 1_000; at += HeldSource.Page)
        {
            if (at > 0) quick = victim.TakeAsync(new TreeSize(at), _key.Head(1_000), Cancellation);
            victims.AnswerAll();
            Assert.True(quick.IsCompleted, $"at {at}");
            (await quick).Raw.Dispose();
        }

        await _source.WaitUntilAskedAsync(2);
        _source.Grow(0, 40 << 20);
        _source.Answer(0);
        (await slow).Raw.Dispose();
        Assert.Equal(0, _memory.Used);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rewind_or_a_new_head_starts_anew_and_lets_go_of_what_was_under_way(bool isRewind)
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(100);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Answer(0);
        _source.Answer(20);
        await first;
        CancellationToken[] before = [.. _source.TokensOfHeld];
        _source.Forget();

        VerifiedHead now = isRewind ? head : _key.Head(101);
        Task<Fetched> taken = ahead.TakeAsync(new TreeSize(isRewind ? 0UL : 10), now, Cancellation);

        Assert.All(before, token => Assert.True(token.IsCancellationRequested));
        Assert.Equal(isRewind ? 0UL : 10, _source.Asked[0]);
        _source.AnswerAll();
        (await taken).Raw.Dispose();
        ahead.Forget();
        Assert.Equal(0, _memory.Used);
    }

    /// <summary>Each look at a head makes a new object of it, changed or not.</summary>
    [Theory]
    [InlineData(100, 100)]
    [InlineData(100, 50)]
    [InlineData(120, 50)]
    public async Task A_head_that_is_the_same_or_lies_further_behind_the_end_lets_go_of_nothing(ulong next, ulong end)
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), _key.Head(100), Cancellation, new TreeSize(end));
        _source.Answer(0);
        _source.Answer(20);
        (await first).Raw.Dispose();
        ulong[] asked = _source.Asked;

        for (ulong at = HeldSource.Page; at < end; at += HeldSource.Page)
        {
            Task<Fetched> taken = ahead.TakeAsync(new TreeSize(at), _key.Head(next), Cancellation, new TreeSize(end));
            Assert.DoesNotContain(_source.TokensOfHeld, token => token.IsCancellationRequested);
            if (!taken.IsCompleted) _source.Answer(at);
            (await taken).Raw.Dispose();
        }

        Assert.Equal(asked, _source.Asked);
    }

    [Theory]
    [InlineData(100, 1)]
    [InlineData(90, 0)]
    public async Task A_head_of_another_tree_or_a_smaller_one_starts_anew(ulong next, byte root)
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), _key.Head(100), Cancellation, new TreeSize(50));
        _source.Answer(0);
        (await first).Raw.Dispose();
        CancellationToken[] before = [.. _source.TokensOfHeld];

        _ = ahead.TakeAsync(new TreeSize(10), _key.Head(next, new MerkleHash([.. Enumerable.Repeat(root, 32)])), Cancellation, new TreeSize(50));

        Assert.All(before, token => Assert.True(token.IsCancellationRequested));
        Assert.NotEmpty(before);
    }

    [Fact]
    public async Task Whoever_stops_waiting_finds_the_answer_when_it_comes_back()
    {
        using var ahead = new FetchAhead(_source, Lane(_memory));
        VerifiedHead head = _key.Head(10);
        using var stop = new CancellationTokenSource();
        Task<Fetched> taken = ahead.TakeAsync(new TreeSize(0), head, stop.Token);
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taken);

        _source.Answer(0);

        Assert.Equal(10, (await ahead.TakeAsync(new TreeSize(0), head, Cancellation)).Raw.Count);
        Assert.Equal([0], _source.Asked);
    }

    private LaneMemory Lane(FetchMemory memory) => memory.For(_key.Public.Id, RequestPriority.Tip);
}
