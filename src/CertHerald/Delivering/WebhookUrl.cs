using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace CertHerald.Delivering;

/// <summary>A webhook's address as its user writes it, with the user information cut out.</summary>
/// <param name="Address">Without user information and fragment.</param>
/// <param name="Credentials">Percent-decoded; null without.</param>
internal sealed record WebhookUrl(Uri Address, (string User, string Password)? Credentials)
{
    /// <summary>Printed by accident, it must show neither password nor path.</summary>
    public override string ToString() => WebhookOptions.Shown(Address);

    /// <param name="mistake">What is wrong and what to write instead. Does not repeat the text: it may hold a password.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out WebhookUrl? url, [NotNullWhen(false)] out string? mistake)
    {
        url = null;
        mistake = null;

        foreach (char c in text)
            if (c <= ' ' || c == '\\' || c == '\x7f') mistake = "holds a space, control character or backslash: percent-encode it";
        if (mistake is not null) return false;

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
            mistake = "is not a web address: write https://host/path";
        else if (uri.IdnHost.TrimEnd('.').Length == 0)
            mistake = "names no host: write https://host/path";
        else if (uri.IdnHost.Contains('%', StringComparison.Ordinal))
            mistake = "has an address with a zone: write it without what follows the %";
        else if (uri.Fragment.Length > 0)
            mistake = "has a part after #, which is never sent: remove it, or write %23";
        if (mistake is not null) return false;

        (string, string)? credentials = null;
        if (uri!.UserInfo.Length > 0 && !TryReadCredentials(uri.UserInfo, out credentials))
        {
            mistake = "has user information that is not percent-encoded UTF-8, or a user name with a colon: encode each part of user:password";
            return false;
        }

        // Not UriBuilder: it would write the path and query anew. They stay as the user wrote them.
        string authority = uri.GetComponents(UriComponents.HostAndPort, UriFormat.UriEscaped);
        string rest = uri.GetComponents(UriComponents.PathAndQuery, UriFormat.UriEscaped);
        url = new WebhookUrl(new Uri($"{uri.Scheme}://{authority}{rest}"), credentials);
        return true;
    }

    /// <summary>Scheme, host and port: who gets what is sent. Whoever may change the address must not thereby send old secrets to a place of their own.</summary>
    public static bool IsSamePlace(string? before, string after) =>
        before is not null && TryParse(before, out WebhookUrl? old, out _) && TryParse(after, out WebhookUrl? changed, out _)
        && Uri.Compare(old.Address, changed.Address, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <summary>A URL in place of another: user name and password stay if only what follows the host has changed, unless it has an empty one, <c>https://@host</c>.</summary>
    /// <param name="after">One that can be read.</param>
    public static string WithUserOf(string? before, string after) =>
        IsSamePlace(before, after) && TryParse(after, out WebhookUrl? parsed, out _) && parsed.Credentials is null && !after.Contains("://@", StringComparison.Ordinal)
            && new Uri(before!).UserInfo is { Length: > 0 } user
            ? $"{parsed.Address.Scheme}://{user}@{parsed.Address.AbsoluteUri[(parsed.Address.Scheme.Length + 3)..]}"
            : after;

    private static bool TryReadCredentials(string userInfo, out (string, string)? credentials)
    {
        credentials = null;
        int colon = userInfo.IndexOf(':', StringComparison.Ordinal);
        string user = colon < 0 ? userInfo : userInfo[..colon];
        string password = colon < 0 ? "" : userInfo[(colon + 1)..];
        if (!TryDecode(user, out user) || !TryDecode(password, out password)) return false;

        // RFC 7617 §2: the receiver cuts at the first colon, so a user name cannot hold one; neither part a control character.
        if (user.Contains(':', StringComparison.Ordinal) || user.Any(char.IsControl) || password.Any(char.IsControl)) return false;

        credentials = (user, password);
        return true;
    }

    private static bool TryDecode(string escaped, out string text)
    {
        text = "";
        var bytes = new byte[Encoding.UTF8.GetByteCount(escaped)];
        int length = 0;
        for (int i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] != '%')
            {
                int width = char.IsHighSurrogate(escaped[i]) && i + 1 < escaped.Length ? 2 : 1;
                length += Encoding.UTF8.GetBytes(escaped.AsSpan(i, width), bytes.AsSpan(length));
                i += width - 1;
            }
            else if (i + 2 < escaped.Length && char.IsAsciiHexDigit(escaped[i + 1]) && char.IsAsciiHexDigit(escaped[i + 2]))
            {
                bytes[length++] = Convert.FromHexString(escaped.AsSpan(i + 1, 2))[0];
                i += 2;
            }
            else
            {
                return false;
            }
        }

        if (!System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(0, length))) return false;
        text = Encoding.UTF8.GetString(bytes, 0, length);
        return true;
    }
}
