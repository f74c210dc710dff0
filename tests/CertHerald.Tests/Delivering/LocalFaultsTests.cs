using CertHerald.Delivering;

namespace CertHerald.Tests.Delivering;

public sealed class LocalFaultsTests
{
    private static readonly TimeSpan Start = TimeSpan.FromHours(1);
    private static readonly Answer NoDns = new(AttemptOutcome.Dns, null, "the name servers failed") { MayBeLocal = true };
    private static readonly Answer Delivered = new(AttemptOutcome.Delivered, 200, null);

    [Fact]
    public void One_host_whose_name_servers_fail_is_its_own_trouble_among_several()
    {
        var faults = new LocalFaults(hosts: 5);
        Assert.False(faults.IsOurs(NoDns, "a", Start));
        Assert.False(faults.IsOurs(NoDns, "a", Start + TimeSpan.FromSeconds(1)));
        Assert.False(faults.IsOurs(NoDns, "b", Start + TimeSpan.FromSeconds(2)));
        Assert.True(faults.RestUntil < Start);
    }

    [Fact]
    public void Three_hosts_within_30_seconds_are_our_trouble_until_something_succeeds()
    {
        var faults = new LocalFaults(hosts: 5);
        faults.IsOurs(NoDns, "a", Start);
        faults.IsOurs(NoDns, "b", Start + TimeSpan.FromSeconds(29));
        Assert.True(faults.IsOurs(NoDns, "c", Start + TimeSpan.FromSeconds(30)));
        Assert.True(faults.IsOurs(NoDns, "a", Start + TimeSpan.FromMinutes(10)));

        Assert.False(faults.IsOurs(Delivered, "d", Start + TimeSpan.FromMinutes(11)));
        Assert.True(faults.RestUntil < Start);
        Assert.False(faults.IsOurs(NoDns, "a", Start + TimeSpan.FromMinutes(12)));
    }

    [Fact]
    public void The_rest_doubles_from_1_to_30_seconds()
    {
        var faults = new LocalFaults(hosts: 1);
        TimeSpan now = Start;
        var rests = new List<double>();
        for (int i = 0; i < 7; i++)
        {
            Assert.True(faults.IsOurs(NoDns, "a", now));
            rests.Add((faults.RestUntil - now).TotalSeconds);
            now = faults.RestUntil;
        }

        Assert.Equal([1, 2, 4, 8, 16, 30, 30], rests);
    }

    [Fact]
    public void After_24_hours_tries_count_again()
    {
        var faults = new LocalFaults(hosts: 1);
        Assert.True(faults.IsOurs(NoDns, "a", Start));
        Assert.True(faults.IsOurs(NoDns, "a", Start + TimeSpan.FromHours(24)));
        Assert.False(faults.IsOurs(NoDns, "a", Start + TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_refused_connection_is_the_receivers_trouble() =>
        Assert.False(new LocalFaults(hosts: 1).IsOurs(new Answer(AttemptOutcome.Connect, null, "no connection: ConnectionRefused"), "a", Start));
}
