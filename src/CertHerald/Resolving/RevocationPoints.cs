using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Resolving;

/// <summary>Where the revocation of a certificate is looked for, by its own word. Pure.</summary>
internal static class RevocationPoints
{
    /// <summary>Addresses of one certificate that are asked.</summary>
    public const int MostUris = 4;

    /// <param name="issuerSpki">The key that has the hash of its issuer's; null if no log has shown it.</param>
    public static RevocationPoint Of(StoredCertificate stored, ReadOnlySpan<byte> issuerSpki)
    {
        CertificateFacts facts = stored.Certificate;
        if (facts.NotAfter is not { } until) return None("It does not say until when it is valid.");
        // Without a signature where only the TBS that a log signed is kept.
        if (!CertificateView.TryRead(facts.CertDer, out CertificateView certificate) && !CertificateView.TryReadTbs(facts.CertDer, out certificate)) return None("It cannot be read.");
        ReadOnlySpan<byte> serial = CertificateRevocation.Canonical(certificate.Serial);
        if (serial.Length is 0 or > CertificateRevocation.LongestSerial) return None("Its serial number is none that a list could name.");
        if (certificate.IsCa) return None("It is a CA's: those are revoked in lists of another kind, which are not read.");

        IReadOnlyList<CrlDistributionPoint> points = CertificateRevocation.PointsOf(certificate);
        if (points.Count == 0) return None("It names no revocation list. Its CA may tell of its revocation by OCSP only, which is not asked.");
        CrlDistributionPoint[] whole = [.. points.Where(point => !point.HasReasons && !point.HasOtherIssuer)];
        if (whole.Length == 0) return None("Its revocation lists are about some reasons only, or signed by another than its issuer; such are not read.");
        string[] uris = [.. whole.SelectMany(point => point.Uris).Where(IsAsked).Distinct(StringComparer.Ordinal).Take(MostUris)];
        if (uris.Length == 0) return None("Its revocation lists have no address of http or https.");
        // By that key its list is believed. A log's chain can say anything: it counts if it has signed the certificate. Of a
        // precertificate the log itself has signed whose it is, and it may be signed in the issuer's name (RFC 6962 §3.1).
        if (facts.IssuerPubkeySha256 is not { } key) return None("No log has shown its issuer's key yet.") with { IsKeyUnknown = true };
        if (!facts.IsPrecertificate && issuerSpki.IsEmpty) return None("No log has shown the issuer's key: its list could be anybody's.");
        return !facts.IsPrecertificate && !CertificateSignature.Verifies(certificate, issuerSpki) ? None("The key that a log showed as the issuer's key has not signed it.")
            : new RevocationPoint(stored.Id, Convert.ToHexStringLower(serial), until, new CrlAddress(uris, facts.IssuerName, key), "");

        RevocationPoint None(string problem) => new(stored.Id, "", facts.NotAfter ?? DateTimeOffset.UnixEpoch, null, problem);
    }

    private static bool IsAsked(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps) && uri.UserInfo.Length == 0 && uri.Host.Length > 0;
}
