using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace CertHerald.Benchmarks;

/// <summary>How long the program takes to begin: the median of some starts, by the clock.</summary>
internal static class StartBenchmark
{
    private const int Starts = 11;

    public static async Task<IReadOnlyList<Row>> RunAsync(string program) =>
    [
        ToRow("certherald version, to its end", await MedianAsync(() => VersionAsync(program)), "≤ 0.4 s"),
        ToRow("certherald scan, to its first request", await MedianAsync(() => ScanAsync(program)), "≤ 0.6 s"),
    ];

    private static Row ToRow(string what, double seconds, string goal) => new("P11", $"start of {what}", $"{Row.Number(seconds, "0.00")} s", goal, $"median of {Starts}");

    private static async Task<double> MedianAsync(Func<Task<double>> start)
    {
        await start();                                         // reads the files from the disk
        var seconds = new List<double>();
        for (int i = 0; i < Starts; i++) seconds.Add(await start());
        return seconds.Order().ElementAt(Starts / 2);
    }

    private static async Task<double> VersionAsync(string program)
    {
        long began = Stopwatch.GetTimestamp();
        using Process version = Process.Start(new ProcessStartInfo(program, "version") { RedirectStandardOutput = true })!;
        await version.StandardOutput.ReadToEndAsync();
        await version.WaitForExitAsync();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>To the connection for it: the log is only a port.</summary>
    private static async Task<double> ScanAsync(string program)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string list = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(list, ListOf(((IPEndPoint)listener.LocalEndpoint).Port));
            long began = Stopwatch.GetTimestamp();
            using Process scan = Process.Start(new ProcessStartInfo(program, ["scan", "--log-list", list, "--watch", ".example.com"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            Task<TcpClient> asked = listener.AcceptTcpClientAsync();
            if (await Task.WhenAny(asked, scan.WaitForExitAsync()) != asked) throw new InvalidOperationException($"scan asked nothing: {await scan.StandardError.ReadToEndAsync()}");
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            scan.Kill();
            await scan.WaitForExitAsync();
            (await asked).Dispose();
            return seconds;
        }
        finally
        {
            File.Delete(list);
        }
    }

    private static string ListOf(int port)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] spki = key.ExportSubjectPublicKeyInfo();
        var log = new JsonObject { ["description"] = "a port", ["log_id"] = Convert.ToBase64String(SHA256.HashData(spki)), ["key"] = Convert.ToBase64String(spki), ["url"] = $"http://127.0.0.1:{port}/", ["mmd"] = 86_400 };
        return new JsonObject { ["version"] = "1.0", ["operators"] = new JsonArray(new JsonObject { ["name"] = "nobody", ["logs"] = new JsonArray(log) }) }.ToJsonString();
    }
}
