using System.Globalization;
using System.Text;

namespace CertHerald.Delivering.Signing;

/// <summary>Signs as Standard Webhooks 1.0.0 says, scheme <c>v1</c>: with every secret that is in force, newest first.</summary>
internal sealed class StandardSigner(IReadOnlyList<SigningSecret> secrets) : IWebhookSigner
{
    /// <summary>Secrets that may sign beside the newest.</summary>
    public const int MostOld = 5;

    public IEnumerable<string> Secrets => secrets.Select(secret => secret.Text[SigningSecret.Prefix.Length..]);

    public IReadOnlyList<WebhookHeader> HeadersFor(string key, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        string seconds = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] content = [.. Encoding.UTF8.GetBytes($"{key}.{seconds}."), .. body];
        string signatures = string.Join(' ', secrets.Where(secret => secret.SignsAt(at)).Select(secret => "v1," + Convert.ToBase64String(secret.Sign(content))));
        return [new("webhook-id", key), new("webhook-timestamp", seconds), new("webhook-signature", signatures)];
    }
}
