using CertHerald.Deciding;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>
/// What is the user's own: keys, certificates, the CAs that he uses, single issuances. Kept in the store and in force beside what the
/// configuration authorises. Authorising tells nobody anything; it makes known what was unknown until then.
/// </summary>
internal sealed partial class Authorisations(IStore store, Watched watched, IssuerDirectory issuers, TimeProvider time, ILogger<Authorisations> logger) : IDisposable
{
    /// <summary>Most names that a key is authorised for here: as many as the largest certificates have.</summary>
    public const int MostNames = 2_000;

    /// <summary>Most CAs of one list.</summary>
    public const int MostAuthorities = 100;

    private readonly Turns _turns = new();

    // As the store has them. Written by whoever has the turn.
    private StoredAuthorisations _added = new([], [], []);

    /// <summary>Puts in force what another node has changed.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => _turns.TakeAsync(() => LoadAsync(cancellation), cancellation);

    /// <summary>Puts in force what the store holds. Called before any log is read.</summary>
    public async Task LoadAsync(CancellationToken cancellation) => PutInForce(await store.AuthorisationsAsync(cancellation));

    /// <summary>Every key once, with the names that it is for.</summary>
    public IReadOnlyList<KnownKeyJson> Keys()
    {
        Dictionary<string, AddedKey> added = _added.Keys.ToDictionary(key => key.PubkeySha256, StringComparer.Ordinal);
        KnownCertificates configured = watched.KnownConfigured;
        return
        [
            .. from key in added.Keys.Union(configured.Keys.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
               let own = added.GetValueOrDefault(key)
               let fixedNames = configured.Keys.GetValueOrDefault(key)
               select new KnownKeyJson(
                   key, [.. (own?.DnsNames ?? []).Union(fixedNames ?? Enumerable.Empty<string>(), StringComparer.Ordinal).Order(StringComparer.Ordinal)], fixedNames is not null, own?.Added),
        ];
    }

    /// <summary>Every certificate once.</summary>
    public IReadOnlyList<KnownCertificateJson> Certificates()
    {
        Dictionary<string, AddedCertificate> added = _added.Certificates.ToDictionary(one => one.TbsSha256, StringComparer.Ordinal);
        KnownCertificates configured = watched.KnownConfigured;
        return
        [
            .. from tbs in added.Keys.Union(configured.Issuances, StringComparer.Ordinal).Order(StringComparer.Ordinal)
               let own = added.GetValueOrDefault(tbs)
               select new KnownCertificateJson(tbs, own?.DnsNames ?? [], configured.Issuances.Contains(tbs), own?.Added),
        ];
    }

    /// <summary>The list for every name first, by the name <c>*</c>; then those for single watch items.</summary>
    public IReadOnlyList<AuthoritiesJson> Authorities()
    {
        AuthorityLists configured = watched.KnownConfigured.Authorities;
        IEnumerable<AuthoritiesJson> general = configured.General.Count > 0 ? [new AuthoritiesJson(AuthoritiesJson.Every, configured.General, Configured: true, Added: null)] : [];
        return
        [
            .. general,
            .. configured.Lists.Select(list => new AuthoritiesJson(list.Key, list.Value, Configured: true, Added: null))
                .Concat(_added.Authorities.Where(list => !configured.Lists.ContainsKey(list.Item)).Select(list => new AuthoritiesJson(list.Item, list.Authorities, Configured: false, list.Added)))
                .OrderBy(list => list.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>What CAA records say of every name that they are looked up for, and whether it may authorise.</summary>
    public async Task<IReadOnlyList<CaaJson>> CaaAsync(CancellationToken cancellation) => [.. (await store.CaaSetsAsync(cancellation)).Select(CaaJson.Of)];

    /// <summary>Authorises a key for names, from the next batch on; when it returns, it is durable and in force, and so is what it makes known.</summary>
    /// <returns>Null if it would be authorised for more than <see cref="MostNames"/>, over all calls.</returns>
    // Not cancellable, as what follows: a client that hangs up must not leave what is stored and what is in force apart. And by what
    // the store has, not by what this node believes: others change it too.
    public Task<KnownKeyJson?> AddKeyAsync(string pubkeySha256, IEnumerable<string> dnsNames) => _turns.TakeAsync<KnownKeyJson?>(async () =>
    {
        AuditNote.About(pubkeySha256);
        string[] names = [.. dnsNames.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        IReadOnlyList<string> before = (await store.AuthorisationsAsync(CancellationToken.None)).Keys.FirstOrDefault(key => key.PubkeySha256 == pubkeySha256)?.DnsNames ?? [];
        if (before.Union(names, StringComparer.Ordinal).Count() > MostNames) return null;
        AddedKey stored = await store.AddKeyAsync(new AddedKey(pubkeySha256, names, time.GetUtcNow()), CancellationToken.None);
        await LoadAsync(CancellationToken.None);
        IReadOnlyList<string> cleared = await ClearAsync();
        KnownAdded("key", pubkeySha256, cleared.Count);
        return (FindKey(pubkeySha256) ?? new KnownKeyJson(pubkeySha256, stored.DnsNames, Configured: false, stored.Added)) with { Cleared = cleared };
    });

    /// <summary>Removes a key that was added here. In the configuration it may stay. What it made known stays known.</summary>
    /// <returns>What is left of it; null if it was never added here.</returns>
    public Task<KnownKeyJson?> RemoveKeyAsync(string pubkeySha256) => _turns.TakeAsync(async () =>
    {
        if (!await store.RemoveKeyAsync(pubkeySha256, CancellationToken.None)) return null;
        await LoadAsync(CancellationToken.None);
        return FindKey(pubkeySha256) ?? new KnownKeyJson(pubkeySha256, [], Configured: false, Added: null);
    });

    /// <summary>Authorises one certificate, with its precertificate.</summary>
    public Task<KnownCertificateJson> AddCertificateAsync(string tbsSha256, IReadOnlyList<string> dnsNames) => _turns.TakeAsync(async () =>
    {
        AuditNote.About(tbsSha256);
        var added = new AddedCertificate(tbsSha256, dnsNames, time.GetUtcNow());
        await store.AddCertificateAsync(added, CancellationToken.None);
        await LoadAsync(CancellationToken.None);
        IReadOnlyList<string> cleared = await ClearAsync();
        KnownAdded("certificate", tbsSha256, cleared.Count);
        // Another node may have removed it since: then it is shown as it was added.
        return (FindCertificate(tbsSha256) ?? new KnownCertificateJson(tbsSha256, dnsNames, Configured: false, added.Added)) with { Cleared = cleared };
    });

    /// <summary>As <see cref="RemoveKeyAsync"/>.</summary>
    public Task<KnownCertificateJson?> RemoveCertificateAsync(string tbsSha256) => _turns.TakeAsync(async () =>
    {
        if (!await store.RemoveCertificateAsync(tbsSha256, CancellationToken.None)) return null;
        await LoadAsync(CancellationToken.None);
        return FindCertificate(tbsSha256) ?? new KnownCertificateJson(tbsSha256, [], Configured: false, Added: null);
    });

    /// <summary>Sets the CAs that may issue for a watch item. They count for what is found from now on.</summary>
    public Task<AuthoritiesJson> SetAuthoritiesAsync(string item, IReadOnlyList<string> authorities) => _turns.TakeAsync(async () =>
    {
        var added = new AddedAuthorities(item, authorities, time.GetUtcNow());
        await store.SetAuthoritiesAsync(added, CancellationToken.None);
        await LoadAsync(CancellationToken.None);
        return new AuthoritiesJson(item, authorities, Configured: false, added.Added) { Warning = WarningOf(authorities, issuers) };
    });

    /// <returns>What is left of it; null if it was never set here.</returns>
    public Task<AuthoritiesJson?> RemoveAuthoritiesAsync(string item) => _turns.TakeAsync(async () =>
    {
        if (!await store.RemoveAuthoritiesAsync(item, CancellationToken.None)) return null;
        await LoadAsync(CancellationToken.None);
        return new AuthoritiesJson(item, watched.KnownConfigured.Authorities.Lists.GetValueOrDefault(item, []), IsConfigured(item), Added: null);
    });

    /// <summary>Whether the configuration has a list for a watch item: it counts, whatever was set here.</summary>
    public bool IsConfigured(string item) => watched.KnownConfigured.Authorities.Lists.ContainsKey(item);

    /// <summary>R5: makes one issuance known by the word of whoever asks.</summary>
    /// <returns>False if there is none.</returns>
    public Task<bool> MarkAsync(long issuance) => store.MarkAsync(issuance, KnownCertificates.ByHand, CancellationToken.None);

    /// <summary>R3 for an issuance's key and its DNS names: its renewals are known with it.</summary>
    /// <returns>Null if there is no such issuance; false if it has what no key can be authorised for.</returns>
    public async Task<bool?> AddKeyOfAsync(long issuance, CancellationToken cancellation)
    {
        if (await store.FindIssuanceAsync(issuance, cancellation) is not { Certificate: var certificate }) return null;
        if (certificate.IpAddresses.Count > 0 || certificate.DnsNames.Count is 0 or > MostNames) return false;
        return await AddKeyAsync(certificate.PubkeySha256, certificate.DnsNames) is not null;
    }

    /// <summary>Makes known what is in force now would have made known on discovery; their ids.</summary>
    public async Task<IReadOnlyList<string>> ClearAsync() =>
        [.. (await store.ClearAsync(watched.Known, CancellationToken.None)).Select(ApiJson.IdOf)];

    /// <summary>What is allowed but probably not meant; null if nothing is.</summary>
    public static string? WarningOf(IEnumerable<string> authorities, IssuerDirectory issuers)
    {
        string[] unknown = [.. authorities.Where(one => !Hash.IsOne(one) && !issuers.Answers(one))];
        return unknown.Length == 0 ? null : $"no CA that is known by its key answers to {string.Join(", ", unknown)}: write the name that the CA's CAA records have, or see 'certherald issuers refresh'";
    }

    public void Dispose() => _turns.Dispose();

    private KnownKeyJson? FindKey(string pubkeySha256) => Keys().FirstOrDefault(key => key.PubkeySha256 == pubkeySha256);

    private KnownCertificateJson? FindCertificate(string tbsSha256) => Certificates().FirstOrDefault(one => one.TbsSha256 == tbsSha256);

    private void PutInForce(StoredAuthorisations added)
    {
        _added = added;
        watched.Authorise(new KnownCertificates(
            added.Certificates.Select(one => one.TbsSha256).ToHashSet(StringComparer.Ordinal),
            added.Keys.ToDictionary(key => key.PubkeySha256, key => (IReadOnlySet<string>)key.DnsNames.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal))
        {
            Authorities = new AuthorityLists([], added.Authorities.Select(list => KeyValuePair.Create(list.Item, list.Authorities))),
        });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A {Kind} is authorised: {Hash}. Issuances known by it that were not: {Cleared}")]
    private partial void KnownAdded(string kind, string hash, int cleared);
}

/// <summary>A key that is the user's.</summary>
/// <param name="DnsNames">What it is authorised for, and nothing else.</param>
/// <param name="Configured">It stands in a file that the configuration names.</param>
/// <param name="Added">When it was added through the API; null if it was not.</param>
internal sealed record KnownKeyJson(string PubkeySha256, IReadOnlyList<string> DnsNames, bool Configured, DateTimeOffset? Added)
{
    /// <summary>Ids of issuances that it made known, told when it is added; else null.</summary>
    public IReadOnlyList<string>? Cleared { get; init; }
}

/// <summary>A certificate that is the user's, with its precertificate.</summary>
/// <param name="DnsNames">What it is valid for; empty if only its hash was given.</param>
internal sealed record KnownCertificateJson(string TbsSha256, IReadOnlyList<string> DnsNames, bool Configured, DateTimeOffset? Added)
{
    /// <summary>As <see cref="KnownKeyJson.Cleared"/>.</summary>
    public IReadOnlyList<string>? Cleared { get; init; }
}

/// <summary>The CAA records that are relevant for a name.</summary>
/// <param name="Owner">The name that has them: this one, or one above it; empty if none has any. Null, as the records, if the last look failed.</param>
/// <param name="Trusted">Somebody has heard of exactly these: they may authorise.</param>
/// <param name="Problem">Why the last look failed; null if it did not.</param>
internal sealed record CaaJson(string Name, string? Owner, IReadOnlyList<string>? Records, bool Trusted, string? Problem, DateTimeOffset Looked)
{
    public static CaaJson Of(StoredCaa set) => new(
        set.Name, set.Found?.Owner, set.Found is null ? null : [.. set.Found.Records.Select(record => record.ToString())], set.IsTrusted, set.Problem.Length > 0 ? set.Problem : null, set.Looked);
}

/// <summary>The CAs that may issue for a watch item.</summary>
/// <param name="Name">The watch item; <see cref="Every"/> for all that have no list of their own.</param>
internal sealed record AuthoritiesJson(string Name, IReadOnlyList<string> Authorities, bool Configured, DateTimeOffset? Added)
{
    public const string Every = "*";

    /// <summary>What is allowed but probably not meant: told when it is set, else null.</summary>
    public string? Warning { get; init; }
}
