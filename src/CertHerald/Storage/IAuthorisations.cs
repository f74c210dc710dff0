using CertHerald.Deciding;

namespace CertHerald.Storage;

/// <summary>What was authorised through API, console and commands. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IAuthorisations
{
    /// <summary>All of it, each list by its key.</summary>
    Task<StoredAuthorisations> AuthorisationsAsync(CancellationToken cancellation);

    /// <summary>Authorises a key for names, beside those that it is authorised for already.</summary>
    /// <returns>The key with all its names; it keeps its time.</returns>
    Task<AddedKey> AddKeyAsync(AddedKey key, CancellationToken cancellation);

    /// <returns>False if it was not there.</returns>
    Task<bool> RemoveKeyAsync(string pubkeySha256, CancellationToken cancellation);

    /// <returns>False if it was there: it keeps its time.</returns>
    Task<bool> AddCertificateAsync(AddedCertificate certificate, CancellationToken cancellation);

    /// <returns>False if it was not there.</returns>
    Task<bool> RemoveCertificateAsync(string tbsSha256, CancellationToken cancellation);

    /// <summary>Sets the CAs of a watch item, in place of those that it had.</summary>
    Task SetAuthoritiesAsync(AddedAuthorities authorities, CancellationToken cancellation);

    /// <returns>False if it was not there.</returns>
    Task<bool> RemoveAuthoritiesAsync(string item, CancellationToken cancellation);

    /// <summary>
    /// Makes known, from now on, every unknown issuance that is known by its key or by itself. What it owed stays owed, and
    /// nothing new is: whoever was to be told is told of what was true on discovery.
    /// </summary>
    /// <returns>Their ids.</returns>
    Task<IReadOnlyList<long>> ClearAsync(KnownCertificates known, CancellationToken cancellation);

    /// <summary>Makes one issuance known, from now on. One that is known stays as it is.</summary>
    /// <returns>False if there is none.</returns>
    Task<bool> MarkAsync(long issuance, string reason, CancellationToken cancellation);
}

/// <summary>What was authorised while the service runs.</summary>
internal sealed record StoredAuthorisations(
    IReadOnlyList<AddedKey> Keys, IReadOnlyList<AddedCertificate> Certificates, IReadOnlyList<AddedAuthorities> Authorities);

/// <summary>A key and the names that it is for.</summary>
/// <param name="DnsNames">Sorted, distinct.</param>
internal sealed record AddedKey(string PubkeySha256, IReadOnlyList<string> DnsNames, DateTimeOffset Added);

/// <summary>A certificate, with its precertificate.</summary>
/// <param name="DnsNames">For people: what it was valid for; empty if only its hash was given.</param>
internal sealed record AddedCertificate(string TbsSha256, IReadOnlyList<string> DnsNames, DateTimeOffset Added);

/// <summary>The CAs that may issue for a watch item.</summary>
/// <param name="Item">In canonical form.</param>
internal sealed record AddedAuthorities(string Item, IReadOnlyList<string> Authorities, DateTimeOffset Added);
