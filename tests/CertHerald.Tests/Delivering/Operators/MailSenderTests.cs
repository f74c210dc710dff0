using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Dialects.Mail;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering.Operators;

/// <summary>Mails over real connections: to aiosmtpd, and to servers that misbehave.</summary>
public sealed class MailSenderTests : IDisposable
{
    private const string Host = "mail.test";

    private static readonly DeliveryRules Rules = new MailDialect().Rules;

    private readonly ManualTime _time = new();
    private readonly X509Certificate2 _certificate = MadeCertificate.For(Host);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _certificate.Dispose();

    [Theory]
    [InlineData("none", "StartTls", null)]
    [InlineData("starttls", "StartTls", "it's a secret: ä")]
    [InlineData("starttls", "StartTls", "login only")]
    [InlineData("implicit", "Implicit", null)]
    public async Task Rule_13_2_a_mail_server_takes_a_notice_by_each_way_of_encryption_and_sign_in(string mode, string tlsName, string? password)
    {
        MailTls tls = mode == "none" ? MailTls.None : Enum.Parse<MailTls>(tlsName);
        (string, string)? user = password is null ? null : ("herald", password);
        await using MailServer server = await MailServer.StartAsync(mode == "none" ? null : _certificate, mode, user);

        Answer answer = await SendAsync(server.Port, tls, user);

        Assert.Equal((AttemptOutcome.Delivered, 250, "2.0.0 taken"), (answer.Outcome, answer.Status, Encoding.UTF8.GetString(answer.Body)));
        TakenMail mail = await server.TakenAsync();
        Assert.Equal(("herald@example.com", user?.Item1, mode != "none"), (mail.From, mail.SignedIn, mail.Encrypted));
        Assert.Equal(["ops@example.com", "night@example.com"], mail.To);
        Assert.Equal(MailMessageTests.Text(MailMessage.Compose(Mail(server.Port, tls), "the-key", Draft, isTest: false)), Encoding.ASCII.GetString(mail.Content));
    }

