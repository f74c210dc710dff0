using CertHerald.Fetching;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Tests.Fetching;

/// <summary>ct.md 8.8, 8.9.</summary>
public sealed class HostRateTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly TimeSpan NoPause = TimeSpan.Zero;
    private TimeSpan _now;

    [Theory]
    [InlineData(3, 1, null, 50)]
    [InlineData(10, 1, null, 50)]
    [InlineData(40, 1, null, 50)]
    [InlineData(3, 1, 1, 50)]
    [InlineData(10, 1, 1, 200)]
    [InlineData(40, 1, 1, 200)]
    [InlineData(10, 10, null, 50)]
    [InlineData(40, 10, null, 200)]
    [InlineData(10, 1, 10, 50)]
    [InlineData(3, 1, null, double.PositiveInfinity)]
    [InlineData(10, 1, null, double.PositiveInfinity)]
    [InlineData(40, 1, 1, double.PositiveInfinity)]
    public async Task Rule_8_8_over_an_hour_95_percent_of_a_hosts_limit_are_used_and_fewer_than_1_percent_are_refused(
        double limit, double burstSeconds, int? retryAfter, double ceiling)
    {
        var time = new ManualTime();
        var random = new Random(8);
        double first = double.IsFinite(ceiling) ? Pacers.FirstRate : ceiling;
        using var pacer = new Pacer(time, new HostRate(first, ceiling, false), random.NextDouble);
        var host = new LimitedHost(limit, limit * burstSeconds);

        await RunAsync(pacer, time, host, retryAfter, TimeSpan.FromHours(1));

        double share = host.Answered / (limit * 3600), refused = (double)host.Refused / (host.Refused + host.Answered);
        TestContext.Current.SendDiagnosticMessage($"limit {limit}/s, burst {burstSeconds} s, Retry-After {retryAfter}: {share:P1} used, {refused:P2} refused, {pacer.Rate.PerSecond:0.00}/s");
        Assert.True(share >= 0.95 && refused <= 0.01, $"{share:P1} used, {refused:P2} refused, {pacer.Rate.PerSecond:0.00}/s");
    }

    [Fact]
    public async Task Rule_8_8_a_host_that_allows_less_and_then_more_is_followed()
    {
        var time = new ManualTime();
        using var pacer = new Pacer(time, new HostRate(Pacers.FirstRate, 200, false), new Random(8).NextDouble);
        var host = new LimitedHost(40, 40);
        await RunAsync(pacer, time, host, null, TimeSpan.FromMinutes(20));

        host.PerSecond = 10;
        await RunAsync(pacer, time, host, null, TimeSpan.FromMinutes(5));
        Assert.InRange(pacer.Rate.PerSecond, 9, 11);

        host.PerSecond = 40;
        await RunAsync(pacer, time, host, null, TimeSpan.FromMinutes(20));
        Assert.InRange(pacer.Rate.PerSecond, 36, 44);
    }

    [Fact]
    public void Rule_8_8_the_rate_starts_at_8_and_doubles_every_clean_10_s_up_to_its_ceiling()
    {
        var rate = new HostRate(Pacers.FirstRate, 50, false);
        var seen = new List<double>();
        for (int i = 0; i < 5; i++)
        {
            seen.Add(rate.PerSecond);
            Use(rate, 10);
        }

        Assert.Equal([8, 16, 32, 50, 50], seen);
        Assert.False(rate.SlowStartOver);
    }

    [Fact]
    public void Rule_8_8_the_first_refusal_ends_the_slow_start_and_takes_three_tenths()
    {
        var rate = new HostRate(Pacers.FirstRate, 50, false);
        Use(rate, 10);
        Use(rate, 5);

        rate.Refused(_now, NoPause);

        Assert.Equal(11.2, rate.PerSecond, 6);
        Assert.True(rate.SlowStartOver);
    }

    [Fact]
    public void Rule_8_8_a_log_that_is_hardly_asked_proves_nothing_about_its_limit()
    {
        var rate = new HostRate(Pacers.FirstRate, 50, false);
        for (int i = 0; i < 10_000; i++) rate.Answered(_now += TimeSpan.FromSeconds(5));

        Assert.Equal(Pacers.FirstRate, rate.PerSecond);
    }

    [Fact]
    public void Rule_8_8_a_host_that_is_down_for_hours_costs_one_step()
    {
        var rate = new HostRate(40, 50, true);
        Use(rate, 30);
        double before = rate.PerSecond;
        for (int i = 0; i < 100; i++) rate.Refused(_now += TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5));

        Assert.Equal(0.95 * before, rate.PerSecond, 6);
    }

    [Fact]
    public void Rule_8_8_no_refusals_bring_the_rate_to_nothing()
    {
        var rate = new HostRate(Pacers.FirstRate, 50, false);
        for (int i = 0; i < 1_000; i++)
        {
            rate.Answered(_now += TimeSpan.FromSeconds(1));
            rate.Refused(_now, NoPause);
        }

        Assert.Equal(HostRate.Least, rate.PerSecond);
    }

    [Fact]
    public async Task Rule_8_8_requests_under_way_when_a_refusal_arrives_are_one_refusal()
    {
        var time = new ManualTime();
        using var pacer = new Pacer(time, new HostRate(16, 50, true), () => 0.5);
        var turns = new List<RequestTurn>();
        for (int i = 0; i < 16; i++) turns.Add(await pacer.WaitAsync(RequestPriority.Tip, Cancellation));
        pacer.Answered(turns[0]);

        for (int i = 1; i < 16; i++) pacer.Refused(turns[i], null);

        Assert.Equal(0.95 * 16, pacer.Rate.PerSecond, 6);
    }

    [Fact]
    public async Task Rule_8_9_without_a_retry_after_the_pause_doubles_from_a_second_to_five_minutes_and_an_answer_ends_that()
    {
        var time = new ManualTime();
        using var pacer = new Pacer(time, new HostRate(8, 50, true), () => 0.5);
        var pauses = new List<double>();
        for (int i = 0; i < 11; i++)
        {
            pacer.Refused(await TurnAsync(pacer, time), null);
            TimeSpan before = time.Elapsed;
            RequestTurn next = await TurnAsync(pacer, time);
            // An eighth of a second more for a token that had to come first.
            pauses.Add(Math.Floor((time.Elapsed - before).TotalSeconds * 2) / 2);
            pacer.Abandoned(next);
        }

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 32, 64, 128, 150, 150], pauses);

        pacer.Answered(await TurnAsync(pacer, time));
        pacer.Refused(await TurnAsync(pacer, time), null);
        TimeSpan last = time.Elapsed;
        await TurnAsync(pacer, time);
        Assert.InRange((time.Elapsed - last).TotalSeconds, 0.5, 0.7);
    }

    [Fact]
    public async Task Rule_8_9_after_a_refusal_one_request_goes_first_to_see()
    {
        var time = new ManualTime();
        using var pacer = new Pacer(time, new HostRate(40, 50, true));
        pacer.Refused(await pacer.WaitAsync(RequestPriority.Tip, Cancellation), TimeSpan.FromSeconds(10));
        Task<RequestTurn>[] turns = [.. Enumerable.Range(0, 3).Select(_ => pacer.WaitAsync(RequestPriority.Tip, Cancellation).AsTask())];

        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(3, pacer.Waiting);
        time.Advance(TimeSpan.FromSeconds(60));
        RequestTurn first = await turns[0];
        Assert.Equal(2, pacer.Waiting);

        pacer.Answered(first);
        time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(turns);
    }

    [Fact]
    public async Task Rule_8_8_the_head_of_one_log_does_not_wait_for_the_catch_up_of_another()
    {
        var time = new ManualTime();
        using var pacers = new Pacers(time);
        Pacer first = pacers.For("A", new Uri("https://ct.a.com/one/"), isCustom: false), second = pacers.For("A", new Uri("https://ct.a.com/two/"), isCustom: false);
        Task[] catchUp = [.. Enumerable.Range(0, 500).Select(_ => first.WaitAsync(RequestPriority.CatchUp, Cancellation).AsTask())];

        for (int i = 0; i < 50; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(second.WaitAsync(RequestPriority.Head, Cancellation).AsTask().IsCompleted);
        }

        Assert.True(first.Waiting is > 0 and < 500);
        Assert.NotEmpty(catchUp);
    }

    [Fact]
    public async Task Rule_8_8_what_was_learned_is_remembered_across_restarts()
    {
        var time = new ManualTime();
        using var before = new Pacers(time);
        var url = new Uri("https://ct.a.com/log/");
        Pacer pacer = before.For("A", url, isCustom: false);
        pacer.Answered(await pacer.WaitAsync(RequestPriority.Tip, Cancellation));
        pacer.Refused(await pacer.WaitAsync(RequestPriority.Tip, Cancellation), null);
        LearnedRate learned = Assert.Single(before.Learned());
        Assert.Equal(new LearnedRate("A", "ct.a.com", 0.7 * 8, true), learned with { PerSecond = Math.Round(learned.PerSecond, 6) });

        using var after = new Pacers(time);
        after.Load([learned, new LearnedRate("B", "b.com", 3, false), new LearnedRate("C", "c.com", double.NaN, true)]);

        Assert.Equal((learned.PerSecond, true), after.For("A", url, isCustom: false).Rate);
        Assert.Equal((3, false), after.For("B", new Uri("https://b.com/"), isCustom: false).Rate);
        Assert.Equal((8, false), after.For("C", new Uri("https://c.com/"), isCustom: false).Rate);
        Assert.Equal(3, after.Learned().Count);
    }

    [Fact]
    public void Rule_8_8_ceilings_go_by_protocol_and_what_is_set_for_custom_logs_holds()
    {
        var ceilings = new RateCeilings { Rfc6962 = 4, Tiled = 6, Custom = 5 };
        using var pacers = new Pacers(new ManualTime(), ceilings);
        pacers.Load([new LearnedRate("A", "a.com", 100, true), new LearnedRate("A", "t.com", 100, true), new LearnedRate("A", "c.com", 100, true)]);

        Assert.Equal(4, pacers.For("A", new Uri("https://a.com/"), isCustom: false).Rate.PerSecond);
        Assert.Equal(6, pacers.For("A", new Uri("https://t.com/"), isCustom: false, LogProtocol.StaticCt).Rate.PerSecond);
        Assert.Equal(5, pacers.For("A", new Uri("https://c.com/"), isCustom: true).Rate.PerSecond);
    }

    /// <summary>Sends as fast as the pacer lets it, each answer 50 ms later, up to 16 under way.</summary>
    private static async Task RunAsync(Pacer pacer, ManualTime time, LimitedHost host, int? retryAfter, TimeSpan span)
    {
        var underWay = new Queue<(TimeSpan Due, RequestTurn Turn, bool IsAnswered)>();
        TimeSpan end = time.Elapsed + span, tick = TimeSpan.FromMilliseconds(5);
        Task<RequestTurn>? waiting = null;
        while (time.Elapsed < end)
        {
            while (underWay.TryPeek(out (TimeSpan Due, RequestTurn Turn, bool IsAnswered) next) && next.Due <= time.Elapsed)
            {
                underWay.Dequeue();
                if (next.IsAnswered) pacer.Answered(next.Turn);
                else pacer.Refused(next.Turn, retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
            }

            while (underWay.Count < 16)
            {
                waiting ??= pacer.WaitAsync(RequestPriority.CatchUp, Cancellation).AsTask();
                if (pacer.Waiting > 0) break;
                RequestTurn turn = await waiting;
                waiting = null;
                underWay.Enqueue((time.Elapsed + TimeSpan.FromMilliseconds(50), turn, host.Answers(time.Elapsed)));
            }

            time.Advance(tick);
        }
    }

    /// <summary>Time passes in which all that is allowed is answered.</summary>
    private void Use(HostRate rate, double seconds)
    {
        int count = (int)Math.Ceiling(rate.PerSecond * seconds);
        TimeSpan end = _now + TimeSpan.FromSeconds(seconds);
        TimeSpan each = (end - _now) / count;
        for (int i = 1; i < count; i++) rate.Answered(_now += each);
        rate.Answered(_now = end);
    }

    private static async Task<RequestTurn> TurnAsync(Pacer pacer, ManualTime time)
    {
        Task<RequestTurn> turn = pacer.WaitAsync(RequestPriority.Head, Cancellation).AsTask();
        while (pacer.Waiting > 0) time.Advance(TimeSpan.FromMilliseconds(10));
        return await turn;
    }

    /// <summary>A host with a token bucket of its own.</summary>
    private sealed class LimitedHost(double perSecond, double burst)
    {
        private double _missing;
        private TimeSpan _filled;

        public double PerSecond { get; set; } = perSecond;

        public long Answered { get; private set; }

        public long Refused { get; private set; }

        public bool Answers(TimeSpan now)
        {
            _missing = Math.Max(0, _missing - (now - _filled).TotalSeconds * PerSecond);
            _filled = now;
            bool answers = burst - _missing >= 1;
            if (answers) _missing++;
            if (answers) Answered++;
            else Refused++;
            return answers;
        }
    }
}
