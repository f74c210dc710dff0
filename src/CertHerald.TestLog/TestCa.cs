using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace CertHerald.TestLog;

/// <summary>A certificate made for tests.</summary>
/// <param name="Chain">DER, this certificate first, the root last: what add-chain takes.</param>
public record TestCertificate(IReadOnlyList<byte[]> Chain)
{
    public byte[] Der => Chain[0];

    public string Pem => PemEncoding.WriteString("CERTIFICATE", Der);
}

/// <summary>A certificate with the critical poison; its <see cref="TestCertificate.Chain"/> is what add-pre-chain takes.</summary>
public sealed record TestPrecertificate : TestCertificate
{
    private readonly Func<X509Extension?, TestCertificate> _issue;

    internal TestPrecertificate(IReadOnlyList<byte[]> chain, Func<X509Extension?, TestCertificate> issue) : base(chain) => _issue = issue;

    /// <summary>The certificate to it: the same TBSCertificate with an SCT list in the poison's place.</summary>
    /// <param name="serializedScts">As <see cref="SignedCertificateTimestamp.Serialize"/> gives them.</param>
    public TestCertificate Final(params IReadOnlyList<byte[]> serializedScts) => _issue(TestCa.SctList(serializedScts));
}

/// <summary>
/// A CA made for tests: root and intermediate, new with every instance. Its certificates are real and its signatures hold;
/// its keys live in memory only. Thread-safe.
/// </summary>
public sealed class TestCa : IDisposable
{
    private readonly TimeProvider _time;
    private readonly AsymmetricAlgorithm _rootKey, _intermediateKey, _signerKey;
    private readonly X509Certificate2 _signer;
    private readonly Lock _gate = new();

    /// <param name="keyKind">Of root and intermediate.</param>
    public TestCa(string organization = "CertHerald Test CA", LogKeyKind keyKind = LogKeyKind.EcdsaP256, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        (_rootKey, _intermediateKey, _signerKey) = (NewKey(keyKind), NewKey(keyKind), NewKey(keyKind));
        DateTimeOffset from = _time.GetUtcNow().AddYears(-1), until = _time.GetUtcNow().AddYears(10);

        CertificateRequest root = RequestFor(Name(organization, organization + " Root"), _rootKey);
        AddCaExtensions(root, pathLength: 2);
        Root = root.Create(root.SubjectName, GeneratorOf(_rootKey), from, until, NewSerial());

        CertificateRequest intermediate = RequestFor(Name(organization, organization + " Intermediate"), _intermediateKey);
        AddCaExtensions(intermediate, pathLength: 1);
        intermediate.CertificateExtensions.Add(AuthorityOf(Root));
        Intermediate = intermediate.Create(Root.SubjectName, GeneratorOf(_rootKey), from, until, NewSerial());

        CertificateRequest signer = RequestFor(Name(organization, organization + " Precertificate Signing"), _signerKey);
        AddCaExtensions(signer, pathLength: 0);
        signer.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.4.1.11129.2.4.4")], critical: false));
        signer.CertificateExtensions.Add(AuthorityOf(Intermediate));
        _signer = signer.Create(Intermediate.SubjectName, GeneratorOf(_intermediateKey), from, until, NewSerial());
    }

    public X509Certificate2 Root { get; }

    public X509Certificate2 Intermediate { get; }

    public TestCertificate Issue(IssueRequest request) => Prepare(request)(null);

    public TestCertificate Issue(params IReadOnlyList<string> names) => Issue(new IssueRequest(names));

    public TestPrecertificate IssuePrecertificate(IssueRequest request)
    {
        Func<X509Extension?, TestCertificate> issue = Prepare(request);
        var poison = new X509Extension(CertificateParts.Poison, [5, 0], critical: true);
        return new TestPrecertificate(issue(poison).Chain, issue);
    }

    public TestPrecertificate IssuePrecertificate(params IReadOnlyList<string> names) => IssuePrecertificate(new IssueRequest(names));

    /// <summary>Does what a CA does: gets an SCT for the precertificate from the log, then issues with it.</summary>
    public TestCertificate IssueLogged(IssueRequest request, Log log, out AddedEntry added)
    {
        TestPrecertificate precertificate = IssuePrecertificate(request);
        added = log.AddPreChain(precertificate.Chain);
        return precertificate.Final(added.Sct.Serialize());
    }

    public void Dispose()
    {
        Root.Dispose();
        Intermediate.Dispose();
        _signer.Dispose();
        _rootKey.Dispose();
        _intermediateKey.Dispose();
        _signerKey.Dispose();
    }

