using System.Globalization;
using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Delivering.Operators;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>The user's names that certificates have shown, and whose renewal is missing, as the API and the console show them.</summary>
internal sealed class Endpoints(IWatchedNames store, Watched watched, IssuerDirectory issuers, RenewalOptions options, TimeProvider time)
{
    public const string Valid = "valid", Missing = "renewal_missing", Revoked = "revoked", Expired = "expired";

    /// <summary>Parts that are read for one answer, where most of what is stored is watched no more.</summary>
    private const int MostParts = 20;

    public TimeSpan Window => options.Window;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/endpoints", async (string? domain, string? state, string? after, string? limit, Endpoints endpoints, CancellationToken cancellation) =>
            EndpointsPart.Read(domain, state, after, limit, out string? problem) is { } page
                ? TypedResults.Json(await endpoints.ListAsync(page, cancellation), ApiJson.Default.PageJsonWatchedNameJson)
                : (IResult)ApiError.BadRequest(problem!)).WithTags("Endpoints").Needs(Scope.Read).Produces<PageJson<WatchedNameJson>>();

    /// <summary>By name; those whose renewal is missing, by their end. What is watched no more is left out.</summary>
    public async Task<PageJson<WatchedNameJson>> ListAsync(EndpointsPart page, CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        var query = new WatchedNameQuery(page.Limit + 1) { MonitoredDomain = page.Domain, After = page.After, Missing = page.OnlyMissing ? new RenewalWindow(now, options.Window) : null };
        var found = new List<WatchedName>();
        for (int part = 0; ; part++)
        {
            IReadOnlyList<WatchedName> some = await store.WatchedNamesAsync(query, cancellation);
            foreach (WatchedName name in some)
            {
                if (found.Count == page.Limit) return new PageJson<WatchedNameJson>(Shown(found, now), page.CursorOf(found[^1].NotAfter, found[^1].DnsName));
                if (RenewalWatch.IsWatched(watched.Own, name.DnsName)) found.Add(name);
            }
            if (some.Count < query.Limit) return new PageJson<WatchedNameJson>(Shown(found, now), null);
            query = query with { After = (some[^1].NotAfter, some[^1].DnsName) };
            if (part == MostParts) return new PageJson<WatchedNameJson>(Shown(found, now), page.CursorOf(some[^1].NotAfter, some[^1].DnsName));
        }
    }

    private IReadOnlyList<WatchedNameJson> Shown(List<WatchedName> names, DateTimeOffset now) => [.. names.Select(name => new WatchedNameJson(
        name.DnsName, name.MonitoredDomain, name.Discovered, StateOf(name, now),
        new NewestCertificateJson(
            ApiJson.IdOf(name.Issuance), IssuerJson.Of(issuers.Find(name.Certificate), name.Certificate), name.Certificate.NotBefore, name.NotAfter, name.IsByWildcard, name.Revocation.IsRevoked)))];

    /// <summary>As the stores find what is missing.</summary>
    private string StateOf(WatchedName name, DateTimeOffset now)
    {
        string state = StateByEnd(name, now);
        return state == Valid && name.Revocation.IsRevoked ? Revoked : state;
    }

    private string StateByEnd(WatchedName name, DateTimeOffset now)
    {
        TimeSpan left = name.NotAfter - now;
        if (left <= TimeSpan.Zero) return Expired;
        if (left > options.Window) return Valid;
        return name.Certificate.NotBefore is { } start && start < name.NotAfter && name.NotAfter - start < options.Window && left * 3 > name.NotAfter - start ? Valid : Missing;
    }
}

/// <summary>Which part of the list of names.</summary>
internal sealed record EndpointsPart(string? Domain, bool OnlyMissing, (DateTimeOffset NotAfter, string DnsName)? After, int Limit)
{
    /// <summary>Reads the query; null says what is wrong with it.</summary>
    public static EndpointsPart? Read(string? domain, string? state, string? after, string? limit, out string? problem)
    {
        Page? page = Page.Read(null, limit, out problem);
        bool onlyMissing = state == Endpoints.Missing;
        (DateTimeOffset, string)? behind = null;
        if (!string.IsNullOrEmpty(state) && !onlyMissing) problem = $"state can be {Endpoints.Missing}, or left out.";
        if (!string.IsNullOrEmpty(after))
        {
            int cut = after.IndexOf(' ', StringComparison.Ordinal);
            if (cut > 0 && long.TryParse(after.AsSpan(0, cut), NumberStyles.None, CultureInfo.InvariantCulture, out long end) && end < DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
                behind = (DateTimeOffset.FromUnixTimeMilliseconds(end), after[(cut + 1)..]);
            else if (!onlyMissing) behind = (DateTimeOffset.UnixEpoch, after);
            else problem = "after must be the \"next\" of the page before.";
        }
        return problem is null && page is not null ? new EndpointsPart(string.IsNullOrEmpty(domain) ? null : domain, onlyMissing, behind, page.Limit) : null;
    }

    public string CursorOf(DateTimeOffset notAfter, string name) => OnlyMissing ? string.Create(CultureInfo.InvariantCulture, $"{notAfter.ToUnixTimeMilliseconds()} {name}") : name;
}

/// <summary>A name of the user's, on the wire.</summary>
/// <param name="State"><c>valid</c>, <c>renewal_missing</c>, <c>revoked</c> or <c>expired</c>: of the certificate that covers it longest.</param>
internal sealed record WatchedNameJson(string DnsName, string MonitoredDomain, DateTimeOffset Discovered, string State, NewestCertificateJson Certificate);

/// <summary>The certificate that covers a name longest.</summary>
/// <param name="Id">The issuance's.</param>
/// <param name="Wildcard">By a wildcard, and not by its own name.</param>
internal sealed record NewestCertificateJson(string Id, IssuerJson Issuer, DateTimeOffset? NotBefore, DateTimeOffset NotAfter, bool Wildcard, bool Revoked);
