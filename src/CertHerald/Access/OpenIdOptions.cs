using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Access;

/// <summary>An OpenID provider whose users may sign in to the console, and which of them.</summary>
internal sealed record OpenIdOptions
{
    /// <summary>As the provider writes itself, to the letter: tokens must name it so.</summary>
    public required string Issuer { get; init; }

    public required string ClientId { get; init; }

    /// <summary>Null for a client that has none.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>Where the provider sends people back to.</summary>
    public required string Callback { get; init; }

    public IReadOnlyList<string> Scopes { get; init; } = ["openid", "email"];

    /// <summary>
    /// Whose addresses may sign in, if the provider says that they are verified. Whoever may is an administrator: with all
    /// three lists empty nobody may.
    /// </summary>
    public IReadOnlyList<string> Emails { get; init; } = [];

    /// <summary>What such addresses may end in, after the @.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>The claim that holds a user's groups.</summary>
    public string GroupsClaim { get; init; } = "groups";

    /// <summary>Stands on the button.</summary>
    public string Label { get; init; } = "single sign-on";

    /// <summary>Differs whenever something differs that decides who may sign in: sessions that began under another are over.</summary>
    public string Rules => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(
        '\n', [Issuer, ClientId, "", .. Emails, "", .. Domains, "", .. Groups, "", GroupsClaim]))).AsSpan(0, 8));

    public bool Admits(OpenIdUser user) => (user.Email is { } email && Admits(email)) || user.Groups.Any(group => Groups.Contains(group, StringComparer.Ordinal));

    /// <summary>Printed by accident, it must not show its secret.</summary>
    public override string ToString() => Issuer;

    private bool Admits(string email)
    {
        // Beyond ASCII, letters look alike and cases fold in surprising ways.
        int at = email.LastIndexOf('@');
        if (at < 1 || !Ascii.IsValid(email)) return false;
        return Emails.Contains(email, StringComparer.OrdinalIgnoreCase) || Domains.Contains(email[(at + 1)..], StringComparer.OrdinalIgnoreCase);
    }
}

/// <summary>Whom an OpenID provider names.</summary>
/// <param name="Subject">Its own name for the user, which never changes.</param>
/// <param name="Email">Null unless the provider says that it is verified.</param>
internal sealed record OpenIdUser(string Subject, string? Email, IReadOnlyList<string> Groups)
{
    private const int MostCharacters = 100;

    /// <summary>For the audit trail. Foreign.</summary>
    public string Name => Cut(Email ?? Subject);

    private static string Cut(string text) => text.Length <= MostCharacters ? text : text[..MostCharacters] + "…";
}
