using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CertHerald.Delivering.Signing;

/// <summary>What a webhook's requests are signed with, as Standard Webhooks 1.0.0 writes it: <c>whsec_</c> and base64 of 24 to 64 bytes.</summary>
internal sealed class SigningSecret
{
    public const string Prefix = "whsec_";
    private const int Fewest = 24, Most = 64, Usual = 32;

    private readonly byte[] _bytes;

    private SigningSecret(byte[] bytes) => _bytes = bytes;

    /// <summary>When it stops signing; null for the newest one, which does not.</summary>
    public DateTimeOffset? Until { get; private init; }

    /// <summary>As its receiver needs it.</summary>
    public string Text => Prefix + Convert.ToBase64String(_bytes);

    /// <summary>Whether a text is meant to be one, right or wrong.</summary>
    public static bool HasForm(string text) => text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    public static SigningSecret New() => new(RandomNumberGenerator.GetBytes(Usual));

    /// <param name="mistake">What is wrong and what to write instead. Does not repeat the text.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out SigningSecret? secret, [NotNullWhen(false)] out string? mistake)
    {
        secret = null;
        mistake = $"is no secret of Standard Webhooks: write {Prefix} and the base64 of {Fewest} to {Most} random bytes";
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Length > 128) return false;

        var bytes = new byte[Most + 2];
        string encoded = text[Prefix.Length..];
        // Written back it must be the same: what one library forgives, a receiver's may not.
        if (!Convert.TryFromBase64String(encoded, bytes, out int length) || length is < Fewest or > Most
            || Convert.ToBase64String(bytes.AsSpan(0, length)) != encoded) return false;

        secret = new SigningSecret(bytes[..length]);
        mistake = null;
        return true;
    }

    /// <summary>The same, signing no longer than that.</summary>
    public SigningSecret EndingAt(DateTimeOffset until) => new(_bytes) { Until = Until < until ? Until : until };

    public bool SignsAt(DateTimeOffset now) => Until is not { } until || now < until;

    /// <summary>HMAC-SHA256.</summary>
    public byte[] Sign(ReadOnlySpan<byte> content) => HMACSHA256.HashData(_bytes, content);

    /// <summary>Printed by accident, it must not show.</summary>
    public override string ToString() => Prefix + "…";
}