    /// <summary>A u16-length list of u16-length SCTs, in an OCTET STRING within the extension's own. RFC 6962 §3.3.</summary>
    internal static X509Extension SctList(IReadOnlyList<byte[]> serializedScts)
    {
        int length = serializedScts.Sum(s => 2 + s.Length);
        List<byte> list = [(byte)(length >> 8), (byte)length];
        foreach (byte[] sct in serializedScts) list.AddRange([(byte)(sct.Length >> 8), (byte)sct.Length, .. sct]);
        AsnWriter writer = new(AsnEncodingRules.DER);
        writer.WriteOctetString(list.ToArray());
        return new X509Extension(CertificateParts.SctList, writer.Encode(), critical: false);
    }

    /// <summary>Everything that precertificate and certificate share; what comes out issues either.</summary>
    private Func<X509Extension?, TestCertificate> Prepare(IssueRequest request)
    {
        using AsymmetricAlgorithm? made = request.SubjectKey is null ? NewKey(LogKeyKind.EcdsaP256) : null;
        byte[] spki = (request.SubjectKey ?? made!).ExportSubjectPublicKeyInfo();
        byte[] serial = request.Serial is { } given ? [.. given] : NewSerial();
        DateTimeOffset from = request.NotBefore ?? _time.GetUtcNow().AddHours(-1), until = request.NotAfter ?? from.AddDays(90);

        return marker =>
        {
            bool bySigner = request.ThroughSigningCertificate && marker?.Oid?.Value == CertificateParts.Poison;
            (X509Certificate2 issuer, AsymmetricAlgorithm key) = bySigner ? (_signer, _signerKey) : (Intermediate, _intermediateKey);
            CertificateRequest certificate = Describe(request, spki, issuer);
            if (marker is not null) certificate.CertificateExtensions.Add(marker);
            foreach (X509Extension extension in request.ExtraExtensions) certificate.CertificateExtensions.Add(extension);

            lock (_gate)
            {
                using X509Certificate2 issued = certificate.Create(issuer.SubjectName, GeneratorOf(key), from, until, serial);
                byte[][] above = bySigner ? [_signer.RawData, Intermediate.RawData, Root.RawData] : [Intermediate.RawData, Root.RawData];
                return new TestCertificate([issued.RawData, .. above]);
            }
        };
    }

    private static CertificateRequest Describe(IssueRequest request, byte[] spki, X509Certificate2 issuer)
    {
        X500DistinguishedName subject = request.CommonName is { } name ? Name(null, name) : new X500DistinguishedNameBuilder().Build();
        PublicKey key = PublicKey.CreateFromSubjectPublicKeyInfo(spki, out _);
        var certificate = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        certificate.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        certificate.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        certificate.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        certificate.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(key, critical: false));
        certificate.CertificateExtensions.Add(AuthorityOf(issuer));
        if (request.Names.Count > 0) certificate.CertificateExtensions.Add(AlternativeNames(request));
        return certificate;
    }

    private static X509Extension AlternativeNames(IssueRequest request)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
            foreach (string name in request.Names)
            {
                if (IPAddress.TryParse(name, out IPAddress? address))
                    writer.WriteOctetString(address.GetAddressBytes(), new Asn1Tag(TagClass.ContextSpecific, 7));
                else
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(name), new Asn1Tag(TagClass.ContextSpecific, 2));
            }
        return new X509Extension("2.5.29.17", writer.Encode(), critical: request.CommonName is null);
    }

    private static X500DistinguishedName Name(string? organization, string commonName)
    {
        var name = new X500DistinguishedNameBuilder();
        if (organization is not null) name.AddOrganizationName(organization);
        name.AddCommonName(commonName);
        return name.Build();
    }

    private static void AddCaExtensions(CertificateRequest request, int pathLength)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, pathLength, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
    }

    private static X509AuthorityKeyIdentifierExtension AuthorityOf(X509Certificate2 issuer) =>
        X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(
            issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single());

    private static CertificateRequest RequestFor(X500DistinguishedName subject, AsymmetricAlgorithm key) =>
        new(subject, PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _), HashAlgorithmName.SHA256);

    private static AsymmetricAlgorithm NewKey(LogKeyKind kind) =>
        kind == LogKeyKind.Rsa2048 ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static X509SignatureGenerator GeneratorOf(AsymmetricAlgorithm key) => key is RSA rsa
        ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
        : X509SignatureGenerator.CreateForECDsa((ECDsa)key);

    private static byte[] NewSerial()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x7f | 0x40);
        return serial;
    }
}
