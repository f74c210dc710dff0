using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using AuthenticationException = MailKit.Security.AuthenticationException;

namespace CertHerald.Delivering.Operators;

/// <summary>Makes one attempt at a delivery by mail. Never tries again by itself: every try is a row in the store. Thread-safe.</summary>
/// <param name="trust">What servers' certificates must lead to; null: as with everybody.</param>
internal sealed class MailSender(OutboundGuard guard, TimeProvider time, X509ChainPolicy? trust = null)
{
    /// <summary>Kept of what a server says, at most, in bytes.</summary>
    private const int MostKept = 8 * 1024;

    /// <summary>Read of what a server says, its TLS handshakes included, at most, in bytes.</summary>
    private const int MostRead = 256 * 1024;

    /// <summary>Sends a draft. Whatever the server or the network does is an answer, never an exception.</summary>
    /// <param name="isTest">Marks it, in a header, as an example.</param>
    /// <exception cref="OperationCanceledException">Cancelled by the caller: whether the server got it is unknown.</exception>
    public async Task<Answer> SendAsync(MailOptions mail, DeliveryRules rules, string key, ReadOnlyMemory<byte> draft, bool isTest, CancellationToken cancellation)
    {
        // One limit over everything: a server that says a word every few seconds must end some day.
        using var limit = new CancellationTokenSource(rules.TimeLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        bool isConnected = false;
        try
        {
            // The configuration names it, as it names logs: it may be on a private network, at any port.
            await using Stream connection = await guard.ConnectAsync(mail.Host, mail.Port, mail.Tls != MailTls.None, OutboundReach.Named, either.Token);
            isConnected = true;
            using var client = new MailClient(trust ?? guard.Options.Trust?.Policy) { LocalDomain = MailMessage.DomainOf(mail.From) };
            await client.ConnectAsync(new BoundedStream(connection, MostRead), mail.Host, mail.Port, EncryptionOf(mail.Tls), either.Token);
            if (mail.Credentials is var (user, password))
            {
                if (!client.Capabilities.HasFlag(SmtpCapabilities.Authentication)) throw new AuthenticationException("none is offered");
                await client.AuthenticateAsync(Encoding.UTF8, user, password, either.Token);
            }
            using MimeMessage message = MailMessage.Compose(mail, key, draft.Span, isTest);
            string taken = await client.SendAsync(MailMessage.Format, message, either.Token);
            await LeaveAsync(client, either.Token);
            return new Answer(AttemptOutcome.Delivered, (int)SmtpStatusCode.Ok, null) { Body = Kept(string.Join('\n', [.. client.Refused, taken])) };
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or NotSupportedException or AuthenticationException or SslHandshakeException
            or CommandException or ProtocolException or OutboundBlockedException or NameResolutionException or ProxyFailedException)
        {
            cancellation.ThrowIfCancellationRequested();
            return limit.IsCancellationRequested
                ? new Answer(AttemptOutcome.Timeout, null, $"no mail was taken within {rules.TimeLimit.TotalSeconds} s")
                : AnswerTo(e, isConnected);
        }
    }

    private static Answer AnswerTo(Exception failure, bool isConnected) => failure switch
    {
        SmtpCommandException refused => Refused(refused),
        AuthenticationException { InnerException: SmtpCommandException refused } => Refused(refused),
        AuthenticationException => new Answer(AttemptOutcome.Protocol, null, "the server offers no way to sign in that is known here"),
        NotSupportedException => new Answer(AttemptOutcome.Tls, null, "the server offers no STARTTLS"),
        SslHandshakeException => new Answer(AttemptOutcome.Tls, null, "the TLS handshake failed: the server's certificate is not valid for its name here"),
        EndlessAnswerException or ProtocolException { InnerException: EndlessAnswerException } => new Answer(AttemptOutcome.Protocol, null, "the server's answer has no end"),
        ProtocolException => new Answer(AttemptOutcome.Protocol, null, "the server does not speak SMTP, or broke off"),
        OutboundBlockedException => new Answer(AttemptOutcome.Blocked, null, failure.Message),
        NameResolutionException unresolved => new Answer(AttemptOutcome.Dns, null, failure.Message) { Suspect = unresolved.MayBeLocal ? Suspect.NameServers : Suspect.Receiver },
        ProxyFailedException proxy => new Answer(AttemptOutcome.Connect, null, failure.Message) { Suspect = proxy.MayBeLocal ? Suspect.Ourselves : Suspect.Receiver },
        _ when isConnected => new Answer(AttemptOutcome.Protocol, null, "the connection broke"),
        SocketException socket => new Answer(AttemptOutcome.Connect, null, $"no connection: {socket.SocketErrorCode}")
        {
            Suspect = LocalFaults.SuspectOf(socket.SocketErrorCode),
        },
        _ => new Answer(AttemptOutcome.Connect, null, "no connection"),
    };

    private static Answer Refused(SmtpCommandException failure) => new(AttemptOutcome.Status, (int)failure.StatusCode, null) { Body = Kept(failure.Message) };

    private static SecureSocketOptions EncryptionOf(MailTls tls) => tls switch
    {
        MailTls.Implicit => SecureSocketOptions.SslOnConnect,
        MailTls.StartTls => SecureSocketOptions.StartTls,
        _ => SecureSocketOptions.None,
    };

    /// <summary>Takes its leave. Whatever becomes of that, the server has the message.</summary>
    private static async Task LeaveAsync(MailClient client, CancellationToken cancellation)
    {
        try
        {
            await client.DisconnectAsync(quit: true, cancellation);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ProtocolException)
        {
            // It has gone first, or does not answer.
        }
    }

    private static byte[] Kept(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length <= MostKept ? bytes : bytes[..MostKept];
    }
}
