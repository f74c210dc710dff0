using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Api.Feeds;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Api.Feeds;

/// <summary>The feed of all certificates, over real sockets, as clients of CertStream listen to it.</summary>
public sealed class CertStreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_gets_each_certificate_in_the_format_of_CertStream()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync();
        using X509Certificate2 certificate = MadeCertificate.For("www.example.com");
        using ClientWebSocket client = await rig.ConnectAsync("/full-stream");
        await rig.ListenedToAsync(1);

        rig.Read(certificate.RawData);

        JsonElement message = await CertStreamRig.NextAsync(client), data = message.GetProperty("data"), leaf = data.GetProperty("leaf_cert");
        Assert.Equal("certificate_update", message.GetProperty("message_type").GetString());
        Assert.Equal((0, "X509LogEntry"), (data.GetProperty("cert_index").GetInt32(), data.GetProperty("update_type").GetString()));
        Assert.EndsWith("ct/v1/get-entries?start=0&end=0", data.GetProperty("cert_link").GetString(), StringComparison.Ordinal);
        Assert.Equal(rig.Time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0, data.GetProperty("seen").GetDouble());
        Assert.Equal("some-log", data.GetProperty("source").GetProperty("name").GetString());
        Assert.Equal(["www.example.com"], leaf.GetProperty("all_domains").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(certificate.RawData, leaf.GetProperty("as_der").GetBytesFromBase64());
        Assert.Equal(certificate.SerialNumber.TrimStart('0'), leaf.GetProperty("serial_number").GetString());
        Assert.Equal(certificate.Thumbprint, leaf.GetProperty("fingerprint").GetString()!.Replace(":", "", StringComparison.Ordinal));
        Assert.Equal(certificate.GetCertHashString(HashAlgorithmName.SHA256), leaf.GetProperty("sha256").GetString()!.Replace(":", "", StringComparison.Ordinal));
        Assert.Equal(new DateTimeOffset(certificate.NotBefore).ToUnixTimeSeconds(), leaf.GetProperty("not_before").GetInt64());
        Assert.Equal(new DateTimeOffset(certificate.NotAfter).ToUnixTimeSeconds(), leaf.GetProperty("not_after").GetInt64());
        Assert.Equal(("www.example.com", "/CN=www.example.com"), (leaf.GetProperty("subject").GetProperty("CN").GetString(), leaf.GetProperty("subject").GetProperty("aggregated").GetString()));
        Assert.Equal("www.example.com", leaf.GetProperty("issuer").GetProperty("CN").GetString());
        Assert.Equal("DNS:www.example.com", leaf.GetProperty("extensions").GetProperty("subjectAltName").GetString());
        Assert.Equal("ecdsa, sha256", leaf.GetProperty("signature_algorithm").GetString());
        Assert.Equal(0, data.GetProperty("chain").GetArrayLength());
    }

    [Fact]
    public void Extensions_are_written_as_CertStream_writes_them()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("C=US, ST=Some State, L=Some Place, O=Some Company, OU=Unit, CN=a.example", key, HashAlgorithmName.SHA384);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("*.a.example");
        names.AddIpAddress(IPAddress.Parse("192.0.2.1"));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.2.3.4")], critical: false));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension([0xA8, 0x01], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier([0xC4, 0xA7]));
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(["http://ocsp.example"], ["http://issuer.example"]));
        // 2.5.29.32 with the policy 2.23.140.1.2.1; the poison.
        request.CertificateExtensions.Add(new X509Extension("2.5.29.32", [0x30, 0x0A, 0x30, 0x08, 0x06, 0x06, 0x67, 0x81, 0x0C, 0x01, 0x02, 0x01], critical: false));
        request.CertificateExtensions.Add(new X509Extension("1.3.6.1.4.1.11129.2.4.3", [5, 0], critical: true));
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));

        JsonElement leaf = LeafOf(certificate.RawData), extensions = leaf.GetProperty("extensions");

        Assert.Equal(["a.example", "*.a.example"], leaf.GetProperty("all_domains").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal("/C=US/CN=a.example/L=Some Place/O=Some Company/OU=Unit/ST=Some State", leaf.GetProperty("subject").GetProperty("aggregated").GetString());
        Assert.Equal("DNS:*.a.example, IP Address:192.0.2.1", extensions.GetProperty("subjectAltName").GetString());
        Assert.Equal("Digital Signature, Key Encipherment", extensions.GetProperty("keyUsage").GetString());
        Assert.Equal("TLS Web server authentication, 1.2.3.4", extensions.GetProperty("extendedKeyUsage").GetString());
        Assert.Equal("CA:FALSE", extensions.GetProperty("basicConstraints").GetString());
        Assert.Equal("A8:01", extensions.GetProperty("subjectKeyIdentifier").GetString());
        Assert.Equal("keyid:C4:A7\n", extensions.GetProperty("authorityKeyIdentifier").GetString());
        Assert.Equal("OCSP - URI:http://ocsp.example\nCA Issuers - URI:http://issuer.example\n", extensions.GetProperty("authorityInfoAccess").GetString());
        Assert.Equal("Policy: 2.23.140.1.2.1", extensions.GetProperty("certificatePolicies").GetString());
        Assert.True(extensions.GetProperty("ctlPoisonByte").GetBoolean());
        Assert.Equal("ecdsa, sha384", leaf.GetProperty("signature_algorithm").GetString());
    }

    [Fact]
    public async Task Clients_get_what_their_address_is_for_and_each_message_once()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync();
        using X509Certificate2 one = MadeCertificate.For("one.example"), two = MadeCertificate.For("two.example");
        using ClientWebSocket lite = await rig.ConnectAsync(), again = await rig.ConnectAsync(), names = await rig.ConnectAsync("/domains-only/");
        await rig.ListenedToAsync(3);

        // What cannot be read is left out.
        rig.Read([1, 2, 3], one.RawData, two.RawData);

        foreach (ClientWebSocket client in (ClientWebSocket[])[lite, again])
            foreach (string name in (string[])["one.example", "two.example"])
            {
                JsonElement leaf = (await CertStreamRig.NextAsync(client)).GetProperty("data").GetProperty("leaf_cert");
                Assert.Equal(name, leaf.GetProperty("all_domains")[0].GetString());
                Assert.False(leaf.TryGetProperty("as_der", out _));
            }
        JsonElement domains = await CertStreamRig.NextAsync(names);
        Assert.Equal(("dns_entries", "one.example"), (domains.GetProperty("message_type").GetString(), domains.GetProperty("data")[0].GetString()));
    }

    [Fact]
    public async Task While_nobody_listens_reading_allocates_nothing_for_the_feed()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync();
        using (ClientWebSocket client = await rig.ConnectAsync())
        {
            await rig.ListenedToAsync(1);
            await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation);
        }
        await rig.ListenedToAsync(0);

        Assert.Equal(0, AllocatedBy(() => rig.Tap.Pass(null!, null!)));
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_cut_off_and_counted_and_the_others_get_all()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync();
        using X509Certificate2 certificate = MadeCertificate.For("www.example.com");
        using ClientWebSocket slow = await rig.ConnectAsync("/full-stream"), good = await rig.ConnectAsync("/domains-only");
        await rig.ListenedToAsync(2);
        byte[][] batch = [.. Enumerable.Repeat(certificate.RawData, 256)];

        int got = 0;
        while (rig.Dropped == 0)
        {
            rig.Read(batch);
            for (int i = 0; i < batch.Length; i++, got++) await CertStreamRig.NextAsync(good);
            Assert.True(got < 1_000_000);
        }

        await rig.ListenedToAsync(1);
        rig.Read(certificate.RawData);
        Assert.Equal("www.example.com", (await CertStreamRig.NextAsync(good)).GetProperty("data")[0].GetString());
        Assert.Equal(1, rig.Dropped);
    }

    [Fact]
    public async Task Every_half_minute_clients_are_told_that_the_stream_lives()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync();
        using ClientWebSocket client = await rig.ConnectAsync();
        await rig.ListenedToAsync(1);

        await rig.Time.WaitForTimerAsync(CertStream.HeartbeatEvery);
        rig.Time.Advance(CertStream.HeartbeatEvery);

        JsonElement beat = await CertStreamRig.NextAsync(client);
        Assert.Equal(("heartbeat", rig.Time.GetUtcNow().ToUnixTimeSeconds()), (beat.GetProperty("message_type").GetString(), (long)beat.GetProperty("timestamp").GetDouble()));
    }

    [Fact]
    public async Task Nobody_listens_without_a_key_and_keys_are_shown_in_any_of_three_ways()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync(new CertStreamOptions { Enabled = true });
        string key = await rig.KeyAsync(Scope.CertStream), reader = await rig.KeyAsync(Scope.Read), other = await rig.KeyAsync(Scope.Watch);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOfAsync(rig, "/"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOfAsync(rig, "/?key=chk_wrong"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOfAsync(rig, "/?key=" + other));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/?key=" + key));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/full-stream?key=" + reader));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/", set => set.SetRequestHeader("Authorization", "Bearer " + key)));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/", set => set.SetRequestHeader("Authorization", "Basic " + Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes("any:" + key)))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOfAsync(rig, "/", set => set.SetRequestHeader("Authorization", "Basic !")));
    }

    [Fact]
    public async Task Who_guesses_keys_must_wait_and_a_right_one_is_taken_all_the_same()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync(new CertStreamOptions { Enabled = true });
        for (int i = 0; i < FailedSignIns.Allowed; i++) await StatusOfAsync(rig, "/?key=chk_wrong");

        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusOfAsync(rig, "/?key=chk_wrong"));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/?key=" + await rig.KeyAsync(Scope.CertStream)));
    }

    [Theory]
    [InlineData("https://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    [InlineData("http://127.0.0.1:8470", HttpStatusCode.Forbidden)]
    [InlineData(CertStreamRig.PublicUrl, HttpStatusCode.SwitchingProtocols)]
    [InlineData("https://dashboard.example.com", HttpStatusCode.SwitchingProtocols)]
    public async Task A_page_of_another_site_may_not_listen_even_where_no_key_is_needed(string origin, HttpStatusCode expected)
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync(new CertStreamOptions { Enabled = true, Anonymous = true, Origins = ["https://dashboard.example.com"] });
        Assert.Equal(expected, await StatusOfAsync(rig, "/", set => set.SetRequestHeader("Origin", origin)));
    }

    [Fact]
    public async Task The_same_address_answers_a_browser_with_the_console_and_a_WebSocket_with_the_feed()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync();
        using var browser = new HttpClient();
        Assert.Equal("the console", await browser.GetStringAsync(rig.Address, Cancellation));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/"));
        Assert.NotEqual(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/elsewhere"));
    }

    [Fact]
    public async Task Under_a_path_of_its_own_the_root_is_no_feed()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync(new CertStreamOptions { Enabled = true, Anonymous = true, Path = "/certstream" });
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/certstream"));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/certstream/full-stream"));
        Assert.NotEqual(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/"));
        Assert.NotEqual(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/full-stream"));
    }

    [Fact]
    public async Task A_feed_that_is_off_answers_no_WebSocket()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync(new CertStreamOptions { Anonymous = true });
        Assert.NotEqual(HttpStatusCode.SwitchingProtocols, await StatusOfAsync(rig, "/"));
    }

    [Fact]
    public async Task More_clients_than_may_are_closed_with_try_again_later()
    {
        await using CertStreamRig rig = await CertStreamRig.StartAsync(new CertStreamOptions { Enabled = true, Anonymous = true, Clients = 1 });
        using ClientWebSocket first = await rig.ConnectAsync();
        await rig.ListenedToAsync(1);
        using ClientWebSocket second = await rig.ConnectAsync();

        ValueWebSocketReceiveResult received = await second.ReceiveAsync(new byte[100].AsMemory(), Cancellation);

        Assert.Equal((WebSocketMessageType.Close, 1013), (received.MessageType, (int?)second.CloseStatus));
    }

    [Fact]
    public async Task A_service_that_stops_says_goodbye_to_its_clients()
    {
        CertStreamRig rig = await CertStreamRig.StartAsync();
        using ClientWebSocket client = await rig.ConnectAsync();
        await rig.ListenedToAsync(1);

        Task stopping = rig.DisposeAsync().AsTask();
        ValueWebSocketReceiveResult received = await client.ReceiveAsync(new byte[100].AsMemory(), Cancellation);

        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.EndpointUnavailable), (received.MessageType, client.CloseStatus));
        await stopping;
    }

    [Fact]
    public async Task The_client_of_CertStream_for_node_listens_unchanged_with_the_key_in_its_address()
    {
        string node = Tool.Find("node"), module = Path.Combine(CertHerald.Tests.Docs.Repository.Root, "artifacts", "reference", "node_modules", "certstream");
        Assert.SkipUnless(Directory.Exists(module), "left out: the client certstream is not installed; ./test does it");
        await using CertStreamRig rig = await CertStreamRig.StartAsync(new CertStreamOptions { Enabled = true });
        using X509Certificate2 certificate = MadeCertificate.For("www.example.com");
        using var folder = new Scratch();
        string program = folder.Write("listen.cjs", $$"""
            const CertStreamClient = require({{JsonSerializer.Serialize(module)}});
            const client = new CertStreamClient(message => {
                console.log(message.message_type, message.data.leaf_cert.all_domains[0], message.data.leaf_cert.subject.CN);
                process.exit(0);
            }, true);
            client.connect("ws://any:{{await rig.KeyAsync(Scope.CertStream)}}@127.0.0.1:{{rig.Address.Port}}/");
            """);

        Task<Ended> listening = Tool.RunAsync(node, folder.Folder, [program]);
        await rig.ListenedToAsync(1);
        rig.Read(certificate.RawData);

        Assert.Equal("certificate_update www.example.com www.example.com", (await listening).With(0).Lines[^1]);
    }

    private static async Task<HttpStatusCode> StatusOfAsync(CertStreamRig rig, string path, Action<ClientWebSocketOptions>? set = null)
    {
        using ClientWebSocket socket = await rig.ConnectAsync(path, set);
        return socket.HttpStatusCode;
    }

    private static JsonElement LeafOf(byte[] der)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            Assert.True(CertHerald.Transparency.Certificates.CertificateView.TryRead(der, out CertHerald.Transparency.Certificates.CertificateView certificate));
            json.WriteStartObject();
            LeafCertJson.Write(json, certificate, der, withBytes: false);
            json.WriteEndObject();
        }
        return JsonElement.Parse(bytes.WrittenSpan);
    }

    private static long AllocatedBy(Action action)
    {
        action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
