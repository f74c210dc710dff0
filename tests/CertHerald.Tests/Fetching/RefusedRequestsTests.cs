using CertHerald.Fetching;
using CertHerald.Tests.Doubles;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.Fetching;

/// <summary>Refusals that are about what was asked for, and those that are about how much is asked.</summary>
public sealed class RefusedRequestsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rule_8_11_what_is_always_refused_while_all_else_is_answered_slows_its_host_down_no_further()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.QueryString.Value!.Contains("start=300&", StringComparison.Ordinal) ? 503 : 200;
            return context.Response.WriteAsync("{}");
        });
        var time = new ManualTime();
        using HttpClient client = LogHttp.CreateClient("", LogHttp.CreateHandler());
        using var pacer = new Pacer(time, 8);
        using var asking = new Asking(time);
        var http = new LogHttp(client, server.Url, "a log", pacer, time, asking.Counter);

        for (int i = 0; i < 20; i++)
        {
            // However much of it is asked for.
            LogUnavailableException e = await Assert.ThrowsAsync<LogUnavailableException>(() => http.GetAsync($"get-entries?start=300&end={400 - i}", LogHttp.LargeCap, RequestPriority.CatchUp, Cancellation));
            Assert.Equal((i + 1 >= RefusedRequests.Enough, i + 1 < RefusedRequests.Enough), (e.IsItsOwn, e.IsThrottled));
            time.Advance(TimeSpan.FromMinutes(5));
            (await http.GetAsync($"get-entries?start={i}&end={i}", LogHttp.LargeCap, RequestPriority.Tip, Cancellation)).Dispose();
            time.Advance(TimeSpan.FromSeconds(30));
        }

        Assert.InRange(pacer.Rate.PerSecond, 5, 8);
    }

    [Fact]
    public async Task Rule_8_8_what_is_refused_again_and_again_while_only_heads_are_answered_is_refused_for_its_pace()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/get-sth" ? 200 : 429;
            return context.Response.WriteAsync("{}");
        });
        var time = new ManualTime();
        using HttpClient client = LogHttp.CreateClient("", LogHttp.CreateHandler());
        using var pacer = new Pacer(time, 8);
        using var asking = new Asking(time);
        var http = new LogHttp(client, server.Url, "a log", pacer, time, asking.Counter);

        for (int i = 0; i < 10; i++)
        {
            LogUnavailableException e = await Assert.ThrowsAsync<LogUnavailableException>(() => http.GetAsync("get-entries?start=300&end=400", LogHttp.LargeCap, RequestPriority.CatchUp, Cancellation));
            Assert.True(e.IsThrottled);
            time.Advance(TimeSpan.FromMinutes(5));
            (await http.GetAsync("get-sth", LogHttp.SmallCap, RequestPriority.Head, Cancellation)).Dispose();
            time.Advance(TimeSpan.FromSeconds(30));
        }
    }
}
