using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Fetching;
using CertHerald.Tests.Architecture;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Fetching;

/// <summary>A certificate may name an address where its issuer's can be got. The platform asks there by itself, past the guard.</summary>
public sealed partial class ClientTlsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("webhook")]
    [InlineData("log")]
    [InlineData("log of any certificate")]
    [InlineData("proxy")]
    [InlineData("mail")]
    public async Task Rule_9_7_the_address_that_a_servers_certificate_names_is_never_asked(string way)
    {
        int asked = 0, met = 0;
        await using var inside = new LoopbackListener((_, _) =>
        {
            Interlocked.Increment(ref asked);
            return Task.CompletedTask;
        });
        using X509Certificate2 certificate = OfAnUnknownIssuer("hooks.example", $"http://127.0.0.1:{inside.Port}/issuer.crt");
        SslStreamCertificateContext shown = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        await using var server = new LoopbackListener(async (socket, stopping) =>
        {
            Interlocked.Increment(ref met);
            await using var encrypted = new SslStream(new NetworkStream(socket));
            await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = shown }, stopping);
            // Whoever trusts it nevertheless gets no answer.
        });
        var guard = new OutboundGuard(Given.LoopbackAllowed, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
        var url = new Uri($"https://hooks.example:{server.Port}/");

        Exception? failure = await Record.ExceptionAsync(() => AskAsync(way, guard, url));

        Assert.NotNull(failure);
        Assert.InRange(Volatile.Read(ref met), 1, int.MaxValue);
        Assert.Equal(0, Volatile.Read(ref asked));
    }

    /// <summary>What speaks TLS, or has others do so, says how; what makes its own handlers can be counted on a hand.</summary>
    [Fact]
    public void Rule_9_7_there_is_one_way_to_speak_TLS_and_every_handler_takes_it()
    {
        foreach (SourceFile file in SourceFile.All("src/CertHerald"))
        {
            if (file.Path != "src/CertHerald/Fetching/ClientTls.cs")
                Assert.False(file.Text.Contains("new SslClientAuthenticationOptions", StringComparison.Ordinal) || file.Text.Contains("SslOptions = {", StringComparison.Ordinal), file.Path);
            int speakers = Speakers().Count(file.Text), told = Told().Count(file.Text);
            // The commands' own, to the service beside them, in the clear.
            if (file.Path != "src/CertHerald/Cli/LocalAccess.cs") Assert.True(speakers == told, $"{file.Path}: {speakers} speak TLS, {told} say how");
        }
    }

    private static async Task AskAsync(string way, OutboundGuard guard, Uri url)
    {
        switch (way)
        {
            case "webhook":
            case "log":
            case "log of any certificate":
                Func<SocketsHttpHandler> create = way == "webhook" ? guard.CreateHandler : () => LogHttp.CreateHandler(takesAnyCertificate: way != "log");
                using (var http = new HttpMessageInvoker(guard.Through(create)))
                using (var request = new HttpRequestMessage(HttpMethod.Get, url))
                using (await http.SendAsync(request, Cancellation)) { }
                break;
            case "proxy":
                Assert.True(OutboundProxy.TryParse(url.AbsoluteUri, out OutboundProxy? proxy, out _));
                await proxy.OpenTunnelAsync(await ConnectAsync(guard, url), "public.example", 443, Cancellation);
                break;
            default:
                using (var client = new MailClient(trust: null))
                    await client.ConnectAsync(await ConnectAsync(guard, url), url.Host, url.Port, MailKit.Security.SecureSocketOptions.SslOnConnect, Cancellation);
                break;
        }
    }

    private static Task<Stream> ConnectAsync(OutboundGuard guard, Uri url) => guard.ConnectAsync(url.Host, url.Port, isEncrypted: true, OutboundReach.Named, Cancellation);

    private static X509Certificate2 OfAnUnknownIssuer(string name, string issuersAddress)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using var issuersKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issuersRequest = new CertificateRequest("CN=nobody knows it", issuersKey, HashAlgorithmName.SHA256);
        issuersRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 issuer = issuersRequest.CreateSelfSigned(now.AddDays(-30), now.AddDays(30));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: [], caIssuersUris: [issuersAddress]));
        using X509Certificate2 signed = request.Create(issuer, now.AddDays(-1), now.AddDays(1), [1, 2, 3]);
        return signed.CopyWithPrivateKey(key);
    }

    [GeneratedRegex(@"new SslStream\(|new SocketsHttpHandler\b|SocketsHttpHandler CreateHandler\((WebhookTls\? tls)?\) => new\(\)|\bGetSslClientAuthenticationOptions\(")]
    private static partial Regex Speakers();

    [GeneratedRegex(@"\bClientTls\.Options\(")]
    private static partial Regex Told();
}
