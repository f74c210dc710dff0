using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace CertHerald.Delivering.Operators;

/// <summary>Makes one attempt at a delivery by mail. Never tries again by itself: every try is a row in the store. Thread-safe.</summary>
/// <param name="trust">What servers' certificates must lead to; null: what this machine trusts.</param>
internal sealed class MailSender(OutboundGuard guard, TimeProvider time, X509ChainPolicy? trust = null)
{
    /// <summary>Kept of what a server says, at most, in bytes.</summary>
    private const int MostKept = 8 * 1024;

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
            Stream connection = await guard.ConnectAsync(mail.Host, mail.Port, mail.Tls != MailTls.None, OutboundReach.Named, either.Token);
            isConnected = true;
            await using var session = new SmtpSession(connection, trust);
            await session.OpenAsync(mail, either.Token);
            if (mail.Credentials is var (user, password)) await session.SignInAsync(user, password, either.Token);
            SmtpReply taken = await session.SendAsync(mail.From, mail.To, MailMessage.Write(mail, key, draft.Span, isTest), either.Token);
            await session.QuitAsync(either.Token);
            return new Answer(AttemptOutcome.Delivered, taken.Code, null) { Body = Kept(taken.Text) };
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or AuthenticationException or SmtpException
            or OutboundBlockedException or NameResolutionException or ProxyFailedException)
        {
            cancellation.ThrowIfCancellationRequested();
            return limit.IsCancellationRequested
                ? new Answer(AttemptOutcome.Timeout, null, $"no mail was taken within {rules.TimeLimit.TotalSeconds} s")
                : AnswerTo(e, isConnected);
        }
    }

    private static Answer AnswerTo(Exception failure, bool isConnected) => failure switch
    {
        SmtpException { Reply: { } reply } => new Answer(AttemptOutcome.Status, reply.Code, null) { Body = Kept(reply.Text) },
        SmtpException smtp => new Answer(smtp.IsTls ? AttemptOutcome.Tls : AttemptOutcome.Protocol, null, smtp.Message),
        AuthenticationException => new Answer(AttemptOutcome.Tls, null, "the TLS handshake failed: the server's certificate is not valid for its name here"),
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

    private static byte[] Kept(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length <= MostKept ? bytes : bytes[..MostKept];
    }
}
