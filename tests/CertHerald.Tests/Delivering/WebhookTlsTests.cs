using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Storage;
using CertHerald.Tests.Deciding;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering;

/// <summary>delivery.md §4.3, meta.md §3.1 and §7.7: private CAs and client certificates, and no way to trust everybody.</summary>
public sealed class WebhookTlsTests : IAsyncDisposable
{
    private static readonly DeliveryRules Rules = new CertSpotterDialect().Rules;

    private readonly X509Certificate2 _certificate = MadeCertificate.For("hooks.example");
    private readonly Receiver _receiver;

    public WebhookTlsTests() => _receiver = Receiver.StartWithTls(MadeCertificate.Copy(_certificate), asksForCertificate: true);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Ca => _certificate.ExportCertificatePem();

    public async ValueTask DisposeAsync()
    {
        await _receiver.DisposeAsync();
        _certificate.Dispose();
    }

    [Fact]
    public async Task A_receiver_of_a_private_CA_is_believed_by_its_own_webhook_or_by_all_and_by_nobody_else()
    {
        using var other = new MadeCa("Org", "another CA");

        Assert.Equal(AttemptOutcome.Tls, (await PostAsync(Webhook(null))).Outcome);
        Assert.Equal(AttemptOutcome.Tls, (await PostAsync(Webhook(Read(ca: other.Pem)))).Outcome);
        Assert.Equal(AttemptOutcome.Delivered, (await PostAsync(Webhook(Read(ca: Ca)))).Outcome);
        Assert.Equal(AttemptOutcome.Delivered, (await PostAsync(Webhook(null), Beside(Ca))).Outcome);
        // Its own stand in place of what all believe.
        Assert.Equal(AttemptOutcome.Tls, (await PostAsync(Webhook(Read(ca: other.Pem)), Beside(Ca))).Outcome);
    }

    [Fact]
    public async Task A_private_CA_of_all_is_in_force_when_the_configuration_is_read_again_and_no_longer_when_it_is_gone()
    {
        OutboundGuard guard = Guard(null);
        using var sender = new WebhookSender(guard, TimeProvider.System);
        foreach ((PrivateTrust? trust, AttemptOutcome expected) in ((PrivateTrust?, AttemptOutcome)[])[(null, AttemptOutcome.Tls), (Beside(Ca), AttemptOutcome.Delivered), (null, AttemptOutcome.Tls)])
        {
            guard.Use(Given.LoopbackAllowed with { Trust = trust });
            Assert.Equal(expected, (await sender.PostAsync(Webhook(null), Rules, "key", "{}"u8.ToArray(), Cancellation)).Outcome);
        }
    }

    [Fact]
    public void What_this_machine_trusts_is_trusted_beside_a_private_CA_of_all_and_not_beside_a_webhooks_own()
    {
        using var machine = new X509Store(StoreName.Root, StoreLocation.LocalMachine);
        machine.Open(OpenFlags.ReadOnly);

        Assert.True(Beside(Ca).Policy.CustomTrustStore.Count > machine.Certificates.Count);
        // A reload renews connections only if some root is another.
        Assert.Equal(Beside(Ca).Mark, Beside(Ca).Mark);
        Assert.Equal(_certificate.Thumbprint, Assert.Single(Read(ca: Ca).Trust!.CustomTrustStore).Thumbprint);
        Assert.All([Beside(Ca).Policy, Read(ca: Ca).Trust!], policy => Assert.Equal(X509VerificationFlags.NoFlag, policy.VerificationFlags));
    }

    [Fact]
    public async Task A_client_certificate_is_shown_by_its_own_webhook_only_and_no_connection_is_shared()
    {
        using X509Certificate2 client = MadeCertificate.For("certherald"), another = MadeCertificate.For("another tenant");
        WebhookTls known = Read(client.ExportCertificatePem(), KeyOf(client), Ca), renewed = Read(another.ExportCertificatePem() + "\n" + KeyOf(another), null, Ca);
        using var sender = new WebhookSender(Guard(null), TimeProvider.System);

        foreach (WebhookTls tls in (WebhookTls[])[known, Read(ca: Ca), renewed, known])
            Assert.Equal(AttemptOutcome.Delivered, (await sender.PostAsync(Webhook(tls), Rules, "key", "{}"u8.ToArray(), Cancellation)).Outcome);

        // Four requests, three connections: the last goes over the first one's.
        Assert.Equal([Sha256Of(client), null, Sha256Of(another)], _receiver.Shown);
        Assert.Equal(4, _receiver.Requests.Count);
    }

