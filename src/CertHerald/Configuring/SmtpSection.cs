using System.Net;
using CertHerald.Deciding;
using CertHerald.Delivering.Operators;

namespace CertHerald.Configuring;

/// <summary>The section <c>smtp</c>: the mail server that notices for the operator go through.</summary>
internal static class SmtpSection
{
    /// <returns>Null if there is none, or it cannot be used: why, was said.</returns>
    public static MailOptions? Read(ConfigurationSection section)
    {
        if (section.IsEmpty) return null;
        string? host = section.Text("host"), tlsText = section.Text("tls"), user = section.Secret("user"), password = section.Secret("password"), from = section.Text("from");
        int? port = section.Whole("port", 1, 65535);
        IReadOnlyList<string> to = section.Texts("to") ?? [];
        IReadOnlyList<string> events = section.Texts("events") ?? MailOptions.DefaultEvents;
        bool hasUser = section.Has("user"), hasPassword = section.Has("password");
        section.Finish();

        bool isWrong = false;
        void Mistake(string key, string problem, string remedy)
        {
            section.Mistake(key, problem, remedy);
            isWrong = true;
        }

        if (string.IsNullOrEmpty(host)) Mistake("host", "is missing", "name the mail server: mail.example.com");
        else if (!IsHost(host)) Mistake("host", "is no host", "write its name or address, without scheme and port");
        if (from is null) Mistake("from", "is missing", "write certherald@example.com");
        else if (!MailOptions.IsAddress(from)) Mistake("from", "is no mail address", "write certherald@example.com, without a name before it");
        if (to.Count is 0 or > MailOptions.MostRecipients) Mistake("to", to.Count == 0 ? "names nobody" : "names too many", $"write [\"ops@example.com\"], up to {MailOptions.MostRecipients}");
        foreach (string one in to.Where(one => !MailOptions.IsAddress(one))) Mistake("to", $"\"{one}\" is no mail address", "write ops@example.com, without a name before it");

        if (events.Count == 0) Mistake("events", "names no event: no mail would ever be sent", $"write {string.Join(" or ", EventKinds.All.Where(Speaks))}, or remove the section");
        foreach (string kind in events.Where(kind => !Speaks(kind))) Mistake("events", $"\"{kind}\" is not told by mail", DidYouMean.Remedy(kind, [.. EventKinds.All.Where(Speaks)]));

        MailTls tls = MailOptions.TlsFor(host ?? "");
        if (tlsText is not null)
        {
            if (tlsText == "starttls") tls = MailTls.StartTls;
            else if (tlsText == "implicit") tls = MailTls.Implicit;
            else if (tlsText == "none") tls = MailTls.None;
            else Mistake("tls", $"\"{tlsText}\" is unknown", "write \"starttls\", \"implicit\" or \"none\"");
        }
        if (hasUser != hasPassword) Mistake(hasUser ? "password" : "user", "is missing", "give both, or neither");
        else if (hasUser && tls == MailTls.None && host is not null && !MailOptions.IsThisMachine(host)) Mistake("password", "would be sent unencrypted", "write \"tls\": \"starttls\" or \"implicit\"");
        if ((hasUser && user is null) || (hasPassword && password is null)) isWrong = true;

        return isWrong ? null : new MailOptions
        {
            Host = host!,
            Port = port ?? MailOptions.PortFor(tls),
            Tls = tls,
            Credentials = user is null ? null : (user, password!),
            From = from!,
            To = to,
            Events = events,
        };
    }

    private static bool Speaks(string kind) => Dialects.WebhookDialects.All.Any(dialect => dialect.IsMail && dialect.Speaks(kind));

    private static bool IsHost(string text) =>
        IPAddress.TryParse(text, out _) || (text.Length <= 253 && text.TrimEnd('.').Split('.').All(label => label.Length is > 0 and <= 63 && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')));
}
