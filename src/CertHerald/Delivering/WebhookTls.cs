using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace CertHerald.Delivering;

/// <summary>
/// What a receiver knows us by, and we it: a client certificate with its key, a private CA in place of those that this machine
/// trusts, or both. There is no way to trust everybody. Immutable.
/// </summary>
internal sealed class WebhookTls
{
    /// <summary>Characters of one of its texts: a chain is a few thousand.</summary>
    public const int LongestText = 65_536;

    /// <summary>Names of its parts, in configuration and API: never change one.</summary>
    public const string CertificateMember = "client_certificate", KeyMember = "client_key", CaMember = "ca";

    private WebhookTls(string mark, ClientCertificate? certificate, SslStreamCertificateContext? client, X509ChainPolicy? trust) =>
        (Mark, Certificate, Client, Trust) = (mark, certificate, client, trust);

    /// <summary>Tells those apart that need connections of their own. Shows nothing of the key.</summary>
    public string Mark { get; }

    /// <summary>What may be shown of the client certificate; null without one.</summary>
    public ClientCertificate? Certificate { get; }

    /// <summary>The client certificate as it is sent, with those that it leads to.</summary>
    public SslStreamCertificateContext? Client { get; }

    /// <summary>The only CAs that the receiver's certificate may lead to; null: as with everybody.</summary>
    public X509ChainPolicy? Trust { get; }

    /// <summary>Reads its texts, all PEM.</summary>
    /// <param name="certificate">The client's, first, and perhaps those that it leads to; null without.</param>
    /// <param name="key">Of the client certificate; null if it stands in the same text.</param>
    /// <param name="ca">Roots; null: those that this machine trusts.</param>
    /// <param name="tls">Null if none of them is given.</param>
    /// <param name="mistake">Does not repeat what was given: it may be a key.</param>
    public static bool TryRead(string? certificate, string? key, string? ca, out WebhookTls? tls, [NotNullWhen(false)] out TlsMistake? mistake)
    {
        tls = null;
        mistake = null;
        if (certificate is null && key is null && ca is null) return true;

        X509Certificate2? client = null;
        X509Certificate2Collection chain = [];
        PrivateTrust? trust = null;
        if (ca is not null && !PrivateTrust.TryRead(ca, isAlone: true, out trust, out string? unusable)) mistake = new TlsMistake(CaMember, unusable, PrivateTrust.Remedy);
        else if (certificate is null && key is not null) mistake = new TlsMistake(CertificateMember, "is missing, and there is a client_key", "give both, or neither");
        else if (certificate?.Length > LongestText || key?.Length > LongestText) mistake = new TlsMistake(CertificateMember, "or its key is too long", "give one chain in PEM");
        else if (certificate is not null) client = ReadClient(certificate, key ?? certificate, chain, out mistake);
        if (mistake is not null) return false;

        tls = new WebhookTls(
            MarkOf([.. chain, .. trust?.Roots ?? []], trust is null ? "" : $"ca after {chain.Count}"),
            client is null ? null : new ClientCertificate(client.Subject, Sha256Of(client), client.NotAfter.ToUniversalTime()),
            // Offline: what the certificate names is not fetched.
            client is null ? null : SslStreamCertificateContext.Create(client, [.. chain.Skip(1)], offline: true),
            trust?.Policy);
        return true;
    }

