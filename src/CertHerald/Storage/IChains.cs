namespace CertHerald.Storage;

/// <summary>Chains of certificates, as logs have shown them. Written with the findings that show them. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IChains
{
    /// <summary>The certificates above an issuance's, DER, from its issuer's up; empty if no log has shown any.</summary>
    Task<IReadOnlyList<byte[]>> ChainAsync(long issuance, CancellationToken cancellation);
}
