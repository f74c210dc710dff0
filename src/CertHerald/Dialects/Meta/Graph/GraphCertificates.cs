using System.Globalization;
using System.Text.Json;
using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Storage;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>Certificates by the names on them and by id, newest first.</summary>
internal sealed class GraphCertificates(ICertificateSearch store, Watched watched, Webhooks webhooks, GraphLimits limits)
{
    private const string Pem = "certificate_pem";

    private const int UsualItems = 25, MostItems = 10_000, MostWithPem = 1_000;

    /// <summary>Items read at once, and bytes of a page: a page may have fewer items than were asked for, and then another follows.</summary>
    private const int AtOnce = 200, MostBytes = 8 << 20;

    /// <summary>In the order in which they are written; the id is always.</summary>
    private static readonly string[] Members = ["cert_hash_sha256", "domains", "issuer_name", "subject_name", Pem, "not_valid_before", "not_valid_after"];

    public async Task<ReadOnlyMemory<byte>> FindAsync(GraphRequest request, CancellationToken cancellation) =>
        AppRequest.Read(request.Id) is { } id && await store.FindCertificateAsync(id, cancellation) is { } found
            ? ItemOf(found, FieldsOf(request)).Json
            : throw request.Unknown();

    public async Task<ReadOnlyMemory<byte>> SearchAsync(GraphRequest request, CancellationToken cancellation)
    {
        string query = request.Parameters.Text("query")?.Trim() ?? throw GraphRefusal.BadParameter("The parameter query is required: a domain, or a certificate's id.");
        HashSet<string> fields = FieldsOf(request);
        int limit = request.Parameters.Clamped("limit", UsualItems, fields.Contains(Pem) ? MostWithPem : MostItems);
        long? after = GraphAnswer.ReadCursor(request.Parameters, "after"), before = GraphAnswer.ReadCursor(request.Parameters, "before");
        if (query.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0) return await FindOneAsync(query, fields, after, before, cancellation);

        WatchItem domain = GraphName.ReadQuery(query, watched);
        var asked = new CertificateQuery(GraphName.Of(domain)) { IncludeBelow = true };
        List<GraphItem> items = await ReadAsync(
            after is null && before is not null ? asked with { Above = before, OldestFirst = true } : asked with { Below = after }, fields, limit, cancellation);
        if (after is null && before is not null) items.Reverse();
        limits.TakeMore(request.App.Stored.Id, items.Count / 100);

        if (items.Count == 0)
            return after is not null || before is not null || GraphName.IsBeneath(domain, watched.Own) || GraphName.IsBeneath(domain, request.App.Own.List)
                ? GraphAnswer.Page([], null, null)
                : throw GraphRefusal.BadParameter($"'{GraphRefusal.Cut(query)}' lies beneath no domain that is watched here, and no certificate for it is stored.");

        bool hasNext = await HasAnyAsync(asked with { Below = items[^1].Id }, cancellation);
        // Before the first page there was nothing when it was asked for.
        bool hasPrevious = (after ?? before) is not null && await HasAnyAsync(asked with { Above = items[0].Id, OldestFirst = true }, cancellation);
        return GraphAnswer.Page(
            items,
            hasNext ? AddressOf("after", items[^1].Id) : null,
            hasPrevious ? AddressOf("before", items[0].Id) : null);

        string AddressOf(string cursor, long id) => request.AddressOf(
            webhooks.BaseUrl, "/certificates",
            ("query", query), ("fields", string.Join(',', request.Parameters.List("fields")) is { Length: > 0 } written ? written : null), ("limit", limit.ToString(CultureInfo.InvariantCulture)), (cursor, GraphAnswer.CursorOf(id)));
    }

    private async Task<ReadOnlyMemory<byte>> FindOneAsync(string query, HashSet<string> fields, long? after, long? before, CancellationToken cancellation)
    {
        if (AppRequest.Read(query) is not { } id || await store.FindCertificateAsync(id, cancellation) is not { } found)
            throw GraphRefusal.BadParameter($"No certificate with the id '{GraphRefusal.Cut(query)}' is stored.");
        return GraphAnswer.Page(found.Id < (after ?? long.MaxValue) && found.Id > (before ?? 0) ? [ItemOf(found, fields)] : [], null, null);
    }

    /// <summary>In the query's order. Not all at once: each has its whole certificate with it.</summary>
    private async Task<List<GraphItem>> ReadAsync(CertificateQuery query, HashSet<string> fields, int limit, CancellationToken cancellation)
    {
        var items = new List<GraphItem>();
        for (long bytes = 0; items.Count < limit && bytes < MostBytes;)
        {
            int atOnce = Math.Min(AtOnce, limit - items.Count);
            IReadOnlyList<StoredCertificate> found = await store.SearchCertificatesAsync(query with { Limit = atOnce }, cancellation);
            foreach (StoredCertificate certificate in found)
            {
                GraphItem item = ItemOf(certificate, fields);
                items.Add(item);
                bytes += item.Json.Length;
                if (bytes >= MostBytes) return items;
            }
            if (found.Count < atOnce) return items;
            query = query.OldestFirst ? query with { Above = found[^1].Id } : query with { Below = found[^1].Id };
        }
        return items;
    }

    private async Task<bool> HasAnyAsync(CertificateQuery query, CancellationToken cancellation) =>
        (await store.SearchCertificatesAsync(query with { Limit = 1 }, cancellation)).Count > 0;

    /// <summary>Unknown ones are left out.</summary>
    private static HashSet<string> FieldsOf(GraphRequest request) =>
        request.Parameters.List("fields") is { Count: > 0 } asked ? [.. Members.Intersect(asked)] : [.. Members];

    private static GraphItem ItemOf(StoredCertificate stored, HashSet<string> fields)
    {
        CertificateFacts certificate = stored.Certificate;
        return new GraphItem(stored.Id, GraphAnswer.Of(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, GraphAnswer.IdOf(stored.Id));
            if (fields.Contains(Members[0])) json.WriteString(Members[0], certificate.CertSha256);
            if (fields.Contains(Members[1]))
            {
                json.WriteStartArray(Members[1]);
                foreach (string name in certificate.DnsNames) json.WriteStringValue(name);
                json.WriteEndArray();
            }
            if (fields.Contains(Members[2])) json.WriteString(Members[2], NameIn(stored.Der, certificate.IssuerName, isIssuer: true));
            if (fields.Contains(Members[3])) json.WriteString(Members[3], NameIn(stored.Der, certificate.SubjectName, isIssuer: false));
            // What is not kept is left out: a client that decodes it must not meet half of one.
            if (fields.Contains(Pem) && stored.Der is { } der) json.WriteString(Pem, MetaChange.PemOf(der));
            if (fields.Contains(Members[5])) json.WriteString(Members[5], TimeOf(certificate.NotBefore));
            if (fields.Contains(Members[6])) json.WriteString(Members[6], TimeOf(certificate.NotAfter));
            json.WriteEndObject();
        }));
    }

    /// <summary>On one line, as clients split it. Of a precertificate that contradicts its leaf, only the leaf is kept; of some certificates, what they say alone.</summary>
    private static string NameIn(byte[]? der, string said, bool isIssuer) =>
        der is not null && (CertificateView.TryRead(der, out CertificateView view) || CertificateView.TryReadTbs(der, out view))
            ? DistinguishedName.FormatOneLine(isIssuer ? view.Issuer : view.Subject)
            : DistinguishedName.ToOneLine(said);

    private static string? TimeOf(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'+0000'", CultureInfo.InvariantCulture);
}
