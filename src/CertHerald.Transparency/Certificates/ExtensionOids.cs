namespace CertHerald.Transparency.Certificates;

/// <summary>
/// Object identifiers of extensions, as the content of their DER, for <see cref="CertificateView.TryGetExtension"/>.
/// </summary>
public static class ExtensionOids
{
    /// <summary>2.5.29.17. RFC 5280 §4.2.1.6.</summary>
    public static ReadOnlySpan<byte> SubjectAltName => [0x55, 0x1D, 0x11];

    /// <summary>2.5.29.19. RFC 5280 §4.2.1.9.</summary>
    public static ReadOnlySpan<byte> BasicConstraints => [0x55, 0x1D, 0x13];

    /// <summary>2.5.29.31. RFC 5280 §4.2.1.13. <see cref="CertificateRevocation.PointsOf"/> takes it apart.</summary>
    public static ReadOnlySpan<byte> CrlDistributionPoints => [0x55, 0x1D, 0x1F];

    /// <summary>2.5.29.35. RFC 5280 §4.2.1.1.</summary>
    public static ReadOnlySpan<byte> AuthorityKeyIdentifier => [0x55, 0x1D, 0x23];

    /// <summary>2.5.29.37. RFC 5280 §4.2.1.12.</summary>
    public static ReadOnlySpan<byte> ExtendedKeyUsage => [0x55, 0x1D, 0x25];

    /// <summary>1.3.6.1.4.1.11129.2.4.2: the SCTs embedded in a certificate. RFC 6962 §3.3.</summary>
    public static ReadOnlySpan<byte> SctList => [0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x04, 0x02];

    /// <summary>1.3.6.1.4.1.11129.2.4.3: the critical extension that makes a precertificate unusable. RFC 6962 §3.1.</summary>
    public static ReadOnlySpan<byte> Poison => [0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x04, 0x03];

    /// <summary>Of revocation lists: 2.5.29.20, .27, .28 and .46. RFC 5280 §5.2.</summary>
    internal static ReadOnlySpan<byte> CrlNumber => [0x55, 0x1D, 0x14];

    internal static ReadOnlySpan<byte> DeltaCrlIndicator => [0x55, 0x1D, 0x1B];

    internal static ReadOnlySpan<byte> IssuingDistributionPoint => [0x55, 0x1D, 0x1C];

    internal static ReadOnlySpan<byte> FreshestCrl => [0x55, 0x1D, 0x2E];

    /// <summary>Of their entries: 2.5.29.21, .24 and .29. RFC 5280 §5.3.</summary>
    internal static ReadOnlySpan<byte> CrlReason => [0x55, 0x1D, 0x15];

    internal static ReadOnlySpan<byte> InvalidityDate => [0x55, 0x1D, 0x18];

    internal static ReadOnlySpan<byte> CertificateIssuer => [0x55, 0x1D, 0x1D];

    /// <summary>1.3.6.1.4.1.11129.2.4.4, a key purpose: signs precertificates for its issuer. RFC 6962 §3.1.</summary>
    internal static ReadOnlySpan<byte> PrecertificateSigning => [0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x04, 0x04];
}
