using System.Net;
using CertHerald.Access;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Access;

public sealed class FailedSignInsTests
{
    private readonly ManualTime _time = new();
    private readonly FailedSignIns _failures;

    public FailedSignInsTests() => _failures = new FailedSignIns(_time);

    [Fact]
    public void Ten_failures_in_a_minute_block_until_the_first_is_a_minute_old()
    {
        IPAddress address = IPAddress.Parse("198.51.100.7");
        for (int i = 0; i < 10; i++)
        {
            Assert.Null(_failures.BlockedFor(address));
            _failures.Record(address);
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
            _failures.Record(address);
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
        for (int i = 0; i < 10; i++) _failures.Record(IPAddress.Parse(failing));

        Assert.Equal(blocked, _failures.BlockedFor(IPAddress.Parse(other)) is not null);
    }

    [Fact]
    public void A_flood_from_many_addresses_does_not_break_the_count_of_the_next()
    {
        for (int i = 0; i < 25_000; i++) _failures.Record(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]));

        IPAddress address = IPAddress.Parse("198.51.100.7");
        for (int i = 0; i < 10; i++) _failures.Record(address);
        Assert.NotNull(_failures.BlockedFor(address));
    }
}
