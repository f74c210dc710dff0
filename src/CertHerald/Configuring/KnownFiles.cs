using System.Security.Cryptography;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Configuring;

/// <summary>Certificates and keys that the user names as files: his own, so nobody needs to be told of them.</summary>
internal static class KnownFiles
{
    /// <summary>Reads certificate signing requests and certificates, PEM or DER, by file name or pattern (<c>./known/*.csr</c>).</summary>
    public static KnownCertificates Read(IReadOnlyList<string> keyFiles, IReadOnlyList<string> certificateFiles, Action<string, string, string> mistake)
    {
        var issuances = new HashSet<string>(StringComparer.Ordinal);
        var keys = new Dictionary<string, IReadOnlySet<string>>(StringComparer.Ordinal);
        foreach ((string file, byte[] bytes) in Open(keyFiles, "key_files", mistake))
        {
            if (SigningRequest.TryRead(bytes) is not { } request)
            {
                mistake("key_files", $"{file} is no certificate signing request", "give the CSR, PEM or DER, that the key was certified with");
                continue;
            }
            keys[request.PubkeySha256] = request.DnsNames.Concat(keys.GetValueOrDefault(request.PubkeySha256) ?? new HashSet<string>()).ToHashSet(StringComparer.Ordinal);
        }
        foreach ((string file, byte[] bytes) in Open(certificateFiles, "certificate_files", mistake))
        {
            byte[] der = PemFile.TryReadFirst(bytes, "CERTIFICATE") ?? bytes;
            if (CertificateView.TryRead(der, out CertificateView certificate))
            {
                issuances.Add(IssuanceOf(certificate));
            }
            else
            {
                mistake("certificate_files", $"{file} is no certificate", "give the certificate or precertificate, PEM or DER");
            }
        }
        return new KnownCertificates(issuances, keys);
    }

    /// <summary>The SHA-256 of its TBS, which it shares with its precertificate.</summary>
    public static string IssuanceOf(CertificateView certificate)
    {
        byte[] hash = new byte[SHA256.HashSizeInBytes];
        TbsFingerprint.Hash(certificate.Tbs, hash);
        return Convert.ToHexStringLower(hash);
    }

    private static IEnumerable<(string File, byte[] Bytes)> Open(IReadOnlyList<string> patterns, string key, Action<string, string, string> mistake)
    {
        foreach (string file in Expand(patterns, key, mistake))
        {
            byte[] bytes;
            try
            {
                bytes = File.ReadAllBytes(file);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                mistake(key, $"{file} cannot be read: {failure.Message}", "correct the path, or let this user read it");
                continue;
            }
            yield return (file, bytes);
        }
    }

    private static IEnumerable<string> Expand(IReadOnlyList<string> patterns, string key, Action<string, string, string> mistake)
    {
        foreach (string pattern in patterns)
        {
            string directory = Path.GetDirectoryName(pattern) is { Length: > 0 } named ? named : ".";
            string name = Path.GetFileName(pattern);
            string[] files = [];
            try
            {
                if (name.Length > 0 && Directory.Exists(directory)) files = Directory.GetFiles(directory, name);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
            {
                mistake(key, $"{directory} cannot be read: {failure.Message}", "correct the path, or let this user read it");
                continue;
            }
            // A pattern may match nothing yet; a plain name must exist.
            if (files.Length == 0 && !pattern.Contains('*', StringComparison.Ordinal))
                mistake(key, $"{pattern} does not exist", "correct the path, relative to where certherald runs");
            foreach (string file in files.Order(StringComparer.Ordinal)) yield return file;
        }
    }
}
