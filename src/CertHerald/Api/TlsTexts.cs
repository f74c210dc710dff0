using CertHerald.Delivering;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>What a request says of how TLS is spoken with a receiver.</summary>
internal static class TlsTexts
{
    /// <param name="before">What there was; null: nothing.</param>
    /// <param name="certificate">Null: as it was. Empty: none. With another certificate its key changes too.</param>
    /// <param name="key">Null: as it was, or beside the certificate.</param>
    /// <param name="ca">Null: as it was. Empty: none.</param>
    public static bool TryApply(StoredTls? before, string? certificate, string? key, string? ca, out StoredTls? after, out string mistake)
    {
        string? newCertificate = certificate is null ? before?.Certificate : NullIfEmpty(certificate);
        string? newKey = NullIfEmpty(key) ?? (certificate is null ? before?.Key : null);
        after = new StoredTls(newCertificate, newKey, ca is null ? before?.Ca : NullIfEmpty(ca));
        if (after == new StoredTls(null, null, null)) after = null;
        bool isRead = WebhookTls.TryRead(after?.Certificate, after?.Key, after?.Ca, out _, out TlsMistake? wrong);
        mistake = isRead ? "" : wrong!.ToString();
        return isRead;
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>What a receiver knows us by, on the wire.</summary>
/// <param name="Until">When it ends.</param>
internal sealed record ClientCertificateJson(string Subject, string Sha256, DateTimeOffset Until)
{
    public static ClientCertificateJson? Of(WebhookTls? tls) => tls?.Certificate is { } one ? new(one.Subject, one.Sha256, one.Until) : null;
}
