using CertHerald.Access;

namespace CertHerald.Configuring;

/// <summary>The section <c>oidc</c>.</summary>
internal static class OpenIdSection
{
    private const int LongestLabel = 60;

    /// <summary>Null if nobody is to sign in that way, or if something is wrong with it.</summary>
    /// <param name="isThere">Whether the section is written at all.</param>
    /// <param name="callback">Where the provider sends people back to.</param>
    public static OpenIdOptions? Read(ConfigurationSection section, bool isThere, string callback)
    {
        var defaults = new OpenIdOptions { Issuer = "", ClientId = "", Callback = callback };
        string? issuer = section.Text("issuer"), client = section.Text("client_id"), secret = section.Secret("client_secret");
        IReadOnlyList<string> scopes = section.Texts("scopes") ?? defaults.Scopes;
        string label = section.Text("label") ?? defaults.Label, groupsClaim = section.Text("groups_claim") ?? defaults.GroupsClaim;
        IReadOnlyList<string> emails = section.Texts("allowed_emails") ?? [], domains = section.Texts("allowed_domains") ?? [], groups = section.Texts("allowed_groups") ?? [];
        section.Finish();
        if (!isThere) return null;

        if (issuer is null) section.Mistake("issuer", "is missing", "write it as the provider's discovery document does, such as https://login.example.com/realms/staff");
        else if (!IsIssuer(issuer)) section.Mistake("issuer", "is no address with https, without user name, ? and #", "write it as the provider's discovery document does");
        if (string.IsNullOrWhiteSpace(client)) section.Mistake("client_id", "is missing", "register CertHerald at the provider, with the redirect URI " + callback);
        if (secret is { Length: 0 }) section.Mistake("client_secret", "is empty", "write env:NAME or file:PATH, or remove it for a client without a secret");
        if (scopes.Any(scope => scope.Length == 0 || scope.Any(c => c is <= ' ' or '"' or '\\' or > '~'))) section.Mistake("scopes", "hold one that no scope can be", "write [ \"openid\", \"email\" ]");
        if (groupsClaim.Length == 0) section.Mistake("groups_claim", "is empty", "write the name of the claim, such as groups");
        if (label.Length is 0 or > LongestLabel) section.Mistake("label", "does not fit on a button", $"write 1 to {LongestLabel} characters");
        foreach (string email in emails.Where(email => email.IndexOf('@', StringComparison.Ordinal) < 1 || email.EndsWith('@') || !System.Text.Ascii.IsValid(email)))
            section.Mistake("allowed_emails", $"\"{email}\" is no e-mail address in ASCII", "write alice@example.com");
        foreach (string domain in domains.Where(domain => domain.Length == 0 || domain.StartsWith('.') || domain.AsSpan().ContainsAny('@', '*') || !System.Text.Ascii.IsValid(domain)))
            section.Mistake("allowed_domains", $"\"{domain}\" is no domain of e-mail addresses", "write what stands after the @, such as example.com");
        if (groups.Any(group => group.Length == 0)) section.Mistake("allowed_groups", "hold an empty name", "remove it");
        if (emails.Count + domains.Count + groups.Count == 0)
            section.Mistake("allowed_emails", "is empty, as allowed_domains and allowed_groups are: everybody with an account there would be an administrator here", "name who may sign in");

        return new OpenIdOptions
        {
            Issuer = issuer ?? "",
            ClientId = client ?? "",
            ClientSecret = secret,
            Callback = callback,
            // Without it there is no ID token.
            Scopes = scopes.Contains("openid") ? scopes : ["openid", .. scopes],
            Emails = emails,
            Domains = domains,
            Groups = groups,
            GroupsClaim = groupsClaim,
            Label = label,
        };
    }

    // Plain HTTP within this machine only: keys that come over it could be anybody's.
    private static bool IsIssuer(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url is { UserInfo: "", Query: "", Fragment: "" }
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));
}
