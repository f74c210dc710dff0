using System.Collections;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>Both feeds of a whole service: what a log shows comes out of them.</summary>
public sealed class FeedsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_certificate_that_is_logged_comes_out_of_both_feeds_watched_or_not()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["certstream"] = new JsonObject { ["enabled"] = true, ["anonymous"] = true };
        string file = rig.WriteConfiguration();
        await using HeraldHost service = await HeraldHost.StartAsync(
            () => Configuration.Read(file, new CommandLineOverrides(), new Hashtable()), Cancellation, Microsoft.Extensions.Logging.LogLevel.None);
        LocalAccess access = LocalAccess.Find(rig.Data);
        using var client = new HttpClient { BaseAddress = service.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", access.Key);
        using var listener = new ClientWebSocket();
        await listener.ConnectAsync(new Uri($"ws://127.0.0.1:{service.Address.Port}/domains-only"), Cancellation);
        await Eventually.HappensAsync(async () => (await client.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancellation)).Contains("\ncertherald_certstream_clients 1\n", StringComparison.Ordinal));
        // Read from the start, a log's first entries are caught up with; what comes after that is at its tip.
        await rig.ReadToHeadAsync();

        rig.Log.AddChain(rig.Ca.Issue("elsewhere.example.net").Chain);
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);

        var heard = new HashSet<string>(StringComparer.Ordinal);
        byte[] message = new byte[4096];
        while (heard.Count < 2)
        {
            ValueWebSocketReceiveResult received = await listener.ReceiveAsync(message.AsMemory(), Cancellation);
            // Heartbeats have none.
            if (JsonElement.Parse(message.AsSpan(0, received.Count)).TryGetProperty("data", out JsonElement names)) heard.Add(names[0].GetString()!);
        }
        Assert.Equal(["elsewhere.example.net", "www.example.com"], heard.Order(StringComparer.Ordinal));

        await using Stream events = await client.GetStreamAsync(new Uri("/api/events?after=0-0-0-0&kinds=issuance,delivery", UriKind.Relative), Cancellation);
        var kinds = new List<string>();
        await foreach (SseItem<string> item in SseParser.Create(events).EnumerateAsync(Cancellation))
        {
            kinds.Add(item.EventType);
            if (item.EventType == "delivery") break;
        }
        Assert.Equal(["begin", "issuance", "delivery"], kinds);
    }
}
