using System.Buffers;
using System.Net.Http.Headers;
using CertHerald.Inspecting;

namespace CertHerald.Delivering;

/// <summary>A header that a webhook's owner wants sent. Its value may be a secret.</summary>
internal sealed record WebhookHeader(string Name, string Value)
{
    /// <summary>Of one webhook.</summary>
    public const int Most = 20;

    /// <summary>Characters of one, name and value together.</summary>
    public const int Longest = 4_096;

    // RFC 9110 §5.6.2.
    private static readonly SearchValues<char> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    // What frames the request, what holds for one connection only (RFC 9110 §7.6.1), what we send ourselves, and what the
    // platform counts among the body's.
    private static readonly HashSet<string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "HTTP2-Settings", "Expect", "User-Agent",
        "Accept-Encoding", "Idempotency-Key", "Allow", "Expires", "Last-Modified",
    };

    private static readonly string[] RefusedBeginnings = ["Content-", "Proxy-", "webhook-", "X-Hub-"];

    /// <summary>What is wrong with the headers of a webhook, and what to do; null if they can be sent. Repeats no value.</summary>
    public static string? MistakeIn(IReadOnlyList<WebhookHeader> headers)
    {
        if (headers.Count > Most) return $"are more than {Most}: leave some out";
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (WebhookHeader header in headers)
        {
            if (MistakeIn(header) is { } mistake) return $"hold {Named(header)}, {mistake}";
            if (!seen.Add(header.Name)) return $"hold {Named(header)} twice: join the values with a comma, or leave one out";
        }
        return null;
    }

    /// <summary>Adds it to a request, by the platform's rules on top of ours.</summary>
    /// <exception cref="FormatException">The header has a form of its own, and this is not it.</exception>
    public void AddTo(HttpRequestHeaders headers) => headers.Add(Name, Value);

    /// <summary>The name: printed by accident, it must not show its value.</summary>
    public override string ToString() => $"{Visible.Of(Name)}: …";

    private static string? MistakeIn(WebhookHeader header)
    {
        if (header.Name.Length == 0 || header.Name.AsSpan().ContainsAnyExcept(Token)) return "which is no name of a header: write letters, digits and hyphens";
        if (Refused.Contains(header.Name) || RefusedBeginnings.Any(start => header.Name.StartsWith(start, StringComparison.OrdinalIgnoreCase)))
            return "which is not yours to set: leave it out";
        if (header.Name.Length + header.Value.Length > Longest) return $"which is longer than {Longest:#,0} characters: shorten it";
        if (header.Value.AsSpan().ContainsAnyExceptInRange(' ', '~')) return "whose value has a character that headers cannot carry: write printable ASCII";

        try
        {
            using var trial = new HttpRequestMessage();
            header.AddTo(trial.Headers);
            return null;
        }
        catch (FormatException)
        {
            return "which has a form of its own, and this is not it: see RFC 9110";
        }
    }

    private static string Named(WebhookHeader header) => header.Name.Length <= 100 ? $"\"{Visible.Of(header.Name)}\"" : "a name of over 100 characters";
}
