namespace CertHerald.Delivering.Signing;

/// <summary>Every way to sign. What kind a secret is, its text tells: <c>whsec_</c> is that of Standard Webhooks, any other an app's.</summary>
internal static class WebhookSigners
{
    /// <summary>Signs with all of them, each kind in its own headers.</summary>
    /// <returns>Null without secrets.</returns>
    public static IWebhookSigner? Of(IReadOnlyList<SigningSecret> standard, IReadOnlyList<AppSecret> app) => (standard.Count, app.Count) switch
    {
        (0, 0) => null,
        (_, 0) => new StandardSigner(standard),
        (0, _) => new HubSigner(app),
        _ => new Both(new HubSigner(app), new StandardSigner(standard)),
    };

    private sealed class Both(HubSigner hub, StandardSigner standard) : IWebhookSigner
    {
        public IEnumerable<string> Secrets => hub.Secrets.Concat(standard.Secrets);

        public IReadOnlyList<WebhookHeader> HeadersFor(string key, DateTimeOffset at, ReadOnlySpan<byte> body) =>
            [.. hub.HeadersFor(key, at, body), .. standard.HeadersFor(key, at, body)];
    }
}