    /// <summary>A hash of certificates, and whatever else tells the whole from another one.</summary>
    public static string MarkOf(IEnumerable<X509Certificate2> certificates, string beside)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (X509Certificate2 one in certificates) hash.AppendData(SHA256.HashData(one.RawDataMemory.Span));
        hash.AppendData(Encoding.UTF8.GetBytes(beside));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static X509Certificate2? ReadClient(string certificate, string key, X509Certificate2Collection chain, out TlsMistake? mistake)
    {
        mistake = null;
        try
        {
            chain.ImportFromPem(certificate);
        }
        catch (CryptographicException)
        {
            // Said below.
        }
        if (chain.Count == 0)
        {
            mistake = new TlsMistake(CertificateMember, "holds no certificate", "give it in PEM, the client's first: -----BEGIN CERTIFICATE-----…");
            return null;
        }
        if (key.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal) || !key.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            mistake = key.Contains("ENCRYPTED", StringComparison.Ordinal)
                ? new TlsMistake(KeyMember, "is encrypted with a password", "give it without one: openssl pkey -in FILE; it is kept encrypted here")
                : new TlsMistake(KeyMember, "is missing", "give it in PEM: -----BEGIN PRIVATE KEY-----…");
            return null;
        }
        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            mistake = new TlsMistake(KeyMember, "is not the key of client_certificate, or of no known kind", "give the RSA or EC key that the certificate was made for");
            return null;
        }
    }

    private static string Sha256Of(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span));

    /// <summary>Its mark: printed by accident, it must not show its key.</summary>
    public override string ToString() => Mark;
}

/// <summary>What may be shown of a client certificate.</summary>
/// <param name="Until">When it ends.</param>
internal sealed record ClientCertificate(string Subject, string Sha256, DateTimeOffset Until);

/// <summary>What is wrong with the texts that TLS is to be spoken by.</summary>
/// <param name="Member">Which text: the names of <see cref="WebhookTls"/>.</param>
internal sealed record TlsMistake(string Member, string Problem, string Remedy)
{
    public override string ToString() => $"\"{Member}\" {Problem}: {Remedy}.";
}

/// <summary>Private CAs that certificates may lead to. Immutable.</summary>
internal sealed class PrivateTrust
{
    public const string Remedy = "give the CA's root certificate in PEM: -----BEGIN CERTIFICATE-----…";

    private PrivateTrust(string mark, X509ChainPolicy policy, X509Certificate2Collection roots) => (Mark, Policy, Roots) = (mark, policy, roots);

    /// <summary>Tells those apart that trust differently.</summary>
    public string Mark { get; }

    public X509ChainPolicy Policy { get; }

    /// <summary>What was given, without what this machine trusts.</summary>
    public X509Certificate2Collection Roots { get; }

    /// <param name="isAlone">Whether they stand in place of those that this machine trusts, or beside them.</param>
    /// <param name="mistake">Why it cannot be used.</param>
    public static bool TryRead(string pem, bool isAlone, [NotNullWhen(true)] out PrivateTrust? trust, [NotNullWhen(false)] out string? mistake)
    {
        trust = null;
        mistake = null;
        X509Certificate2Collection given = [];
        if (pem.Length > 16 * WebhookTls.LongestText)
        {
            mistake = "is too long";
            return false;
        }
        try
        {
            given.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            // Said below.
        }
        // Whatever is no root would never be trusted, and nobody would know why.
        if (given.Count == 0) mistake = "holds no certificate";
        else if (!given.Any(one => one.SubjectName.RawData.AsSpan().SequenceEqual(one.IssuerName.RawData))) mistake = "holds no root: none of its certificates is its own issuer";
        if (mistake is not null) return false;

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust };
        policy.CustomTrustStore.AddRange(given);
        if (!isAlone)
            foreach (StoreLocation location in (StoreLocation[])[StoreLocation.LocalMachine, StoreLocation.CurrentUser]) policy.CustomTrustStore.AddRange(RootsOf(location));
        // Of all of them: what this machine trusts may have changed since.
        trust = new PrivateTrust(WebhookTls.MarkOf(policy.CustomTrustStore.OrderBy(root => root.Thumbprint, StringComparer.Ordinal), isAlone ? "alone" : "beside"), policy, given);
        return true;
    }

    /// <summary>What this machine trusts.</summary>
    private static X509Certificate2Collection RootsOf(StoreLocation location)
    {
        try
        {
            using var store = new X509Store(StoreName.Root, location);
            store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
            return store.Certificates;
        }
        catch (CryptographicException)
        {
            // There is no such store here.
            return [];
        }
    }
}
