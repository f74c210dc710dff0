namespace CertHerald.Fetching;

/// <summary>Whom the operator of a log can write to about our requests: what stands in their <c>User-Agent</c>.</summary>
internal static class Contact
{
    /// <summary>Whether it can stand in a header's comment. A line break in the configuration must not become a header of its own.</summary>
    public static bool FitsHeader(string contact) =>
        contact.Length > 0 && contact.All(c => c is >= ' ' and < '\x7f' and not ('(' or ')' or '\\'));

    /// <summary>Whether some word of it is an e-mail address or a URL. Those of <c>example.com</c> are nobody's.</summary>
    public static bool ReachesSomebody(string contact) =>
        contact.Split([' ', ',', ';'], StringSplitOptions.RemoveEmptyEntries).Any(word => HostOf(word) is { } host && host.Contains('.') && !IsPlaceholder(host));

    private static string? HostOf(string word)
    {
        if (Uri.TryCreate(word, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeMailto))
            return url.Host;
        int at = word.LastIndexOf('@');
        return at > 0 && Uri.CheckHostName(word[(at + 1)..]) == UriHostNameType.Dns ? word[(at + 1)..] : null;
    }

    private static bool IsPlaceholder(string host) =>
        ("." + host.TrimEnd('.')).EndsWith(".example.com", StringComparison.OrdinalIgnoreCase);
}
