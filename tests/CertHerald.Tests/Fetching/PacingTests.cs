using CertHerald.Fetching;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Fetching;

public sealed class PacingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_second_of_requests_passes_at_once_and_then_one_each_eighth_of_a_second()
    {
        using var pacer = new Pacer(_time, 8);
        Task[] turns = [.. Enumerable.Range(0, 11).Select(_ => pacer.WaitAsync(RequestPriority.Tip, Cancellation).AsTask())];
        Assert.Equal(8, turns.Count(turn => turn.IsCompleted));

        _time.Advance(TimeSpan.FromMilliseconds(124));
        Assert.False(turns[8].IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await turns[8];
        Assert.False(turns[9].IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(250));
        await Task.WhenAll(turns);
    }

    [Fact]
    public async Task Rule_8_8_heads_go_before_the_tip_and_the_tip_before_catch_up()
    {
        using var pacer = new Pacer(_time, 8);
        for (int i = 0; i < 8; i++) await pacer.WaitAsync(RequestPriority.Tip, Cancellation);
        Task catchUp = pacer.WaitAsync(RequestPriority.CatchUp, Cancellation).AsTask();
        Task tip = pacer.WaitAsync(RequestPriority.Tip, Cancellation).AsTask();
        Task head = pacer.WaitAsync(RequestPriority.Head, Cancellation).AsTask();

        _time.Advance(TimeSpan.FromMilliseconds(125));
        await head;
        Assert.False(tip.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(125));
        await tip;
        Assert.False(catchUp.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(250));
        await catchUp;
    }

    [Fact]
    public async Task Rule_8_8_catch_up_never_takes_the_last_token()
    {
        using var pacer = new Pacer(_time, 8);
        for (int i = 0; i < 7; i++) await pacer.WaitAsync(RequestPriority.CatchUp, Cancellation);

        Task eighth = pacer.WaitAsync(RequestPriority.CatchUp, Cancellation).AsTask();
        Assert.False(eighth.IsCompleted);
        Task head = pacer.WaitAsync(RequestPriority.Head, Cancellation).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(eighth.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(300));
        await head;
        await eighth;
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_no_turn_from_others()
    {
        using var pacer = new Pacer(_time, 8);
        for (int i = 0; i < 8; i++) await pacer.WaitAsync(RequestPriority.Tip, Cancellation);
        using var stop = new CancellationTokenSource();
        Task impatient = pacer.WaitAsync(RequestPriority.Head, stop.Token).AsTask();
        Task patient = pacer.WaitAsync(RequestPriority.Tip, Cancellation).AsTask();

        stop.Cancel();
        _time.Advance(TimeSpan.FromMilliseconds(125));

        await patient;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
    }

    [Fact]
    public async Task A_pause_holds_even_those_who_have_no_limit()
    {
        using var pacer = new Pacer(_time, double.PositiveInfinity);
        for (int i = 0; i < 10_000; i++) await pacer.WaitAsync(RequestPriority.CatchUp, Cancellation);

        pacer.Pause(TimeSpan.FromSeconds(5));
        pacer.Pause(TimeSpan.FromSeconds(2));
        Task turn = pacer.WaitAsync(RequestPriority.Head, Cancellation).AsTask();
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(turn.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        await turn;
    }

    [Fact]
    public void Logs_of_one_operator_on_one_host_share_their_pace_and_no_others_do()
    {
        using var pacers = new Pacers(_time);
        Pacer pacer = pacers.For("A", new Uri("https://ct.a.com/one/"), isCustom: false);

        Assert.Same(pacer, pacers.For("A", new Uri("https://ct.a.com/two/"), isCustom: false));
        Assert.NotSame(pacer, pacers.For("A", new Uri("https://tiles.a.com/one/"), isCustom: false));
        Assert.NotSame(pacer, pacers.For("B", new Uri("https://ct.a.com/one/"), isCustom: false));
    }

    [Theory]
    [InlineData("https://ct.a.com/", false, true)]
    [InlineData("https://ct.a.com/", true, false)]
    [InlineData("http://127.0.0.1:8080/", false, false)]
    [InlineData("http://[::1]/", false, false)]
    public void Only_listed_logs_elsewhere_are_limited(string url, bool isCustom, bool isLimited)
    {
        using var pacers = new Pacers(_time);
        Pacer pacer = pacers.For("A", new Uri(url), isCustom);

        bool allPass = Enumerable.Range(0, 100).All(_ => pacer.WaitAsync(RequestPriority.Tip, Cancellation).AsTask().IsCompleted);

        Assert.Equal(isLimited, !allPass);
    }

    [Theory]
    [InlineData(1, 0.5, 500)]
    [InlineData(2, 0.5, 1_000)]
    [InlineData(5, 0.25, 4_000)]
    [InlineData(9, 0.5, 128_000)]
    [InlineData(10, 0.5, 150_000)]
    [InlineData(1_000_000, 1, 300_000)]
    [InlineData(3, 0, 0)]
    public void Waits_double_from_a_second_to_five_minutes_with_full_jitter(int failures, double random, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Backoff.After(failures, random));

    [Fact]
    public void Each_failure_in_a_row_waits_up_to_twice_as_long()
    {
        var backoff = new Backoff(() => 0.5);

        Assert.Equal([0.5, 1, 2, 4], Enumerable.Range(0, 4).Select(_ => backoff.Next().TotalSeconds));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("120", 120)]
    [InlineData(" 7 ", 7)]
    [InlineData("1.5", 2)]
    [InlineData("0.0001", 1)]
    [InlineData("86400", 3600)]
    [InlineData("999999999999999999999999999999999999", 3600)]
    [InlineData("Sat, 21 Nov 2026 12:01:00 GMT", 60)]
    [InlineData("Sat, 21 Nov 2026 12:01:00 UTC", 60)]
    [InlineData("Saturday, 21-Nov-26 12:01:00 GMT", 60)]
    [InlineData("Sat Nov 21 12:01:00 2026", 60)]
    [InlineData("Sat, 21 Nov 2026 11:59:00 GMT", 0)]
    [InlineData("Sun, 21 Nov 2027 12:00:00 GMT", 3600)]
    [InlineData("", null)]
    [InlineData("-5", null)]
    [InlineData("1e3", null)]
    [InlineData("1,5", null)]
    [InlineData("NaN", null)]
    [InlineData("Infinity", null)]
    [InlineData(".5", null)]
    [InlineData("soon", null)]
    [InlineData("Sat, 31 Feb 2026 12:01:00 GMT", null)]
    [InlineData(null, null)]
    public void Rule_8_9_retry_after_is_read_in_every_form_that_logs_send(string? header, int? seconds) =>
        Assert.Equal(seconds, (int?)RetryAfter.Parse(header, Noon)?.TotalSeconds);

    [Fact]
    public void Rule_8_6_pages_start_at_256_and_end_at_their_multiples_or_the_head()
    {
        var page = new PageSize();

        Assert.Equal(256UL, page.EndAfter(0, 10_000));
        Assert.Equal(256UL, page.EndAfter(250, 10_000));
        Assert.Equal(512UL, page.EndAfter(256, 10_000));
        Assert.Equal(300UL, page.EndAfter(256, 300));
    }

    [Fact]
    public void F1_a_log_that_gives_32_is_asked_for_32_after_one_answer()
    {
        var page = new PageSize();
        page.Learn(256, 32);

        Assert.Equal(64UL, page.EndAfter(32, 10_000));
    }

    [Fact]
    public void Answers_as_short_as_their_questions_teach_nothing()
    {
        var page = new PageSize();
        for (int i = 0; i < 20; i++) page.Learn(3, 3);

        Assert.Equal(512UL, page.EndAfter(256, 10_000));
    }

    [Fact]
    public void Rule_8_6_the_largest_of_the_last_eight_answers_counts()
    {
        var page = new PageSize();
        page.Learn(256, 200);
        for (int i = 0; i < 7; i++) page.Learn(200, 24);
        Assert.Equal(200UL, page.EndAfter(0, 10_000));

        page.Learn(200, 24);
        Assert.Equal(24UL, page.EndAfter(0, 10_000));
    }

    [Fact]
    public void Rule_8_6_every_64_answers_twice_as_much_is_asked_for_up_to_4096()
    {
        var page = new PageSize();
        ulong at = 0;
        var asked = new List<ulong>();
        for (int i = 0; i < 400; i++)
        {
            ulong end = page.EndAfter(at, 10_000_000);
            asked.Add(end - at);
            page.Learn((int)(end - at), (int)(end - at));
            at = end;
        }

        Assert.Equal(new ulong[] { 256, 512, 1024, 2048, 4096 }, asked.Distinct().Order());
        Assert.Equal(64, asked.IndexOf(512));
        Assert.Equal(128, asked.IndexOf(1024));
        Assert.Equal(4096UL, asked[^1]);
    }

    [Fact]
    public void Rule_8_6_a_reader_that_began_in_the_middle_of_a_larger_page_asks_for_one_all_the_same()
    {
        var page = new PageSize();
        ulong at = 256;
        for (int i = 0; i < 200; i++)
        {
            ulong end = page.EndAfter(at, 10_000_000);
            page.Learn((int)(end - at), (int)(end - at));
            at = end;
        }

        Assert.Equal(2048, page.Learned);
    }

    [Fact]
    public void Rule_8_6_a_page_that_was_learned_is_where_a_restart_goes_on()
    {
        var before = new PageSize();
        for (int i = 0; i < 8; i++) before.Learn(256, 100);

        var after = new PageSize(before.Learned);

        Assert.Equal(100, before.Learned);
        Assert.Equal(200UL, after.EndAfter(100, 10_000));
        Assert.Equal(PageSize.Largest, new PageSize(int.MaxValue).Learned);
        Assert.Equal(1, new PageSize(-1).Learned);
    }

    [Fact]
    public void F2_a_log_that_cuts_at_multiples_of_1000_does_not_collapse_the_page_whatever_it_was()
    {
        for (int first = 1; first <= 4_096; first = first * 3 + 1)
        {
            var page = new PageSize(first);
            ulong at = 0;
            for (int i = 0; i < 4_000; i++)
            {
                ulong end = page.EndAfter(at, 100_000_000);
                ulong given = Math.Min(end, (at / 1000 + 1) * 1000);
                page.Learn((int)(end - at), (int)(given - at));
                at = given;
            }

            Assert.InRange(page.Learned, 500, 1_000);
        }
    }

    [Fact]
    public void F2_a_log_that_cuts_at_multiples_of_1000_ends_up_asked_for_whole_thousands()
    {
        var page = new PageSize();
        ulong at = 0, head = 10_000_000;
        int requests = 0;
        for (; requests < 2_000; requests++)
        {
            ulong end = page.EndAfter(at, head);
            ulong given = Math.Min(end, (at / 1000 + 1) * 1000);
            page.Learn((int)(end - at), (int)(given - at));
            at = given;
        }

        Assert.Equal(0UL, at % 1000);
        Assert.True(at > 1_000_000, $"{at} entries in {requests} requests");
    }
}
