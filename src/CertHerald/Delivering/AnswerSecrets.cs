using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CertHerald.Delivering;

/// <summary>Takes out of a receiver's answer what we sent it in confidence: many print the request that they did not understand.</summary>
internal static class AnswerSecrets
{
    /// <summary>A shorter value of a header may stand in any answer, and is no secret worth the name.</summary>
    private const int Shortest = 6;

    /// <summary>The same for parts of an address, which are often plain words.</summary>
    private const int ShortestPart = 8;

    /// <summary>The same for user name and password.</summary>
    private const int ShortestCredential = 4;

    private static ReadOnlySpan<byte> Blank => "[secret]"u8;

    /// <summary>The answer, without the webhook's secrets, as far as it is kept.</summary>
    /// <param name="answer">All that was read: a secret that is cut in two by the end of what is kept is seen whole here.</param>
    /// <param name="most">Kept of it, at most.</param>
    public static byte[] Without(WebhookOptions webhook, ReadOnlySpan<byte> answer, int most)
    {
        if (answer.IsEmpty) return [];
        // The longest first: where two begin at the same place, the whole goes.
        List<byte[]> sought = [.. FormsOf(webhook).Distinct(StringComparer.Ordinal).Select(form => Encoding.UTF8.GetBytes(form)).OrderByDescending(form => form.Length)];
        var kept = new ArrayBufferWriter<byte>(Math.Min(answer.Length, most) + Blank.Length);
        while (kept.WrittenCount < most)
        {
            int at = answer.Length, length = 0;
            for (int i = 0; i < sought.Count; i++)
            {
                int found = answer.IndexOf(sought[i]);
                if (found < 0) sought.RemoveAt(i--);
                else if (found < at) (at, length) = (found, sought[i].Length);
            }

            kept.Write(answer[..at]);
            if (length == 0) break;
            kept.Write(Blank);
            answer = answer[(at + length)..];
        }
        return kept.WrittenSpan[..Math.Min(kept.WrittenCount, most)].ToArray();
    }

    /// <summary>Each as it is, and as JSON, HTML and addresses would have it.</summary>
    private static IEnumerable<string> FormsOf(WebhookOptions webhook) =>
        from secret in SecretsOf(webhook)
        from form in (string[])
        [
            secret, JsonEncodedText.Encode(secret).ToString(), JsonEncodedText.Encode(secret, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString(),
            secret.Replace("/", "\\/", StringComparison.Ordinal), WebUtility.HtmlEncode(secret), Uri.EscapeDataString(secret), WebUtility.UrlEncode(secret),
        ]
        select form;

    private static IEnumerable<string> SecretsOf(WebhookOptions webhook)
    {
        if (webhook.Credentials is var (user, password))
        {
            yield return $"{user}:{password}";
            yield return Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
            if (user.Length >= ShortestCredential) yield return user;
            if (password.Length >= ShortestCredential) yield return password;
        }

        foreach (WebhookHeader header in webhook.Headers)
        {
            if (header.Value.Length < Shortest) continue;
            yield return header.Value;
            // 'Bearer' is none, and what follows may be printed alone.
            foreach (string part in header.Value.Split(' ').Where(part => part.Length >= Shortest)) yield return part;
        }

        foreach (string secret in webhook.Signer?.Secrets ?? [])
            if (secret.Length >= Shortest) yield return secret;

        string path = webhook.Url.AbsolutePath, query = webhook.Url.Query.TrimStart('?');
        foreach (string whole in (string[])[webhook.Url.PathAndQuery, path, query])
            if (whole.Length >= Shortest)
                foreach (string form in (string[])[whole, Uri.UnescapeDataString(whole)]) yield return form;
        foreach (string part in path.Split('/').Concat(query.Split('&', '=')))
            if (part.Length >= ShortestPart)
                foreach (string form in (string[])[part, Uri.UnescapeDataString(part)]) yield return form;
    }
}
