using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Tests.Doubles;
using Microsoft.Extensions.Logging.Abstractions;
using System.Diagnostics.Metrics;

namespace CertHerald.Tests.Delivering.Operators;

/// <summary>Who is asked each minute, and when not.</summary>
public sealed class DeadManSwitchTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald");
    private long _logs, _deliveries;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _meter.Dispose();

    [Fact]
    public async Task Rule_13_4_it_is_asked_while_both_loops_move_and_not_once_one_of_them_hangs()
    {
        await using Receiver watcher = Receiver.Start();
        using DeadManSwitch dead = Create(watcher.Url);
        var asked = new List<bool>();
        for (int minute = 0; minute < 10; minute++)
        {
            _time.Advance(DeadManSwitch.Interval);
            _logs++;
            // The deliveries hang in the fourth minute, and go on in the eighth.
            if (minute is < 3 or >= 7) _deliveries += 100;
            asked.Add(await dead.LookAsync(Cancellation));
        }

        // In the fourth nobody can know yet: a loop that comes round once a minute may be a little late.
        Assert.Equal([true, true, true, true, false, false, false, true, true, true], asked);
        Assert.Equal(7, watcher.Requests.Count);
        Assert.All(watcher.Requests, request => Assert.Equal("GET /hook HTTP/1.1", request.RequestLine));
    }

    [Fact]
    public async Task A_loop_that_never_began_is_stuck()
    {
        await using Receiver watcher = Receiver.Start();
        using DeadManSwitch dead = Create(watcher.Url);
        _deliveries = 1;
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.False(await dead.LookAsync(Cancellation));
        Assert.Empty(watcher.Requests);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(404)]
    [InlineData(302)]
    public async Task What_it_answers_is_noted_and_nothing_follows(int status)
    {
        await using Receiver watcher = Receiver.Start();
        watcher.Default = Receiver.Answer(status, "", "Location: http://127.0.0.1:1/");
        using DeadManSwitch dead = Create(watcher.Url);
        Assert.False(await dead.LookAsync(Cancellation));
        watcher.Default = Receiver.Reset();
        Assert.False(await dead.LookAsync(Cancellation));
        watcher.Default = Receiver.Answer(200);
        Assert.True(await dead.LookAsync(Cancellation));
    }

    [Fact]
    public async Task Rule_9_7_the_guard_decides_whether_it_is_asked()
    {
        using DeadManSwitch dead = Create(new Uri("http://169.254.169.254/latest"));
        Assert.False(await dead.LookAsync(Cancellation));
    }

    [Fact]
    public async Task It_looks_each_minute()
    {
        await using Receiver watcher = Receiver.Start();
        using DeadManSwitch dead = Create(watcher.Url);
        await dead.StartAsync(Cancellation);
        for (int minute = 1; minute <= 3; minute++)
        {
            await _time.WaitForRestAsync(DeadManSwitch.Interval);
            Assert.Equal(minute - 1, watcher.Requests.Count);
            (_logs, _deliveries) = (minute, minute);
            _time.Advance(DeadManSwitch.Interval);
            await watcher.NextAsync();
        }
        await dead.StopAsync(Cancellation);
    }

    private DeadManSwitch Create(Uri url) => new(
        url, [("following logs", () => _logs), ("sending deliveries", () => _deliveries)], new OutboundGuard(new OutboundOptions()), _time, _meter, NullLogger<DeadManSwitch>.Instance);
}
