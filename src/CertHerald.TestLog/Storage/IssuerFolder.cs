using System.Collections.Concurrent;
using System.Security.Cryptography;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog.Storage;

/// <summary>Every chain certificate once, in a file named by its SHA-256 and in memory. A log knows thousands, not millions.</summary>
internal sealed class IssuerFolder
{
    private readonly string _folder;
    private readonly ConcurrentDictionary<MerkleHash, byte[]> _issuers = new();

    public IssuerFolder(string folder)
    {
        _folder = Directory.CreateDirectory(folder).FullName;
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            byte[] issuer = File.ReadAllBytes(file);
            MerkleHash fingerprint = new(SHA256.HashData(issuer));
            // Half a file of a killed process: no entry names it yet.
            if (Path.GetFileName(file) == fingerprint.ToHex()) _issuers[fingerprint] = issuer;
        }
    }

    public MerkleHash Add(ReadOnlySpan<byte> issuer)
    {
        MerkleHash fingerprint = new(SHA256.HashData(issuer));
        if (_issuers.ContainsKey(fingerprint)) return fingerprint;

        byte[] copy = issuer.ToArray();
        File.WriteAllBytes(Path.Combine(_folder, fingerprint.ToHex()), copy);
        _issuers[fingerprint] = copy;
        return fingerprint;
    }

    public bool TryGet(MerkleHash fingerprint, out byte[] issuer) => _issuers.TryGetValue(fingerprint, out issuer!);
}
