using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Api;
using CertHerald.Delivering.Signing;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>
/// What apps show to be let in: number and secret, or number and a token that was made from the secret. Both are valid as long as
/// the secret is, and none is kept.
/// </summary>
internal static class GraphTokens
{
    private const string Separator = "%7C";

    private static ReadOnlySpan<byte> Purpose => "certherald/app-access-token"u8;

    /// <summary>The app whose token this is, and valid now; null if it is none.</summary>
    public static App? Find(Apps apps, string token, DateTimeOffset now)
    {
        // Clients of the original write it into addresses as it is: there a plus is read as a space, which no token holds.
        string text = token.Replace(' ', '+');
        if (!text.Contains('|', StringComparison.Ordinal) && text.Contains(Separator, StringComparison.OrdinalIgnoreCase)) text = Uri.UnescapeDataString(text);
        int bar = text.IndexOf('|', StringComparison.Ordinal);
        if (bar < 0 || AppRequest.Read(text[..bar]) is not { } id || apps.Find(id) is not { } app) return null;

        byte[] shown = HashOf(text[(bar + 1)..]);
        bool fits = false;
        foreach (AppSecret secret in app.Secrets.Where(secret => secret.SignsAt(now)))
            fits |= CryptographicOperations.FixedTimeEquals(shown, HashOf(secret.Text)) | CryptographicOperations.FixedTimeEquals(shown, HashOf(MadeFrom(secret)));
        return fits ? app : null;
    }

    /// <summary>A token for whoever has the secret: null if it is wrong.</summary>
    public static string? Issue(Apps apps, string id, string secret, DateTimeOffset now) =>
        AppRequest.Read(id) is { } number && apps.Find(number) is { } app
            && app.Secrets.FirstOrDefault(one => one.SignsAt(now) && CryptographicOperations.FixedTimeEquals(HashOf(secret), HashOf(one.Text))) is { } right
            ? $"{app.Stored}|{MadeFrom(right)}"
            : null;

    private static string MadeFrom(AppSecret secret) => Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret.Text), Purpose));

    private static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
