using System.Buffers;
using System.Net;
using CertHerald.Deciding;

namespace CertHerald.Delivering.Operators;

/// <summary>How a connection to a mail server is encrypted. The names are configuration values.</summary>
internal enum MailTls
{
    /// <summary>By STARTTLS, or not at all: a server that does not offer it gets nothing.</summary>
    StartTls,

    /// <summary>From the first byte.</summary>
    Implicit,

    /// <summary>Not.</summary>
    None,
}

/// <summary>A mail server, and who writes to whom.</summary>
internal sealed record MailOptions
{
    /// <summary>The channel's name, in place of a webhook's.</summary>
    public const string ChannelName = "smtp";

    /// <summary>What its drafts are written in: no webhook speaks it.</summary>
    public const string DialectName = "mail";

    public const int MostRecipients = 50;

    public static IReadOnlyList<string> DefaultEvents { get; } = [EventKinds.Operator];

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("!#$%&'*+-/=?^_`{|}~.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// <summary>A name or an address, as the certificate must say.</summary>
    public required string Host { get; init; }

    public required int Port { get; init; }

    public required MailTls Tls { get; init; }

    /// <summary>Null: it is not signed in.</summary>
    public (string User, string Password)? Credentials { get; init; }

    /// <summary>Plain addresses, in ASCII.</summary>
    public required string From { get; init; }

    public required IReadOnlyList<string> To { get; init; }

    /// <summary>Kinds of event that are told by mail.</summary>
    public IReadOnlyList<string> Events { get; init; } = DefaultEvents;

    /// <summary>The usual way to a host: what does not leave this machine needs no encryption.</summary>
    public static MailTls TlsFor(string host) => IsThisMachine(host) ? MailTls.None : MailTls.StartTls;

    public static int PortFor(MailTls tls) => tls switch { MailTls.None => 25, MailTls.Implicit => 465, _ => 587 };

    public static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>Whether it is a plain address, <c>ops@example.com</c>, that can stand in a command as it is: RFC 5321 §4.1.2, without quoted names.</summary>
    public static bool IsAddress(string text)
    {
        int at = text.LastIndexOf('@');
        if (at is < 1 or > 64 || text.Length > 254) return false;
        bool isName = text.AsSpan(0, at).IndexOfAnyExcept(NameCharacters) < 0
            && text[0] != '.' && text[at - 1] != '.' && !text.Contains("..", StringComparison.Ordinal);
        string[] labels = text[(at + 1)..].Split('.');
        return isName && labels.All(label => label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'));
    }

    /// <summary>As a channel beside the webhooks: it is owed, claimed, retried and held like one.</summary>
    public WebhookOptions ToChannel() => new()
    {
        Name = ChannelName,
        Dialect = DialectName,
        Url = new UriBuilder(Tls == MailTls.Implicit ? "smtps" : "smtp", Host, Port).Uri,
        Events = Events,
        // Servers count connections; notices are few.
        Concurrency = 1,
        Rate = 1,
        Mail = this,
    };

    /// <summary>The host: printed by accident, it must show no password.</summary>
    public override string ToString() => Host;
}
