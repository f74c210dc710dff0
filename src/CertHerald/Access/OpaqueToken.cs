using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Access;

/// <summary>Secrets that only their holder knows: 256 random bits in base64url. We keep SHA-256, so that what we keep opens nothing.</summary>
internal static class OpaqueToken
{
    /// <summary>43 characters that are safe in URLs and cookies.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>What is kept of a token. Comparing hashes, not tokens, leaves an attacker nothing to time.</summary>
    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>Whether a text from outside can be a token at all: anything else is not worth hashing.</summary>
    public static bool HasShape(string? text) => text is { Length: 43 } && Base64Url.IsValid(text);
}
