using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CertHerald.Tests.Deciding;

/// <summary>A CA certificate made on the spot, as reports show one.</summary>
internal sealed class MadeCa : IDisposable
{
    private readonly bool _ownsKey;

    /// <param name="key">Null: a new one.</param>
    /// <param name="issuer">Null: it signed itself.</param>
    public MadeCa(string organization, string name, ECDsa? key = null, string? issuer = null)
    {
        _ownsKey = key is null;
        KeyPair = key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}, O={organization}", KeyPair, HashAlgorithmName.SHA256);
        var identifier = new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false);
        request.CertificateExtensions.Add(identifier);
        DateTimeOffset from = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using X509Certificate2 certificate = issuer is null
            ? request.CreateSelfSigned(from, from.AddYears(5))
            : request.Create(new X500DistinguishedName(issuer), X509SignatureGenerator.CreateForECDsa(KeyPair), from, from.AddYears(5), RandomNumberGenerator.GetBytes(8));

        Pem = certificate.ExportCertificatePem();
        Fingerprint = Convert.ToHexString(SHA256.HashData(certificate.RawData));
        Key = Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
        KeyIdentifierHex = identifier.SubjectKeyIdentifier!;
    }

    public ECDsa KeyPair { get; }

    public string Pem { get; }

    /// <summary>Upper-case, as in the reports.</summary>
    public string Fingerprint { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo, lower-case.</summary>
    public string Key { get; }

    public string KeyIdentifierHex { get; }

    /// <summary>A report of one row.</summary>
    public string PemRow(string header) => $"{header}\n\"{Fingerprint}\",\"{Pem}\"\n";

    public void Dispose()
    {
        if (_ownsKey) KeyPair.Dispose();
    }
}
