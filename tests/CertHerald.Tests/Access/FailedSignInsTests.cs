using System.Diagnostics.Metrics;
using System.Net;
using CertHerald.Access;
using CertHerald.Tests.Doubles;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Access;

public sealed class FailedSignInsTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("sign-ins");
    private readonly ListLogger _log = new();
    private readonly FailedSignIns _failures;

    public FailedSignInsTests() => _failures = new FailedSignIns(_time, _meter, _log);

    public void Dispose() => _meter.Dispose();

    [Fact]
    public void Ten_failures_in_a_minute_block_until_the_first_is_a_minute_old()
    {
        IPAddress address = IPAddress.Parse("198.51.100.7");
        for (int i = 0; i < 10; i++)
        {
            Assert.Null(_failures.BlockedFor(address));
            Fail(address);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(TimeSpan.FromSeconds(50), _failures.BlockedFor(address));
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.Null(_failures.BlockedFor(address));
    }

    [Fact]
    public void Nine_failures_a_minute_never_block()
    {
        IPAddress address = IPAddress.Parse("198.51.100.7");
        for (int i = 0; i < 90; i++)
        {
            Assert.Null(_failures.BlockedFor(address));
            Fail(address);
            _time.Advance(TimeSpan.FromMinutes(1) / 9);
        }
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("198.51.100.7", "::ffff:198.51.100.7", true)]
    [InlineData("198.51.100.7", "198.51.100.8", false)]
    public void Addresses_of_one_IPv6_network_count_together_and_those_of_IPv4_apart(string failing, string other, bool blocked)
    {
        for (int i = 0; i < 10; i++) Fail(IPAddress.Parse(failing));

        Assert.Equal(blocked, _failures.BlockedFor(IPAddress.Parse(other)) is not null);
    }

    [Fact]
    public void A_flood_from_many_addresses_does_not_break_the_count_of_the_next()
    {
        for (int i = 0; i < 25_000; i++) Fail(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]));

        IPAddress address = IPAddress.Parse("198.51.100.7");
        for (int i = 0; i < 10; i++) Fail(address);
        Assert.NotNull(_failures.BlockedFor(address));
    }

    [Fact]
    public void Attempts_under_way_count_until_they_succeed()
    {
        IPAddress address = IPAddress.Parse("198.51.100.7");
        for (int i = 0; i < 10; i++) Assert.Null(_failures.Begin(address));

        Assert.Equal(TimeSpan.FromMinutes(1), _failures.Begin(address));
        _failures.Succeeded(address);
        Assert.Null(_failures.Begin(address));
        Assert.NotNull(_failures.Begin(address));
    }

    [Fact]
    public void An_address_is_logged_once_for_each_time_that_it_is_blocked_and_every_failure_is_counted()
    {
        long counted = 0;
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Meter == _meter) self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => counted += instrument.Name == "certherald_failed_sign_ins_total" ? value : 0);
        listener.Start();
        IPAddress address = IPAddress.Parse("198.51.100.7");

        for (int i = 0; i < 9; i++) Fail(address);
        Assert.Empty(_log.Lines);
        for (int i = 0; i < 3; i++) Fail(address);
        Assert.Equal("Warning: Too many wrong passwords, links or keys came from 198.51.100.7: it must wait", Assert.Single(_log.Lines));

        _time.Advance(TimeSpan.FromMinutes(1));
        for (int i = 0; i < 10; i++) Fail(address);
        Assert.Equal(2, _log.Lines.Count);
        Assert.Equal(20, counted);
    }

    private void Fail(IPAddress address)
    {
        if (_failures.Begin(address) is null) _failures.Failed(address);
    }

    private sealed class ListLogger : ILogger<FailedSignIns>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
