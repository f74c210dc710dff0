using System.Net;
using CertHerald.Cli;
using CertHerald.Delivering;
using CertHerald.Fetching;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Cli;

public sealed class GuardedLogsTests
{
    private const string Foreign = "https://lists.example/list.json";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Foreign, false)]
    [InlineData("list.json", true)]
    [InlineData("http://127.0.0.1:9/list.json", true)]
    public async Task Rule_9_7_a_list_from_elsewhere_reaches_no_more_than_a_webhook_and_custom_logs_may_be_anywhere(string list, bool reachesInside)
    {
        await using Receiver inside = Receiver.Start();
        using LogClients clients = GuardedLogs.CreateClients(new OutboundGuard(new OutboundOptions()), "", [list], anyCertificate: true);

        Assert.True(await ReachesAsync(clients.Configured, inside.Url));
        Assert.True(await ReachesAsync(clients.AnyCertificate!, inside.Url));
        Assert.Equal(reachesInside, await ReachesAsync(clients.Listed, inside.Url));
        Assert.Equal(reachesInside ? 3 : 2, inside.Requests.Count);
    }

    [Theory]
    [InlineData("http://169.254.169.254/ct/v1/get-sth")]
    [InlineData("http://[fd00:ec2::254]/ct/v1/get-sth")]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/ct/v1/get-sth")]
    public async Task Rule_9_5_no_log_is_a_metadata_service(string url)
    {
        using LogClients clients = GuardedLogs.CreateClients(new OutboundGuard(new OutboundOptions()), "", ["list.json"], anyCertificate: true);
        foreach (HttpClient client in (HttpClient[])[clients.Configured, clients.Listed, clients.AnyCertificate!]) Assert.False(await ReachesAsync(client, new Uri(url)));
    }

    [Fact]
    public async Task Rule_9_7_our_own_listener_is_no_log()
    {
        await using Receiver own = Receiver.Start();
        var guard = new OutboundGuard(new OutboundOptions());
        guard.Shut([new IPEndPoint(IPAddress.Loopback, own.Port)]);
        using LogClients clients = GuardedLogs.CreateClients(guard, "", []);
        Assert.False(await ReachesAsync(clients.Configured, own.Url));
        Assert.Equal(0, own.Connections);
    }

    /// <summary>False only if the guard refused.</summary>
    private static async Task<bool> ReachesAsync(HttpClient client, Uri url)
    {
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(url, Cancellation);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException failure)
        {
            // What becomes of a log's error is shown by the API: it must not say where the list pointed.
            Assert.DoesNotContain("public address", failure.Message, StringComparison.Ordinal);
            Assert.IsType<OutboundBlockedException>(failure.InnerException);
            return false;
        }
    }
}
