using System.Security.Cryptography;

namespace CertHerald.Storage;

/// <summary>Which chain of an issuance is kept: the one seen first, and what another shows beyond its end.</summary>
internal static class ChainRules
{
    /// <summary>How the certificates of a chain are told apart: SHA-256, lower-case hexadecimal.</summary>
    public static string[] Fingerprints(IReadOnlyList<byte[]> chain) => [.. chain.Select(der => Convert.ToHexStringLower(SHA256.HashData(der)))];

    /// <summary>Whether a chain is the one that is kept, and goes on where that ends.</summary>
    public static bool GoesOn(IReadOnlyList<string> kept, IReadOnlyList<string> shown) =>
        shown.Count > kept.Count && shown.Take(kept.Count).SequenceEqual(kept, StringComparer.Ordinal);
}
