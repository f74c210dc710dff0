using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering;

public sealed class OutboundGuardTests
{
    private static readonly OutboundOptions LoopbackAllowed = new() { Allow = [IPNetwork.Parse("127.0.0.0/8")] };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    [InlineData("localhost.")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("①②⑦.⓪.⓪.①")]
    [InlineData("127。0。0。1")]
    [InlineData("[fe80::1%25eth0]")]
    [InlineData("[64:ff9b::7f00:1]")]
    public async Task T10_loopback_in_every_spelling_is_refused(string host)
    {
        var uri = new Uri($"https://{host}/");
        await Assert.ThrowsAsync<OutboundBlockedException>(() => new OutboundGuard(new OutboundOptions()).FindAllowedAsync(uri.IdnHost, 443, true, Cancellation));
    }

    [Fact]
    public async Task T9_one_private_address_among_public_ones_refuses_all()
    {
        var guard = new OutboundGuard(new OutboundOptions(), Answering("8.8.8.8", "10.0.0.1"));
        await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync("mixed.example", 443, true, Cancellation));
    }

    [Fact]
    public async Task T9_a_name_that_turns_private_after_it_was_saved_is_refused_when_connecting()
    {
        string[] now = ["8.8.8.8"];
        var guard = new OutboundGuard(new OutboundOptions(), (host, cancellation) => Answering(now)(host, cancellation));
        Assert.Single(await guard.FindAllowedAsync("rebinding.example", 443, true, Cancellation));

        now = ["127.0.0.1"];
        await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync("rebinding.example", 443, true, Cancellation));
    }

    [Fact]
    public async Task IPv4_addresses_come_first()
    {
        var guard = new OutboundGuard(new OutboundOptions(), Answering("2606:4700::1111", "8.8.8.8"));
        IPEndPoint[] found = await guard.FindAllowedAsync("both.example.", 443, true, Cancellation);
        Assert.Equal([IPAddress.Parse("8.8.8.8"), IPAddress.Parse("2606:4700::1111")], found.Select(address => address.Address));
    }

    [Theory]
    [InlineData("8.8.8.8", 443, true, true)]
    [InlineData("8.8.8.8", 8443, true, true)]
    [InlineData("8.8.8.8", 444, true, false)]
    [InlineData("8.8.8.8", 443, false, false)]
    [InlineData("8.8.8.8", 80, false, false)]
    [InlineData("127.0.0.1", 80, false, true)]
    [InlineData("127.0.0.1", 9999, true, true)]
    public async Task Public_addresses_take_https_on_the_listed_ports_and_opened_ones_take_anything(string address, int port, bool isEncrypted, bool passes)
    {
        var guard = new OutboundGuard(LoopbackAllowed);
        if (passes) Assert.Single(await guard.FindAllowedAsync(address, port, isEncrypted, Cancellation));
        else await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync(address, port, isEncrypted, Cancellation));
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.9.9.9")]
    [InlineData("::", "127.0.0.1")]
    public async Task Our_own_listeners_stay_shut_whatever_is_opened(string listener, string target)
    {
        var guard = new OutboundGuard(LoopbackAllowed);
        guard.Shut([new IPEndPoint(IPAddress.Parse(listener), 8470)]);

        await Assert.ThrowsAsync<OutboundBlockedException>(() => guard.FindAllowedAsync(target, 8470, false, Cancellation));
        Assert.Single(await guard.FindAllowedAsync(target, 8471, false, Cancellation));
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, false)]
    [InlineData(SocketError.NoData, false)]
    [InlineData(SocketError.TryAgain, true)]
    [InlineData(SocketError.NoRecovery, true)]
    public async Task A_name_that_does_not_exist_is_told_from_name_servers_that_fail(SocketError error, bool mayBeLocal)
    {
        var guard = new OutboundGuard(new OutboundOptions(), (_, _) => throw new SocketException((int)error));
        NameResolutionException thrown = await Assert.ThrowsAsync<NameResolutionException>(() => guard.FindAllowedAsync("gone.example", 443, true, Cancellation));
        Assert.Equal(mayBeLocal, thrown.MayBeLocal);
    }

    [Fact]
    public async Task A_vetted_address_is_connected_to_and_TLS_asks_for_the_name()
    {
        using X509Certificate2 certificate = SelfSigned("hooks.example");
        await using Receiver receiver = Receiver.StartWithTls(certificate);
        SocketsHttpHandler handler = new OutboundGuard(LoopbackAllowed, Answering("127.0.0.1")).CreateHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { certificate },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        using var http = new HttpClient(handler);

        using HttpResponseMessage response = await http.PostAsync(new Uri($"https://hooks.example:{receiver.Port}/"), new ByteArrayContent([1]), Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"hooks.example:{receiver.Port}", receiver.Requests[0].Headers["Host"].Single());
        await Assert.ThrowsAsync<HttpRequestException>(
            () => http.PostAsync(new Uri($"https://other.example:{receiver.Port}/"), new ByteArrayContent([1]), Cancellation));
    }

    [Fact]
    public async Task Where_one_address_refuses_the_next_is_tried()
    {
        await using Receiver receiver = Receiver.Start();
        using var http = new HttpClient(new OutboundGuard(LoopbackAllowed, Answering("127.0.0.2", "127.0.0.1")).CreateHandler());
        using HttpResponseMessage response = await http.PostAsync(new Uri($"http://hooks.example:{receiver.Port}/"), new ByteArrayContent([1]), Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static ResolveHost Answering(params string[] addresses) =>
        (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray());

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
