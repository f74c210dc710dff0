using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Names;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>An app in force. Immutable.</summary>
internal sealed class App
{
    private readonly Func<string, string, DateTimeOffset> _protectedSince;

    private App(StoredApp stored, IReadOnlyList<DomainOfApp> domains, Func<string, string, DateTimeOffset> protectedSince)
    {
        Stored = stored;
        Domains = domains;
        _protectedSince = protectedSince;
        Own = new WatchedPart(Listed(domains.Select(domain => domain.Item)), stored.Options.SilentBaseline ? domains.ToDictionary(domain => domain.Item, domain => domain.Added) : null);
        Secrets = [.. stored.Secrets.Select(Read)];
        Webhook = stored.Subscription is { IsInForce: true } told ? WebhookOf(told) : null;
        Webhooks = [.. Webhook is null ? (WebhookOptions[])[] : [Webhook], .. stored.Callbacks.Select(WebhookOf)];
    }

    public StoredApp Stored { get; }

    /// <summary>Of the domains whose imitations it is told of.</summary>
    public string Owner => ProtectedDomainOwners.App(Stored.ToString());

    /// <summary>By id.</summary>
    public IReadOnlyList<DomainOfApp> Domains { get; }

    public WatchedPart Own { get; }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<AppSecret> Secrets { get; }

    /// <summary>Where it is told first; null: not there. Its name is none that a configured or added webhook can have.</summary>
    public WebhookOptions? Webhook { get; }

    /// <summary>Everywhere it is told, the first one first.</summary>
    public IReadOnlyList<WebhookOptions> Webhooks { get; }

    /// <param name="protectedSince">When an owner's domain was protected.</param>
    /// <exception cref="StoreException">This version does not know such an app.</exception>
    public static App Of(StoredApp stored, IReadOnlyList<DomainOfApp> domains, Func<string, string, DateTimeOffset> protectedSince) => new(stored, domains, protectedSince);

    /// <exception cref="StoreException">This version does not know such an item.</exception>
    public static WatchList Listed(IEnumerable<string> items) =>
        WatchList.TryParse(items.Select((text, at) => ("the database", at + 1, text)), out WatchList list, out IReadOnlyList<WatchListMistake> mistakes, out _)
            ? list
            : throw new StoreException($"the database holds an app's domain that this version cannot watch: {mistakes[0].Problem}; start the newer certherald again");

    /// <summary>An app as it is stored, with a callback in place of the one of its name, or without it.</summary>
    public static StoredApp With(StoredApp app, string name, AppSubscription? callback) => name == Apps.FirstCallback
        ? app with { Subscription = callback }
        : app with { Callbacks = [.. app.Callbacks.Where(one => one.Name != name).Concat(callback is null ? [] : [callback with { Name = name }]).OrderBy(one => one.Name, StringComparer.Ordinal)] };

    /// <summary>The same app, told somewhere else.</summary>
    public App With(string name, AppSubscription callback) => new(With(Stored, name, callback), Domains, _protectedSince);

    /// <summary>The callback that one of its webhooks is for.</summary>
    public string NameOf(WebhookOptions webhook) => ReferenceEquals(webhook, Webhook) ? Apps.FirstCallback : webhook.Name[(Owner.Length + 1)..];

    /// <summary>Null if it has none of this name.</summary>
    public AppSubscription? CallbackOf(string name) => CallbackOf(Stored, name);

    /// <inheritdoc cref="CallbackOf(string)"/>
    public static AppSubscription? CallbackOf(StoredApp app, string name) => name == Apps.FirstCallback ? app.Subscription : app.Callbacks.FirstOrDefault(one => one.Name == name);

    /// <inheritdoc cref="CallbackOf(string)"/>
    public WebhookOptions? WebhookOf(string name) => name == Apps.FirstCallback ? Webhook : Webhooks.FirstOrDefault(one => one.Name == $"{Owner}:{name}");

    /// <summary>Whether it is still what the store holds.</summary>
    public bool IsAs(StoredApp stored, IEnumerable<DomainOfApp> domains) =>
        (Stored.Name, Stored.Created, Stored.Revision) == (stored.Name, stored.Created, stored.Revision) && Stored.Secrets.SequenceEqual(stored.Secrets) && Domains.SequenceEqual(domains);

    private WebhookOptions WebhookOf(AppSubscription told)
    {
        if (!WebhookUrl.TryParse(told.Url, out WebhookUrl? url, out _) || !WebhookTls.TryRead(told.Tls?.Certificate, told.Tls?.Key, told.Tls?.Ca, out WebhookTls? tls, out _)) throw Unknown(Stored);
        AppOptions options = Stored.Options;
        return new WebhookOptions
        {
            Name = told.Name.Length == 0 ? Owner : $"{Owner}:{told.Name}",
            Dialect = told.Dialect,
            Url = url.Address,
            Credentials = url.Credentials,
            Tls = tls,
            Events = options.UnknownOnly ? [.. told.Events.Select(kind => kind == EventKinds.Certificate ? EventKinds.UnknownCertificate : kind)] : told.Events,
            IncludeValues = told.IncludeValues,
            AcceptAny2xx = options.AcceptAny2xx,
            MaxBatch = options.MaxBatch,
            MaxBatchBytes = options.MaxBatchBytes,
            Evidence = options.Evidence,
            Signer = WebhookSigners.Of([.. told.Secrets.Select(ReadStandard)], Secrets),
            Only = Own,
            Owner = Owner,
            ProtectedSince = options.SilentBaseline ? domain => _protectedSince(Owner, domain) : null,
        };
    }

    private AppSecret Read(StoredSecret stored) =>
        AppSecret.TryParse(stored.Text, out AppSecret? secret, out _) ? stored.Until is { } until ? secret.EndingAt(until) : secret : throw Unknown(Stored);

    private SigningSecret ReadStandard(StoredSecret stored) =>
        SigningSecret.TryParse(stored.Text, out SigningSecret? secret, out _) ? stored.Until is { } until ? secret.EndingAt(until) : secret : throw Unknown(Stored);

    private static StoreException Unknown(StoredApp app) =>
        new($"the database holds app {app} in a form that this version does not know: start the newer certherald again");
}
