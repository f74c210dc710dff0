using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using CertHerald.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering;

/// <summary>A thousand webhooks over real sockets, most of which misbehave.</summary>
public sealed class IsolationTests
{
    private const int Healthy = 300, Rounds = 3;

    /// <summary>The loop's clock goes so much slower than the wall's that a busy machine is no late delivery.</summary>
    private const int Slower = 10;

    [Fact]
    public async Task Rule_3_3_of_a_thousand_webhooks_the_healthy_ones_get_99_percent_within_a_second_whatever_the_others_do()
    {
        var time = new ConcurrentBag<(string Path, DateTimeOffset At)>();
        DeliveryRig rig = null!;
        await using LoopbackListener server = Misbehaving(path => time.Add((path, rig.Time.GetUtcNow())));
        string[] kinds = [.. Kinds("hang", 200), .. Kinds("drip", 200), .. Kinds("reset", 100), .. Kinds("redirect", 100), .. Kinds("flood", 100), .. Kinds("ok", Healthy)];
        Random.Shared.Shuffle(kinds);
        WebhookOptions[] webhooks = [.. kinds.Select(kind => Given.Webhook(new Uri($"http://127.0.0.1:{server.Port}/{kind}"), kind.Replace('/', '-')))];
        await using DeliveryRig started = rig = await DeliveryRig.StartAsync(webhooks);

        var latencies = new List<TimeSpan>();
        using var wall = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (int round = 0; round < Rounds; round++)
        {
            time.Clear();
            DateTimeOffset committed = rig.Time.GetUtcNow();
            await rig.OweAsync([.. webhooks.Select(webhook => webhook.Name)]);
            while (time.Count(one => one.Path.StartsWith("/ok", StringComparison.Ordinal)) < Healthy)
            {
                Assert.True(rig.Time.GetUtcNow() - committed < TimeSpan.FromSeconds(15), "no attempt that hangs had to end for the healthy ones");
                await wall.WaitForNextTickAsync(TestContext.Current.CancellationToken);
                rig.Time.Advance(wall.Period / Slower);
            }
            latencies.AddRange(time.Where(one => one.Path.StartsWith("/ok", StringComparison.Ordinal)).Select(one => one.At - committed));
        }

        latencies.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine($"p50 {latencies[latencies.Count / 2].TotalMilliseconds} ms, p99 {latencies[latencies.Count * 99 / 100].TotalMilliseconds} ms");
        Assert.Equal(Healthy * Rounds, latencies.Count);
        Assert.True(latencies[latencies.Count * 99 / 100] < TimeSpan.FromSeconds(1), $"{latencies[latencies.Count * 99 / 100]}");
    }

    private static IEnumerable<string> Kinds(string kind, int count) => Enumerable.Range(0, count).Select(i => $"{kind}/{i}");

    /// <summary>Does what the path says, on loopback.</summary>
    private static LoopbackListener Misbehaving(Action<string> arrived) => new(async (socket, stopping) =>
    {
        var buffer = new byte[16 * 1024];
        while (await ReadAsync(socket, buffer, stopping) is { } path)
        {
            arrived(path);
            switch (path.Split('/')[1])
            {
                case "ok":
                    await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), stopping);
                    break;
                case "redirect":
                    await socket.SendAsync("HTTP/1.1 307 Elsewhere\r\nLocation: /ok/never\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), stopping);
                    break;
                case "reset":
                    socket.Close(timeout: 0);
                    return;
                case "drip":
                    using (var slow = new PeriodicTimer(TimeSpan.FromMilliseconds(500)))
                        while (await slow.WaitForNextTickAsync(stopping)) await socket.SendAsync("H"u8.ToArray(), stopping);
                    break;
                case "flood":
                    await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"u8.ToArray(), stopping);
                    while (true) await socket.SendAsync(buffer, stopping);
                default:
                    await Task.Delay(Timeout.Infinite, stopping);
                    break;
            }
        }
    });

    /// <summary>The path of a request that has arrived whole; null at the end.</summary>
    private static async Task<string?> ReadAsync(Socket socket, byte[] buffer, CancellationToken stopping)
    {
        int length = 0;
        while (true)
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(length), stopping);
            if (read == 0) return null;
            length += read;
            string text = Encoding.Latin1.GetString(buffer, 0, length);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0) continue;
            int at = text.IndexOf("Content-Length:", StringComparison.OrdinalIgnoreCase) + "Content-Length:".Length;
            int body = int.Parse(text.AsSpan(at, text.IndexOf('\r', at) - at), System.Globalization.CultureInfo.InvariantCulture);
            if (length >= end + 4 + body) return text.Split(' ')[1];
        }
    }
}
