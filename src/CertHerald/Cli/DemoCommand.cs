using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Dialects;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Dialects.Meta;
using CertHerald.Dialects.Native;
using CertHerald.Fetching;
using CertHerald.Names.Lookalikes;
using CertHerald.TestLog;

namespace CertHerald.Cli;

/// <summary><c>certherald demo</c>: the whole product on one machine, without a network.</summary>
internal static class DemoCommand
{
    /// <summary>How long one step may take before the demo says that it failed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        var once = new Option<bool>("--once") { Description = "Stop after every kind of alert was delivered once; exit code 1 if one was not." };
        var command = new Command("demo", "Shows the whole product on this machine, without a network: a log, a receiver, the service, and certificates issued live.") { once };
        command.SetAction((parsed, stopping) => RunAsync(parsed.GetValue(once), stopping));
        return command.WithExamples("""
            certherald demo
            certherald demo --once
            """);
    }

    private static async Task<int> RunAsync(bool once, CancellationToken stopping)
    {
        string data = Directory.CreateTempSubdirectory("certherald-demo-").FullName;
        try
        {
            using var ca = new TestCa("Demo CA");
            using ECDsa ownKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            await using var log = new Log(new TestLog.LogOptions { Description = "Demo log", Operator = "Demo", PublishOnAdd = true });
            await using LogServer logServer = await LogServer.StartAsync(log, cancellation: stopping);
            await using DemoReceiver receiver = await DemoReceiver.StartAsync(stopping);
            CertHeraldOptions options = Options(data, logServer, receiver.Address, ownKey);
            await using HeraldHost service = await HeraldHost.StartAsync(() => options, stopping, LogLevel.Warning, [new HurriedDialect(new CertSpotterDialect()), new NativeDialect(), new MetaDialect()]);

            Console.Out.WriteLine($"""
                CertHerald demo: a log, a webhook receiver and the service, all on this machine.

                  log        {logServer.Url} (RFC 6962) and {logServer.MonitoringUrl} (static-ct)
                  watched    .example.com; look-alikes of example.com
                  receivers  {receiver.Address}siem, and {receiver.Address}flaky, which fails twice before it takes a delivery;
                             {receiver.Address}pager, which hears of look-alikes, and what concerns whoever runs the service;
                             {receiver.Address}meta, which an app subscribes by Meta's API
                             (retries come 30 times faster here than in service)
                  console    {options.PublicUrl}/console
                  sign in    {service.CreateLoginLink(options.PublicUrl)}
                             (once, within 10 minutes)

                """);
            var script = new DemoScript(ca, log, ownKey, service, receiver, Patience);
            bool all = await script.RunAsync(stopping);
            if (once || !all)
            {
                Console.Out.WriteLine(all ? "\nEvery kind of alert was delivered." : "\nNot every kind of alert was delivered.");
                return all ? CommandLine.Done : CommandLine.Failed;
            }

            Console.Out.WriteLine("\nA certificate every 10 seconds from here on. Ctrl-C ends the demo.");
            await script.GoOnAsync(stopping);
            return CommandLine.Done;
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static CertHeraldOptions Options(string data, LogServer log, Uri receiver, ECDsa ownKey)
    {
        string listen = $"http://127.0.0.1:{FreePort()}";
        string ownKeyHash = Convert.ToHexStringLower(SHA256.HashData(ownKey.ExportSubjectPublicKeyInfo()));
        var interval = TimeSpan.FromMilliseconds(300);
        return new CertHeraldOptions
        {
            Data = data,
            Listen = new Uri(listen),
            PublicUrl = listen,
            Watch = WatchLists.Read([".example.com"], []),
            Lookalikes = [new ProtectedDomain { Name = "example.com" }],
            Known = new KnownCertificates(
                new HashSet<string>(),
                new Dictionary<string, IReadOnlySet<string>> { [ownKeyHash] = new HashSet<string> { "www.example.com", "example.com" } }),
            Logs = new Fetching.LogOptions
            {
                Lists = [],
                Start = LogStart.Beginning,
                Custom =
                [
                    new CustomLogOptions { Description = "Demo log", Key = Convert.ToBase64String(log.Log.Rfc6962Key.Spki.Span), Url = log.Url.ToString(), HeadInterval = interval },
                    new CustomLogOptions
                    {
                        Description = "Demo log, tiled",
                        Key = Convert.ToBase64String(log.Log.StaticCtKey.Spki.Span),
                        SubmissionUrl = log.SubmissionUrl.ToString(),
                        MonitoringUrl = log.MonitoringUrl.ToString(),
                        HeadInterval = interval,
                    },
                ],
            },
            Webhooks =
            [
                new WebhookOptions { Name = "siem", Dialect = "certspotter", Url = new Uri(receiver, "siem"), Credentials = ("demo", "secret"), Events = [EventKinds.UnknownCertificate, EventKinds.MalformedCertificate] },
                new WebhookOptions { Name = "flaky", Dialect = "certspotter", Url = new Uri(receiver, "flaky"), Events = [EventKinds.UnknownCertificate] },
                new WebhookOptions { Name = "pager", Dialect = "native", Url = new Uri(receiver, "pager"), Events = [EventKinds.Operator, EventKinds.Lookalike], Signer = WebhookSigners.Of([SigningSecret.New()], []) },
            ],
            Outbound = new OutboundOptions { Allow = [new IPNetwork(IPAddress.Loopback, 32)] },
        };
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The dialect, with a schedule that a person can wait for.</summary>
    private sealed class HurriedDialect(IWebhookDialect dialect) : IWebhookDialect
    {
        public string Name => dialect.Name;

        public DeliveryRules Rules { get; } = dialect.Rules with
        {
            Schedule = dialect.Rules.Schedule with { Offsets = [.. dialect.Rules.Schedule.Offsets.Select(offset => offset / 30)] },
        };

        public string NameOfDead => dialect.NameOfDead;

        public bool TellsByDomain => dialect.TellsByDomain;

        public bool Speaks(string kind) => dialect.Speaks(kind);

        public void Write(DeliverySubject subject, System.Buffers.IBufferWriter<byte> body) => dialect.Write(subject, body);

        public void WriteTest(string baseUrl, DateTimeOffset now, System.Buffers.IBufferWriter<byte> body) => dialect.WriteTest(baseUrl, now, body);
    }
}
