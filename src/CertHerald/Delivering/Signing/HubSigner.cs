namespace CertHerald.Delivering.Signing;

/// <summary>
/// Signs a body with an app secret, in the two headers that receivers of Meta's webhooks check. Each holds one signature, so of
/// several secrets the oldest signs until its announced end: then its successor does, from that moment on.
/// </summary>
/// <param name="secrets">Newest first; the newest has no end.</param>
internal sealed class HubSigner(IReadOnlyList<AppSecret> secrets) : IWebhookSigner
{
    public IEnumerable<string> Secrets => secrets.Select(secret => secret.Text);

    public IReadOnlyList<WebhookHeader> HeadersFor(string key, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        AppSecret secret = secrets.Last(one => one.SignsAt(at));
        return
        [
            new("X-Hub-Signature", "sha1=" + Convert.ToHexStringLower(secret.SignSha1(body))),
            new("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(secret.SignSha256(body))),
        ];
    }
}
