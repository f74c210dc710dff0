using System.Text.Json.Serialization;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>A webhook that is to be added, or what is to change of one. What is left out stays, or is as usual.</summary>
/// <param name="Url">Whole, with user name and password.</param>
/// <param name="Secret">To sign with; one is made if it is needed and not given.</param>
/// <param name="AppSecret">The same for dialects that sign with an app's.</param>
/// <param name="VerifyToken">Asks the receiver first, with this. Not kept.</param>
/// <param name="ClientCertificate">What the receiver knows us by, PEM; empty takes it away.</param>
/// <param name="ClientKey">Its key, PEM, if it does not stand beside it. Not shown again.</param>
/// <param name="Ca">The roots that the receiver's certificate must lead to, PEM; empty: those that this machine trusts.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record WebhookRequest(
    string? Name = null, string? Dialect = null, string? Url = null, IReadOnlyList<string>? Events = null, bool? Evidence = null, string? Secret = null,
    bool? Signed = null, IReadOnlyDictionary<string, string>? Headers = null, int? Concurrency = null, double? Rate = null,
    string? AppSecret = null, string? VerifyToken = null, bool? IncludeValues = null, [property: JsonPropertyName("accept_any_2xx")] bool? AcceptAny2xx = null, int? MaxBatch = null, int? MaxBatchBytes = null,
    string? ClientCertificate = null, string? ClientKey = null, string? Ca = null)
{
    /// <summary>Texts of a request, beyond which it is none that anybody means.</summary>
    private const int LongestUrl = 8_192, LongestToken = 1_024;

    /// <summary>What the webhook is by this request; null, and why, if it cannot be.</summary>
    /// <param name="before">What it was; null if it is added.</param>
    public ChangedWebhook? ApplyTo(StoredWebhook? before, IReadOnlyList<IWebhookDialect> dialects, DateTimeOffset now, out string mistake)
    {
        string name = before?.Name ?? Name ?? "";
        // The first is what the configuration takes as usual.
        string dialect = Dialect ?? before?.Dialect ?? dialects[0].Name;
        IWebhookDialect? spoken = dialects.FirstOrDefault(one => one.Name == dialect);
        IReadOnlyList<string> events = Events ?? before?.Events ?? [.. EventKinds.All.Where(kind => spoken?.Speaks(kind) == true).Take(1)];
        mistake = !WebhookOptions.IsName(name) ? $"\"name\" is {WebhookOptions.NameForm}."
            : spoken is null ? $"\"dialect\" is one of: {string.Join(", ", dialects.Select(one => one.Name))}."
            : events.Count == 0 || events.Any(kind => !spoken.Speaks(kind)) ? $"\"events\" of the dialect {spoken.Name} are: {string.Join(", ", EventKinds.All.Where(spoken.Speaks))}."
            : Strange(spoken) is { } strange ? $"\"{strange}\" is no option of the dialect {spoken.Name}: leave it out."
            : VerifyToken is { Length: 0 or > LongestToken } ? $"\"verify_token\" is a text of 1 to {LongestToken:#,0} characters."
            : MaxBatch is < 1 or > WebhookOptions.MostBatched ? $"\"max_batch\" is a number from 1 to {WebhookOptions.MostBatched:#,0}."
            : MaxBatchBytes is < WebhookOptions.LeastBatchBytes or > WebhookOptions.MostBatchBytes ? $"\"max_batch_bytes\" is a number from {WebhookOptions.LeastBatchBytes:#,0} to {WebhookOptions.MostBatchBytes:#,0}."
            : Headers?.Values.Any(value => value is null) == true ? "\"headers\" hold a name without a value: leave it out."
            : Concurrency is < 1 or > WebhookOptions.MostConcurrency ? $"\"concurrency\" is a number from 1 to {WebhookOptions.MostConcurrency}."
            : Rate is { } rate && !(rate is >= WebhookOptions.LeastRate and <= WebhookOptions.MostRate) ? $"\"rate\" is a number from 0.01 to {WebhookOptions.MostRate:0}."
            : "";
        if (mistake.Length > 0 || ReadUrl(before, out mistake) is not { } url) return null;

        bool isMoved = before is not null && !WebhookUrl.IsSamePlace(before.Url, url);
        IReadOnlyList<KeyValuePair<string, string>> headers = Headers is not null ? [.. Headers] : isMoved ? [] : before?.Headers ?? [];
        if (WebhookHeader.MistakeIn([.. headers.Select(header => new WebhookHeader(header.Key, header.Value))]) is { } wrong)
        {
            mistake = $"\"headers\" {wrong}.";
            return null;
        }
        if (headers.Any(header => string.Equals(header.Key, "Authorization", StringComparison.OrdinalIgnoreCase)) && HasCredentials(url))
        {
            mistake = "\"headers\" hold Authorization, and the URL has a password: leave one of them out.";
            return null;
        }
        if (!TlsTexts.TryApply(isMoved ? null : before?.Tls, ClientCertificate, ClientKey, Ca, out StoredTls? tls, out mistake)) return null;
        IReadOnlyList<StoredSecret> old = isMoved ? [] : before?.Secrets ?? [];
        bool wasSigned = before?.Secrets.Any(secret => SigningSecret.HasForm(secret.Text)) == true;
        if (ReadSecrets(old, wasSigned, spoken!, out string? made, out mistake) is not { } secrets) return null;
        if (ReadAppSecrets(old, spoken!, out string? madeForApp, out mistake) is not { } appSecrets) return null;

        var webhook = new StoredWebhook
        {
            Name = name,
            Dialect = dialect,
            Events = [.. events.Distinct()],
            Evidence = Evidence ?? before?.Evidence ?? false,
            Concurrency = Concurrency ?? before?.Concurrency,
            Rate = Rate ?? before?.Rate,
            Added = before?.Added ?? now,
            Url = url,
            Headers = headers,
            IncludeValues = !spoken!.Options.Contains(DialectOptions.IncludeValues) || (IncludeValues ?? before?.IncludeValues ?? true),
            AcceptAny2xx = spoken.Options.Contains(DialectOptions.AcceptAny2xx) && (AcceptAny2xx ?? before?.AcceptAny2xx ?? false),
            MaxBatch = spoken.Options.Contains(DialectOptions.MaxBatch) ? MaxBatch ?? before?.MaxBatch ?? 1 : 1,
            MaxBatchBytes = spoken.Options.Contains(DialectOptions.MaxBatchBytes) ? MaxBatchBytes ?? before?.MaxBatchBytes ?? WebhookOptions.DefaultBatchBytes : WebhookOptions.DefaultBatchBytes,
            Tls = tls,
            Secrets = [.. secrets.Concat(appSecrets).Where(secret => secret.Until is null || secret.Until > now)],
        };
        return new ChangedWebhook(webhook, made, isMoved ? LostBy(before!, webhook) : null) { MadeForApp = madeForApp };
    }

    /// <summary>Printed by accident, it must not show its secrets.</summary>
    public override string ToString() => Name ?? "a change of a webhook";

    /// <summary>The URL to keep.</summary>
    private string? ReadUrl(StoredWebhook? before, out string mistake)
    {
        mistake = "";
        if (Url is null)
        {
            if (before is null) mistake = "\"url\" is missing: write https://user:password@host/path.";
            return before?.Url;
        }
        if (Url.Length > LongestUrl) mistake = $"\"url\" is longer than {LongestUrl} characters.";
        else if (!WebhookUrl.TryParse(Url, out _, out string? wrong)) mistake = $"\"url\" {wrong}.";
        return mistake.Length > 0 ? null : WebhookUrl.WithUserOf(before?.Url, Url);
    }

    /// <summary>An option that the request names and the dialect has not; null if there is none.</summary>
    private string? Strange(IWebhookDialect spoken)
    {
        (string Name, bool IsGiven)[] special =
        [
            (DialectOptions.AppSecret, AppSecret is not null), (DialectOptions.VerifyToken, VerifyToken is not null),
            (DialectOptions.IncludeValues, IncludeValues is not null), (DialectOptions.AcceptAny2xx, AcceptAny2xx is not null),
            (DialectOptions.MaxBatch, MaxBatch is not null), (DialectOptions.MaxBatchBytes, MaxBatchBytes is not null),
        ];
        return special.FirstOrDefault(option => option.IsGiven && !spoken.Options.Contains(option.Name)).Name;
    }

    /// <summary>Those of Standard Webhooks.</summary>
    /// <param name="old">What it had and may keep.</param>
    private List<StoredSecret>? ReadSecrets(IReadOnlyList<StoredSecret> old, bool wasSigned, IWebhookDialect dialect, out string? made, out string mistake)
    {
        made = null;
        mistake = "";
        if (Secret is not null)
        {
            if (Signed == false) mistake = "\"signed\" is false, and there is a \"secret\": leave one of them out.";
            else if (!SigningSecret.TryParse(Secret, out _, out string? wrong)) mistake = $"\"secret\" {wrong}.";
            return mistake.Length > 0 ? null : [new StoredSecret(Secret, Until: null)];
        }

        if (!(Signed ?? (wasSigned || dialect.SignsByDefault))) return [];
        if (old.Where(secret => SigningSecret.HasForm(secret.Text)).ToList() is { Count: > 0 } kept) return kept;

        made = SigningSecret.New().Text;
        return [new StoredSecret(made, Until: null)];
    }

    /// <summary>Those of an app: where they sign, they always do.</summary>
    private List<StoredSecret>? ReadAppSecrets(IReadOnlyList<StoredSecret> old, IWebhookDialect dialect, out string? made, out string mistake)
    {
        made = null;
        mistake = "";
        if (!dialect.Options.Contains(DialectOptions.AppSecret)) return [];
        if (AppSecret is not null)
        {
            if (!Delivering.Signing.AppSecret.TryParse(AppSecret, out _, out string? wrong)) mistake = $"\"app_secret\" {wrong}.";
            return mistake.Length > 0 ? null : [new StoredSecret(AppSecret, Until: null)];
        }
        if (old.Where(secret => !SigningSecret.HasForm(secret.Text)).ToList() is { Count: > 0 } kept) return kept;

        made = Delivering.Signing.AppSecret.New().Text;
        return [new StoredSecret(made, Until: null)];
    }

    private static string LostBy(StoredWebhook before, StoredWebhook after)
    {
        string[] lost =
        [
            .. HasCredentials(before.Url) && !HasCredentials(after.Url) ? (string[])["user name and password"] : [],
            .. before.Headers.Count > 0 && after.Headers.Count == 0 ? (string[])["the headers"] : [],
            .. before.Secrets.Count > 0 && !after.Secrets.SequenceEqual(before.Secrets) ? (string[])["the signing secret"] : [],
            .. before.Tls?.Certificate is not null && after.Tls?.Certificate is null ? (string[])["the client certificate"] : [],
            .. before.Tls?.Ca is not null && after.Tls?.Ca is null ? (string[])["the private CA"] : [],
        ];
        return lost.Length == 0 ? "" : $"The host is another: {string.Join(", ", lost)} of the old one are gone. Give the new one its own.";
    }

    private static bool HasCredentials(string url) => WebhookUrl.TryParse(url, out WebhookUrl? parsed, out _) && parsed.Credentials is not null;
}

/// <summary>A webhook as a request leaves it.</summary>
/// <param name="Made">A secret that was made for it: shown once, in the answer.</param>
/// <param name="Warning">What it lost on the way; null or empty: nothing.</param>
internal sealed record ChangedWebhook(StoredWebhook Webhook, string? Made, string? Warning)
{
    /// <summary>As <see cref="Made"/>, an app's.</summary>
    public string? MadeForApp { get; init; }

    public override string ToString() => Webhook.Name;
}

/// <summary>A new signing secret for a webhook.</summary>
/// <param name="OverlapHours">How long the old one signs beside it, or, of an app, alone: 0 to 168, by default 24.</param>
/// <param name="Secret">The new one; one is made if it is not given.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RotateRequest(double? OverlapHours = null, string? Secret = null)
{
    public override string ToString() => "a new secret";
}
