using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace CertHerald.Fetching;

/// <summary>How we speak TLS, with whomever. Nothing else makes these options.</summary>
internal static class ClientTls
{
    /// <summary>
    /// TLS 1.2 or 1.3, and what this machine trusts. Nothing that the other side's certificate names is asked for: the platform
    /// would get an unknown issuer's certificate from wherever a stranger wrote that it lies, past the outbound guard.
    /// </summary>
    /// <param name="host">As the certificate must say; null where the platform knows.</param>
    /// <param name="trust">What the certificate must lead to; null: what this machine trusts.</param>
    /// <param name="client">What the other side may know us by; null: nothing.</param>
    public static SslClientAuthenticationOptions Options(string? host = null, X509ChainPolicy? trust = null, SslStreamCertificateContext? client = null)
    {
        X509ChainPolicy policy = trust?.Clone() ?? new X509ChainPolicy();
        policy.DisableCertificateDownloads = true;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        return new SslClientAuthenticationOptions
        {
            TargetHost = host,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = policy,
            ClientCertificateContext = client,
        };
    }
}
