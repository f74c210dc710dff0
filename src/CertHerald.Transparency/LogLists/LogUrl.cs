using System.Diagnostics.CodeAnalysis;

namespace CertHerald.Transparency.LogLists;

/// <summary>The prefixes under which logs are served.</summary>
internal static class LogUrl
{
    // RFC 2606, RFC 6761: names that no real log has. Lists hold such as place-holders.
    private static readonly string[] Reserved =
        ["example.com", "example.net", "example.org", "example", "test", "invalid", "localhost"];

    /// <summary>Reads an absolute HTTP(S) prefix, adding the final slash. Userinfo, query and fragment are refused.</summary>
    public static bool TryRead(string? text, [NotNullWhen(true)] out Uri? url)
    {
        url = null;
        if (string.IsNullOrEmpty(text)) return false;
        if (!text.EndsWith('/')) text += "/";
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? read)) return false;
        if (read.Scheme != Uri.UriSchemeHttps && read.Scheme != Uri.UriSchemeHttp) return false;
        if (read.Query.Length > 0 || read.Fragment.Length > 0 || read.UserInfo.Length > 0 || read.Host.Length == 0) return false;
        url = read;
        return true;
    }

    public static bool IsReserved(Uri url)
    {
        string host = url.IdnHost.TrimEnd('.');
        foreach (string name in Reserved)
            if (host.Equals(name, StringComparison.OrdinalIgnoreCase)
                || host.EndsWith("." + name, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    /// <summary>As the list or configuration writes it: checkpoints are compared byte for byte, and <see cref="Uri"/> tidies.</summary>
    public static string OriginOf(Uri url)
    {
        string text = url.OriginalString;
        return text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..].TrimEnd('/');
    }
}
