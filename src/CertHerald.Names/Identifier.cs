namespace CertHerald.Names;

/// <summary>Where a raw name stood in a certificate.</summary>
public enum NameSource
{
    /// <summary>A common name of the subject: not always a name of a machine.</summary>
    CommonName,

    /// <summary>A dNSName of a subject alternative name extension.</summary>
    DnsName,

    /// <summary>An iPAddress of a subject alternative name extension: octets, not text.</summary>
    IpAddress,
}

/// <summary>What an <see cref="Identifier"/> names.</summary>
public enum IdentifierKind
{
    /// <summary>A DNS name, or what a certificate holds in place of one.</summary>
    Dns,

    /// <summary>An IPv4 or IPv6 address.</summary>
    Ip,
}

/// <summary>
/// One name that a certificate is valid for, in the form that is matched, shown and stored.
/// A DNS name is printable ASCII in lower case, IDN labels as A-labels, no trailing dots; it may hold what no DNS name
/// holds: globs, <c>?</c>, <c>&lt;unparsable&gt;</c> labels, empty labels, spaces, <c>/</c>, <c>:</c>, <c>@</c>.
/// An IP address is in canonical text: dotted for IPv4 and IPv4-mapped IPv6, else RFC 5952.
/// </summary>
/// <param name="Text">Never empty when read by <see cref="Identifiers"/>; null in <c>default</c>, which matches nothing.</param>
public readonly record struct Identifier(IdentifierKind Kind, string Text)
{
    /// <summary>Whether it stands for more names than one: a label of it matches labels that are written otherwise.</summary>
    public bool IsGlob => Kind == IdentifierKind.Dns && Text is not null && Text.AsSpan().ContainsAny('*', '?', '<');
}
