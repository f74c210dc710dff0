using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CertHerald.Tests.Doubles;

/// <summary>A TLS certificate that signs itself, and the trust in it.</summary>
internal static class MadeCertificate
{
    /// <param name="days">How long it is still valid; negative for an expired one.</param>
    public static X509Certificate2 For(string name, int days = 1) => For(name, DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(days));

    public static X509Certificate2 For(string name, DateTimeOffset from, DateTimeOffset until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(from, until);
    }

    /// <summary>The same again, with its key: its owner disposes of it.</summary>
    public static X509Certificate2 Copy(X509Certificate2 certificate) => X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);

    /// <summary>What the platform would trust if its store held this certificate alone.</summary>
    public static X509ChainPolicy Trust(X509Certificate2 certificate) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { certificate },
        RevocationMode = X509RevocationMode.NoCheck,
    };
}
