using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using CertHerald.Fetching;
using MailKit.Net.Smtp;
using MimeKit;

namespace CertHerald.Delivering.Operators;

/// <summary>MailKit's client. It speaks TLS as we do with everybody, and a recipient that is refused keeps no mail from the others.</summary>
/// <param name="trust">What the server's certificate must lead to; null: what this machine trusts.</param>
internal sealed class MailClient(X509ChainPolicy? trust) : SmtpClient
{
    private readonly List<(MailboxAddress Recipient, SmtpResponse Response)> _refused = [];

    /// <summary>Recipients that were refused, and what was said to each.</summary>
    public IEnumerable<string> Refused => _refused.Select(one => $"{one.Recipient.Address}: {one.Response.Response}");

    protected override SslClientAuthenticationOptions GetSslClientAuthenticationOptions(string host, RemoteCertificateValidationCallback remoteCertificateValidationCallback) =>
        ClientTls.Options(host.TrimEnd('.'), trust);

    protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) => _refused.Add((mailbox, response));

    protected override void OnNoRecipientsAccepted(MimeMessage message)
    {
        (MailboxAddress recipient, SmtpResponse response) = _refused[0];
        throw new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, response.StatusCode, recipient, $"{recipient.Address}: {response.Response}");
    }
}
