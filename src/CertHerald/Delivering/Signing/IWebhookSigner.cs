namespace CertHerald.Delivering.Signing;

/// <summary>How a webhook's requests show who sent them. Asked anew for each attempt. Thread-safe.</summary>
internal interface IWebhookSigner
{
    /// <summary>What it signs with, as texts: for whoever must see that they go nowhere.</summary>
    IEnumerable<string> Secrets { get; }

    /// <summary>The headers to send with a body.</summary>
    /// <param name="key">The delivery's: the same on every attempt.</param>
    /// <param name="at">When this attempt is made.</param>
    /// <param name="body">As it is sent.</param>
    IReadOnlyList<WebhookHeader> HeadersFor(string key, DateTimeOffset at, ReadOnlySpan<byte> body);
}
