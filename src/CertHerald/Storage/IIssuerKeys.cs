namespace CertHerald.Storage;

/// <summary>Keys of issuers, whole, as chains have shown them. Written with the findings that show them. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IIssuerKeys
{
    /// <summary>SubjectPublicKeyInfos by their SHA-256; those that no chain has shown are left out.</summary>
    /// <param name="sha256">Lower-case hexadecimal, at most 1,000.</param>
    Task<IReadOnlyDictionary<string, byte[]>> IssuerKeysAsync(IReadOnlyCollection<string> sha256, CancellationToken cancellation);
}