    [Fact]
    public async Task A_password_that_is_wrong_is_an_answer_and_appears_nowhere_in_it()
    {
        await using MailServer server = await MailServer.StartAsync(_certificate, "starttls", ("herald", "right"));
        Answer answer = await SendAsync(server.Port, MailTls.StartTls, ("herald", "canary"));
        Assert.Equal((AttemptOutcome.Status, 535), (answer.Outcome, answer.Status));
        Assert.DoesNotContain("canary", answer + Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_STARTTLS_or_with_a_strangers_certificate_gets_nothing()
    {
        await using MailServer plain = await MailServer.StartAsync();
        Answer stripped = await SendAsync(plain.Port, MailTls.StartTls);
        Assert.Equal((AttemptOutcome.Tls, "the server offers no STARTTLS"), (stripped.Outcome, stripped.Detail));

        using X509Certificate2 other = MadeCertificate.For(Host);
        await using MailServer stranger = await MailServer.StartAsync(other, "starttls");
        Assert.Equal(AttemptOutcome.Tls, (await SendAsync(stranger.Port, MailTls.StartTls)).Outcome);
        await using MailServer misnamed = await MailServer.StartAsync(_certificate, "implicit");
        Assert.Equal(AttemptOutcome.Tls, (await SendAsync(misnamed.Port, MailTls.Implicit, host: "other.test")).Outcome);
    }

    [Fact]
    public async Task A_recipient_that_is_refused_keeps_no_mail_from_the_others_and_is_named()
    {
        await using MailServer server = await MailServer.StartAsync();
        Answer some = await SendAsync(server.Port, MailTls.None, to: ["gone@example.org", "ops@example.com"]);
        Assert.Equal((AttemptOutcome.Delivered, "gone@example.org: 5.1.1 nobody of that name is here\n2.0.0 taken"), (some.Outcome, Encoding.UTF8.GetString(some.Body)));
        Assert.Equal(["ops@example.com"], (await server.TakenAsync()).To);

        Answer none = await SendAsync(server.Port, MailTls.None, to: ["gone@example.org"]);
        Assert.Equal((AttemptOutcome.Status, 550), (none.Outcome, none.Status));
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "Protocol", "the server does not speak SMTP, or broke off")]
    [InlineData("554 go away\r\n", "Status", null)]
    [InlineData("", "Protocol", "the server does not speak SMTP, or broke off")]
    [InlineData("220-a\n220-a\n", "Protocol", "the server does not speak SMTP, or broke off")]
    [InlineData("220 hello\r\n250-mail.test\r\n250 STARTTLS\r\n220 go on\r\n250 injected\r\n", "Tls", "the TLS handshake failed: the server's certificate is not valid for its name here")]
    public async Task A_server_that_misbehaves_is_an_answer(string says, string outcome, string? detail)
    {
        await using FakeServer server = FakeServer.Start(Encoding.ASCII.GetBytes(says), thenCloses: true);
        Answer answer = await SendAsync(server.Port, MailTls.StartTls);
        Assert.Equal((outcome, detail), (answer.Outcome.ToString(), answer.Detail));
    }

    [Fact]
    public async Task An_answer_without_end_is_cut_off()
    {
        await using FakeServer line = FakeServer.Start([.. "220 "u8, .. Enumerable.Repeat((byte)'a', 1_000_000)], thenCloses: false);
        Assert.Equal("the server's answer has no end", (await SendAsync(line.Port, MailTls.None)).Detail);
        await using FakeServer lines = FakeServer.Start(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("220-a\r\n", 100_000))), thenCloses: false);
        Assert.Equal("the server's answer has no end", (await SendAsync(lines.Port, MailTls.None)).Detail);
    }

    [Fact]
    public async Task Twenty_seconds_are_for_everything()
    {
        await using FakeServer silent = FakeServer.Start("220 hello\r\n"u8.ToArray(), thenCloses: false);
        Task<Answer> sending = SendAsync(silent.Port, MailTls.None);
        await silent.HeardAsync();
        _time.Advance(TimeSpan.FromSeconds(19.9));
        Assert.False(sending.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Answer answer = await sending;
        Assert.Equal((AttemptOutcome.Timeout, "no mail was taken within 20 s"), (answer.Outcome, answer.Detail));
    }

    [Fact]
    public async Task Rule_9_7_the_guard_decides_where_mail_goes()
    {
        Answer metadata = await SendAsync(25, MailTls.None, address: "169.254.169.254");
        Assert.Equal((AttemptOutcome.Blocked, OutboundBlockedException.ForUsers), (metadata.Outcome, metadata.Detail));
        var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        Assert.Equal(AttemptOutcome.Connect, (await SendAsync(port, MailTls.None)).Outcome);
    }

    private static byte[] Draft
    {
        get
        {
            var draft = new ArrayBufferWriter<byte>();
            var facts = new WebhookFacts("siem", 7, "Delivery 7 was given up: ⚠ it said\r\n.\r\nMAIL FROM:<x@y>", 1, DateTimeOffset.UnixEpoch, 0, []);
            new MailDialect().Write(new DeliverySubject("https://ct.example.org", null, null, new Notice(1, DeliveryNewsKinds.Dead, DateTimeOffset.UnixEpoch, facts)), draft);
            return draft.WrittenSpan.ToArray();
        }
    }

    private static MailOptions Mail(int port, MailTls tls, (string, string)? user = null, string host = Host, IReadOnlyList<string>? to = null) => new()
    {
        Host = host,
        Port = port,
        Tls = tls,
        Credentials = user,
        From = "herald@example.com",
        To = to ?? ["ops@example.com", "night@example.com"],
    };

    private Task<Answer> SendAsync(int port, MailTls tls, (string, string)? user = null, string host = Host, IReadOnlyList<string>? to = null, string address = "127.0.0.1")
    {
        var guard = new OutboundGuard(new OutboundOptions(), (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(address)]));
        return new MailSender(guard, _time, MadeCertificate.Trust(_certificate)).SendAsync(Mail(port, tls, user, host, to), Rules, "the-key", Draft, isTest: false, Cancellation);
    }

    /// <summary>Says its bytes at once, whatever it hears.</summary>
    private sealed class FakeServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stopping = new();
        private readonly TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task _serving;

        private FakeServer(byte[] bytes, bool thenCloses)
        {
            _listener.Start();
            _serving = ServeAsync(bytes, thenCloses);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public static FakeServer Start(byte[] bytes, bool thenCloses) => new(bytes, thenCloses);

        public Task HeardAsync() => _heard.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            _listener.Stop();
            await _serving;
            _stopping.Dispose();
        }

        private async Task ServeAsync(byte[] bytes, bool thenCloses)
        {
            try
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                NetworkStream stream = client.GetStream();
                await stream.WriteAsync(bytes, _stopping.Token);
                if (thenCloses) client.Client.Shutdown(SocketShutdown.Send);
                var heard = new byte[1024];
                while (await stream.ReadAsync(heard, _stopping.Token) > 0) _heard.TrySetResult();
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // The other side has gone, or the test has.
            }
        }
    }
}
