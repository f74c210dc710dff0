using System.Text.Json.Nodes;
using CertHerald.TestLog;

namespace CertHerald.Benchmarks;

/// <summary>What reading a log costs the service: from 3 % of its entries on, so that no start is in it, to the last.</summary>
internal static class ReadingCost
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <param name="server">Of a log that nobody else reads meanwhile.</param>
    /// <param name="ended">Looks at the service when all is read; null: nobody does.</param>
    /// <returns>Processor seconds of the service for a million entries.</returns>
    public static async Task<double> PerMillionAsync(
        string program, LogServer server, LogProtocol protocol, ulong entries, ServiceSetup setup, Func<ServiceProcess, Task>? ended = null)
    {
        ulong first = entries * 3 / 100;
        server.Log.Misbehave($"size={first}");
        var logs = new JsonObject { ["start"] = "start", ["custom"] = new JsonArray(ServiceProcess.Describe(server, protocol, "read", "200ms")) };
        await using ServiceProcess service = await ServiceProcess.StartAsync(program, logs, [], setup);
        await service.ReachesAsync(first, Patience, "certherald_entries_total");

        TimeSpan before = service.Processor;
        server.Log.Behave();
        await service.ReachesAsync(entries, Patience, "certherald_entries_total");
        double seconds = (service.Processor - before).TotalSeconds;
        if (ended is not null) await ended(service);
        return seconds * 1e6 / (entries - first);
    }
}
