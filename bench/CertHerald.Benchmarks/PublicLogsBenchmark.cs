using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using CertHerald.Benchmarks.Lookalikes;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks;

/// <summary>
/// As many logs as public ones are usable, of both kinds, which grow together as all public logs do, over TLS, and gzipped where
/// this machine's name leads to 127.0.0.1. A certificate is logged in three of them within seconds. Two services read
/// the same logs at the same time, one of them with look-alikes on, so that what else the machine does is in both.
/// </summary>
internal static class PublicLogsBenchmark
{
    private const int Plain = 27, Tiled = 25, Watched = 100_000, Protected = 1_000;

    /// <summary>Logs k, k + 18 and k + 36 hold the same certificates.</summary>
    private const int Apart = 18;

    /// <summary>Entries that each log has before anybody reads it.</summary>
    private const ulong Before = 2_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3), Second = TimeSpan.FromSeconds(1);

    /// <summary>RFC 6962 logs publish a head each so many seconds, tiled ones each second.</summary>
    private const int PlainEvery = 10;

    public static async Task<IReadOnlyList<Row>> RunAsync(string program, bool quick, Predicate<string> wanted)
    {
        RealNames? names = RealNames.Read(200_000);
        string host = LeadsHere(Dns.GetHostName()) ? Dns.GetHostName() : "127.0.0.1";
        bool isGzipped = host != "127.0.0.1";
        string folder = Directory.CreateTempSubdirectory("certherald-bench-").FullName;
        using X509Certificate2 certificate = Certify(host);
        var servers = new List<LogServer>();
        try
        {
            string trusted = Path.Combine(folder, "trusted.pem");
            await File.WriteAllTextAsync(trusted, certificate.ExportCertificatePem());
            var corpora = new List<SyntheticCorpus>();
            for (int k = 0; k < Plain + Tiled; k++)
            {
                ulong number = (ulong)(k % Apart);
                corpora.Add(new SyntheticCorpus(new SyntheticCorpusOptions { Seed = (ulong)k, Names = names is null ? null : index => names[index * Apart + number], WatchedDomains = ["watched-7.net"] }));
                var log = new Log();
                log.AddCorpus(corpora[k].Entries(new EntryIndex(0), Before));
                log.Publish();
                servers.Add(await LogServer.StartAsync(log, new LogServerOptions { Host = host, Certificate = certificate }));
            }

            var setup = new ServiceSetup { TrustFile = trusted, Watch = [.. Enumerable.Range(0, Watched).Select(i => $".watched-{i}.net")], Prepare = names is null ? null : names.Prepare };
            ServiceProcess service = await ServiceProcess.StartAsync(program, Logs(servers), [], setup);
            ServiceProcess? judging = null;
            try
            {
                if (wanted("S7") && names is not null) judging = await ServiceProcess.StartAsync(program, Logs(servers), [], setup with { Protected = names.Protected(Protected) });
                foreach (ServiceProcess? one in (ServiceProcess?[])[service, judging])
                    if (one is not null) await one.ReachesAsync((Plain + Tiled) * (double)Before, Patience, "certherald_log_tree_size");
                if (judging is not null) await judging.SaysAsync("ordinary names", Patience);

                var rows = new List<Row>();
                Used[] now = await GrowAsync(servers, corpora, 2_000, quick, service, judging);
                string logs = $"{Plain} RFC 6962, {Tiled} static-ct, TLS{(isGzipped ? ", gzip" : ", no gzip: this machine's name leads elsewhere")}";
                if (wanted("P12")) rows.Add(now[0].ToRow("P12", "all public logs at 2,000 entries/s, 100,000 watched domains", "≤ 0.1", logs));
                if (wanted("S7"))
                {
                    rows.Add(judging is null
                        ? new Row("S7", "P12 with look-alikes of 1,000 domains on", "", "≤ 1.3×", "left out: no data")
                        : new Row("S7", "P12 with look-alikes of 1,000 domains on", $"{Row.Number(now[1].Cores / now[0].Cores, "0.00")}×", "≤ 1.3×", $"{Row.Number(now[1].Cores, "0.000")} to {Row.Number(now[0].Cores, "0.000")} core, of the same logs at the same time; {Row.Number(now[1].PerSecond)} entries/s"));
                }
                if (judging is not null) await judging.DisposeAsync();
                judging = null;
                if (wanted("P12")) rows.Add((await GrowAsync(servers, corpora, 10_000, quick, service, null))[0].ToRow("P12", "the same at 10,000 entries/s", "≤ 0.5", logs));
                return rows;
            }
            finally
            {
                await service.DisposeAsync();
                if (judging is not null) await judging.DisposeAsync();
            }
        }
        finally
        {
            foreach (LogServer server in servers)
            {
                await server.DisposeAsync();
                await server.Log.DisposeAsync();
            }
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Lets the logs grow for a while, and measures after a third of it.</summary>
    private static async Task<Used[]> GrowAsync(List<LogServer> servers, List<SyntheticCorpus> corpora, int perSecond, bool quick, ServiceProcess service, ServiceProcess? judging)
    {
        int seconds = quick ? 45 : 150;
        ServiceProcess[] services = judging is null ? [service] : [service, judging];
        ulong[] from = [.. servers.Select(server => server.Log.Size.Value)];
        (TimeSpan Processor, double Entries, long At)[] began = [];
        using var clock = new PeriodicTimer(Second);
        var watch = Stopwatch.StartNew();
        for (int tick = 0; watch.Elapsed.TotalSeconds < seconds; tick++)
        {
            await clock.WaitForNextTickAsync();
            if (began.Length == 0 && watch.Elapsed.TotalSeconds >= seconds / 3.0) began = await NowAsync();
            double elapsed = watch.Elapsed.TotalSeconds;
            for (int k = 0; k < servers.Count; k++)
            {
                if (k < Plain && tick % PlainEvery != k % PlainEvery) continue;
                Log log = servers[k].Log;
                ulong until = from[k] + (ulong)(elapsed * perSecond / servers.Count), size = log.Size.Value;
                if (until <= size) continue;
                log.AddCorpus(corpora[k].Entries(new EntryIndex(size), until - size));
                log.Publish();
            }
        }
        (TimeSpan Processor, double Entries, long At)[] ended = await NowAsync();
        return
        [
            .. began.Zip(ended, (before, after) =>
            {
                double took = Stopwatch.GetElapsedTime(before.At, after.At).TotalSeconds;
                double entries = after.Entries - before.Entries;
                return new Used((after.Processor - before.Processor).TotalSeconds / entries * perSecond, entries / took);
            }),
        ];

        async Task<(TimeSpan Processor, double Entries, long At)[]> NowAsync()
        {
            var now = new List<(TimeSpan Processor, double Entries, long At)>();
            foreach (ServiceProcess one in services)
            {
                double entries = await one.MetricAsync("certherald_entries_total");
                now.Add((one.Processor, entries, Stopwatch.GetTimestamp()));
            }
            return [.. now];
        }
    }

    private static JsonObject Logs(List<LogServer> servers) => new()
    {
        ["start"] = "end",
        ["custom"] = new JsonArray([.. servers.Select((server, k) => ServiceProcess.Describe(server, k < Plain ? LogProtocol.Rfc6962 : LogProtocol.StaticCt, $"log {k}", null))]),
    };

    /// <summary>Whether a name leads to where logs are served. What is named by its address on loopback is asked for nothing gzipped, which public logs send.</summary>
    private static bool LeadsHere(string name)
    {
        try
        {
            return Dns.GetHostAddresses(name).FirstOrDefault() is { } first && first.Equals(IPAddress.Loopback);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static X509Certificate2 Certify(string host)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=benchmark", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out IPAddress? address)) names.AddIpAddress(address);
        else names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        // SslStream on some systems takes only keys that came from a file.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    /// <param name="Cores">Processor seconds for the entries of a second. Not by the clock: where the machine has no time for all of them, less is read.</param>
    /// <param name="PerSecond">Entries that were read a second.</param>
    private sealed record Used(double Cores, double PerSecond)
    {
        public Row ToRow(string id, string what, string goal, string logs) =>
            new(id, what, $"{Row.Number(Cores, "0.000")} core", goal, $"{Row.Number(PerSecond)} entries/s read meanwhile; {logs}");
    }
}