    [Fact]
    public async Task The_question_whether_a_receiver_wants_to_be_one_is_asked_with_the_same_certificate()
    {
        using X509Certificate2 client = MadeCertificate.For("certherald");
        WebhookHandshakeTests.Challenged(_receiver, challenge => Receiver.Answer(200, challenge));
        using var handshake = new WebhookHandshake(Guard(null), TimeProvider.System);

        Assert.NotNull(await handshake.AskAsync(Webhook(null), "t", Cancellation));
        Assert.Null(await handshake.AskAsync(Webhook(Read(client.ExportCertificatePem(), KeyOf(client), Ca)), "t", Cancellation));

        Assert.Equal(Sha256Of(client), _receiver.Shown[^1]);
    }

    [Fact]
    public async Task Connections_that_nobody_uses_any_more_are_let_go()
    {
        var time = new ManualTime();
        using var clients = new WebhookClients(Guard(null), time);
        HttpMessageInvoker first = clients.For(Read(ca: Ca));
        Assert.Same(first, clients.For(Read(ca: Ca)));
        Assert.NotSame(first, clients.For(Read(ca: Ca), isOnce: true));
        Assert.NotSame(first, clients.For(null));

        time.Advance(TimeSpan.FromHours(1));
        clients.For(null, isOnce: true);

        Assert.NotSame(first, clients.For(Read(ca: Ca)));
        using var request = new HttpRequestMessage(HttpMethod.Get, Url);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => first.SendAsync(request, Cancellation));
    }

    [Fact]
    public void What_cannot_be_used_is_said_by_member_and_not_repeated()
    {
        using X509Certificate2 client = MadeCertificate.For("certherald"), stranger = MadeCertificate.For("stranger");
        using var ca = new MadeCa("Org", "CA");
        using var below = new MadeCa("Org", "below", issuer: "CN=CA, O=Org");
        using ECDsa key = client.GetECDsaPrivateKey()!;
        string certificate = client.ExportCertificatePem(), encrypted = key.ExportEncryptedPkcs8PrivateKeyPem("canary", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1));
        foreach ((string member, string says, string? chain, string? given, string? roots) in ((string, string, string?, string?, string?)[])
        [
            ("client_certificate", "is missing", null, KeyOf(client), null),
            ("client_certificate", "holds no certificate", "canary", KeyOf(client), null),
            ("client_certificate", "holds no certificate", "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----", KeyOf(client), null),
            ("client_certificate", "too long", certificate + new string(' ', WebhookTls.LongestText), KeyOf(client), null),
            ("client_key", "is missing", certificate, null, null),
            ("client_key", "is missing", certificate, "canary", null),
            ("client_key", "is not the key", certificate, KeyOf(stranger), null),
            ("client_key", "is not the key", certificate, "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----", null),
            ("client_key", "is encrypted with a password", certificate, encrypted, null),
            ("ca", "holds no certificate", null, null, "canary"),
            ("ca", "holds no root", null, null, below.Pem),
        ])
        {
            Assert.False(WebhookTls.TryRead(chain, given, roots, out _, out TlsMistake? mistake), says);
            Assert.Equal(member, mistake.Member);
            Assert.Contains(says, mistake.Problem, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", mistake.ToString(), StringComparison.Ordinal);
        }
        Assert.True(WebhookTls.TryRead(null, null, below.Pem + "\n" + ca.Pem, out _, out _));
        Assert.True(WebhookTls.TryRead(null, null, null, out WebhookTls? nothing, out _));
        Assert.Null(nothing);
        Assert.DoesNotContain("PRIVATE", Read(certificate, KeyOf(client)).ToString(), StringComparison.Ordinal);
    }

    internal static WebhookTls Read(string? certificate = null, string? key = null, string? ca = null)
    {
        Assert.True(WebhookTls.TryRead(certificate, key, ca, out WebhookTls? tls, out TlsMistake? mistake), mistake?.ToString());
        return tls!;
    }

    internal static string KeyOf(X509Certificate2 certificate)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    internal static string Sha256Of(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));

    private Uri Url => new($"https://hooks.example:{_receiver.Port}/hook");

    private static PrivateTrust Beside(string ca)
    {
        Assert.True(PrivateTrust.TryRead(ca, isAlone: false, out PrivateTrust? trust, out string? mistake), mistake);
        return trust;
    }

    private static OutboundGuard Guard(PrivateTrust? trust) =>
        new(Given.LoopbackAllowed with { Trust = trust }, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));

    private WebhookOptions Webhook(WebhookTls? tls) => Given.Webhook(Url) with { Tls = tls };

    private static async Task<Answer> PostAsync(WebhookOptions webhook, PrivateTrust? trust = null)
    {
        using var sender = new WebhookSender(Guard(trust), TimeProvider.System);
        return await sender.PostAsync(webhook, Rules, "key", "{}"u8.ToArray(), Cancellation);
    }
}
