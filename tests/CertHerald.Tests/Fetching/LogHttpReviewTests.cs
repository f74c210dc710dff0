using System.Net.Sockets;
using CertHerald.Fetching;

namespace CertHerald.Tests.Fetching;

public sealed class LogHttpReviewTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_that_swallows_packets_is_unavailable_and_nothing_worse()
    {
        using var asking = new Asking();
        using var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(20),
            ConnectCallback = async (_, cancellation) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                return new NetworkStream(new Socket(SocketType.Stream, ProtocolType.Tcp));
            },
        };
        using var client = new HttpClient(handler);
        using var pacers = new Pacers(TimeProvider.System);
        var url = new Uri("http://192.0.2.1/");
        var http = new LogHttp(client, url, "a log", pacers.For("an operator", url, isCustom: true), TimeProvider.System, asking.Counter);

        LogUnavailableException failure = await Assert.ThrowsAsync<LogUnavailableException>(
            () => http.GetAsync("checkpoint", LogHttp.SmallCap, RequestPriority.Head, Cancellation));

        Assert.Contains("no connection in time", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["timeout"], asking.Outcomes);
    }
}
