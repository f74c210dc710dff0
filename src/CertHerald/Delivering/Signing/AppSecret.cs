using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Delivering.Signing;

/// <summary>What an app and its receivers share, as Meta's do: the key is the text itself.</summary>
internal sealed class AppSecret
{
    private const int Shortest = 16, Longest = 128;

    /// <summary>Of one that is made, in bytes: 32 hexadecimal digits, the form that the original's had.</summary>
    private const int Usual = 16;

    private readonly byte[] _key;

    private AppSecret(string text) => (Text, _key) = (text, Encoding.UTF8.GetBytes(text));

    /// <summary>When it stops signing; null for the newest one, which does not.</summary>
    public DateTimeOffset? Until { get; private init; }

    /// <summary>As its receiver needs it.</summary>
    public string Text { get; }

    public static AppSecret New() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Usual)));

    /// <param name="mistake">What is wrong and what to write instead. Does not repeat the text.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out AppSecret? secret, [NotNullWhen(false)] out string? mistake)
    {
        // What begins like the other kind of secret was meant to be one.
        bool isTaken = text.Length is >= Shortest and <= Longest && !text.AsSpan().ContainsAnyExceptInRange('!', '~') && !SigningSecret.HasForm(text);
        secret = isTaken ? new AppSecret(text) : null;
        mistake = isTaken ? null : $"is no app secret: write {Shortest} to {Longest} printable ASCII characters without spaces, such as 32 random hexadecimal digits; whsec_… goes into \"secret\"";
        return isTaken;
    }

    /// <summary>The same, signing no longer than that.</summary>
    public AppSecret EndingAt(DateTimeOffset until) => new(Text) { Until = Until < until ? Until : until };

    public bool SignsAt(DateTimeOffset now) => Until is not { } until || now < until;

    /// <summary>HMAC-SHA1, which receivers of the original still check. RFC 2104 holds for it: collisions of the hash do not forge it.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "The header X-Hub-Signature is defined by it, and stands beside the one with SHA-256.")]
    public byte[] SignSha1(ReadOnlySpan<byte> body) => HMACSHA1.HashData(_key, body);

    /// <summary>HMAC-SHA256.</summary>
    public byte[] SignSha256(ReadOnlySpan<byte> body) => HMACSHA256.HashData(_key, body);

    /// <summary>Printed by accident, it must not show.</summary>
    public override string ToString() => "…";
}
