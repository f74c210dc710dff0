using System.Net.Sockets;
using CertHerald.Delivering;

namespace CertHerald.Tests.Delivering;

public sealed class LocalFaultsTests
{
    private static readonly TimeSpan Start = TimeSpan.FromHours(1);
    private static readonly Answer NoDns = new(AttemptOutcome.Dns, null, "the name servers failed") { Suspect = Suspect.NameServers };
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

    [Theory]
    [InlineData(SocketError.NetworkUnreachable)]
    [InlineData(SocketError.HostUnreachable)]
    [InlineData(SocketError.NetworkDown)]
    [InlineData(SocketError.TooManyOpenSockets)]
    [InlineData(SocketError.AddressNotAvailable)]
    public void Rule_4_5_without_a_route_or_a_socket_the_fault_is_ours_at_once_and_only_that_host_waits(SocketError error)
    {
        var faults = new LocalFaults(hosts: 5);
        Assert.True(faults.IsOurs(Failed(error), "a", Start));
        Assert.True(faults.RestUntil < Start);
        Assert.Equal(Start + TimeSpan.FromSeconds(1), faults.RestOf("a"));
        Assert.Equal(["a"], faults.RestingAt(Start));
        Assert.True(faults.RestOf("b") < Start);

        // A second of its deliveries, under way meanwhile, does not make it wait longer; the next one does.
        Assert.True(faults.IsOurs(Failed(error), "a", Start));
        Assert.Equal(Start + TimeSpan.FromSeconds(1), faults.RestOf("a"));
        Assert.True(faults.IsOurs(Failed(error), "a", Start + TimeSpan.FromSeconds(1)));
        Assert.Equal(Start + TimeSpan.FromSeconds(3), faults.RestOf("a"));
        Assert.Empty(faults.RestingAt(Start + TimeSpan.FromSeconds(3)));

        faults.IsOurs(Failed(error), "b", Start + TimeSpan.FromSeconds(2));
        Assert.True(faults.IsOurs(Failed(error), "c", Start + TimeSpan.FromSeconds(2)));
        Assert.Equal(Start + TimeSpan.FromSeconds(3), faults.RestUntil);
    }

    [Fact]
    public void Rule_4_5_a_host_without_a_route_while_others_answer_is_at_fault_itself_until_it_answers()
    {
        var faults = new LocalFaults(hosts: 5);
        Answer lost = Failed(SocketError.HostUnreachable);
        Assert.True(faults.IsOurs(lost, "a", Start));
        faults.IsOurs(Delivered, "b", Start + TimeSpan.FromSeconds(1));
        for (int i = 2; i < 5; i++) Assert.False(faults.IsOurs(lost, "a", Start + TimeSpan.FromMinutes(i)));
        Assert.Empty(faults.RestingAt(Start + TimeSpan.FromMinutes(4)));

        faults.IsOurs(Delivered, "a", Start + TimeSpan.FromMinutes(5));
        Assert.True(faults.IsOurs(lost, "a", Start + TimeSpan.FromMinutes(6)));
    }

    [Fact]
    public void Rule_4_5_a_proxy_that_fails_is_our_fault_though_others_are_reached_without_it_and_for_24_hours()
    {
        var faults = new LocalFaults(hosts: 5);
        Answer proxy = new(AttemptOutcome.Connect, null, "no connection to the proxy") { Suspect = Suspect.Ourselves };
        for (int hour = 0; hour <= 24; hour++)
        {
            Assert.True(faults.IsOurs(proxy, "a", Start + TimeSpan.FromHours(hour)));
            faults.IsOurs(Delivered, "b", Start + TimeSpan.FromHours(hour));
        }
        Assert.False(faults.IsOurs(proxy, "a", Start + TimeSpan.FromHours(25)));
    }

    [Fact]
    public void A_refused_connection_is_the_receivers_trouble() =>
        Assert.False(new LocalFaults(hosts: 1).IsOurs(new Answer(AttemptOutcome.Connect, null, "no connection: ConnectionRefused"), "a", Start));

    /// <summary>As the sender reads what the platform throws.</summary>
    private static Answer Failed(SocketError error) =>
        WebhookSender.AnswerTo(new HttpRequestException(HttpRequestError.ConnectionError, "no", new SocketException((int)error)));
}
