using System.Security.Cryptography;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Configuring;

/// <summary>
/// A folder that a program leaves requests and certificates in: certbot, lego, a mounted secret of cert-manager. Whatever else lies
/// there is passed over; private keys are not read.
/// </summary>
internal static class KnownFolder
{
    /// <summary>Most files of one folder that are read. They are looked at every two seconds.</summary>
    public const int MostFiles = 5_000;

    /// <summary>How deep folders within are searched.</summary>
    private const int Depth = 6;

    private const string Within = "/**";

    private static readonly string[] Endings = [".csr", ".pem", ".crt", ".cer", ".der"];

    private static readonly EnumerationOptions Search = new()
    {
        RecurseSubdirectories = true,
        MaxRecursionDepth = Depth,
        IgnoreInaccessible = true,
        // Links to files are followed: certbot's newest, and what Kubernetes mounts, are such. Links to folders could lead in circles.
        AttributesToSkip = 0,
        ReturnSpecialDirectories = false,
    };

    /// <summary>How <see cref="FileStamps"/> names it.</summary>
    public static string PatternOf(string folder) => folder.TrimEnd('/') + Within;

    /// <summary>The folder of such a pattern; null if it is another.</summary>
    public static string? FolderOf(string pattern) => pattern.EndsWith(Within, StringComparison.Ordinal) ? pattern[..^Within.Length] is { Length: > 0 } folder ? folder : "/" : null;

    /// <summary>The files that are looked into, by name.</summary>
    public static IReadOnlyList<string> FilesOf(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        var files = new System.IO.Enumeration.FileSystemEnumerable<string>(folder, (ref System.IO.Enumeration.FileSystemEntry entry) => entry.ToFullPath(), Search)
        {
            ShouldIncludePredicate = (ref System.IO.Enumeration.FileSystemEntry entry) => !entry.IsDirectory && MayHold(entry.FileName),
            ShouldRecursePredicate = (ref System.IO.Enumeration.FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };
        return [.. files.Take(MostFiles + 1).Order(StringComparer.Ordinal)];
    }

    /// <summary>The keys of its requests, for their names, and its certificates.</summary>
    /// <param name="odd">Gets what is probably not meant. A file that is something else is not.</param>
    public static KnownCertificates Read(string folder, List<string> odd)
    {
        var issuances = new HashSet<string>(StringComparer.Ordinal);
        var keys = new Dictionary<string, IReadOnlySet<string>>(StringComparer.Ordinal);
        if (!Directory.Exists(folder)) odd.Add($"known.folders: {folder} does not exist, or this user may not see it: nothing is known by it");
        IReadOnlyList<string> files = FilesOf(folder);
        if (files.Count > MostFiles) odd.Add($"known.folders: {folder} holds more than {MostFiles} files: some of them are not read; name the folders within it that hold requests and certificates");
        foreach (string file in files.Take(MostFiles))
        {
            if (TryRead(file) is not { } bytes) continue;
            if (SigningRequest.TryRead(bytes) is { } request)
            {
                keys[request.PubkeySha256] = request.DnsNames.Concat(keys.GetValueOrDefault(request.PubkeySha256) ?? new HashSet<string>()).ToHashSet(StringComparer.Ordinal);
            }
            else if (CertificateView.TryRead(PemFile.TryReadFirst(bytes, "CERTIFICATE") ?? bytes, out CertificateView certificate))
            {
                issuances.Add(KnownFiles.IssuanceOf(certificate));
            }
        }
        return new KnownCertificates(issuances, keys);
    }

    /// <summary>By its name, as the programs give them: <c>privkey.pem</c> and certbot's <c>0000_key-certbot.pem</c> are none.</summary>
    private static bool MayHold(ReadOnlySpan<char> name)
    {
        bool hasEnding = false;
        foreach (string ending in Endings) hasEnding |= name.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
        return hasEnding && !name.StartsWith("privkey", StringComparison.Ordinal) && !name.Contains("_key-", StringComparison.Ordinal);
    }

    /// <summary>Null for what is too large, holds a private key, or cannot be read: it is another's file, and may be half written.</summary>
    private static byte[]? TryRead(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            // Of the open file: a link's own length says nothing.
            if (stream.Length > SigningRequest.MostBytes) return null;
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            if (bytes.AsSpan().IndexOf("PRIVATE KEY-----"u8) < 0) return bytes;
            Array.Clear(bytes);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
