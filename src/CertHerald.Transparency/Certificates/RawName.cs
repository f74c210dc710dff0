namespace CertHerald.Transparency.Certificates;

/// <summary>Where in a certificate a name stands.</summary>
public enum RawNameSource
{
    /// <summary>A common name of the subject: perhaps a DNS name or an IP address, perhaps prose.</summary>
    CommonName,

    /// <summary>A dNSName of a subjectAltName.</summary>
    DnsName,

    /// <summary>An iPAddress of a subjectAltName: 4 or 16 bytes, not text.</summary>
    IpAddress,
}

/// <summary>A name as a certificate holds it, before anyone has judged what it means.</summary>
public readonly ref struct RawName
{
    internal RawName(RawNameSource source, ReadOnlySpan<byte> value, int offset, byte tag)
    {
        Source = source;
        Value = value;
        Offset = offset;
        Tag = tag;
    }

    /// <summary>Where it stands.</summary>
    public RawNameSource Source { get; }

    /// <summary>
    /// Text: the string's bytes as found, which may be UTF-8 or Latin-1 whatever the type says; BMPString and UniversalString
    /// arrive as UTF-8, constructed strings in one piece. IP address: its 4 or 16 bytes, in network order.
    /// Valid until the enumerator moves on.
    /// </summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Where it starts, in bytes from the start of the certificate or TBSCertificate that was read.</summary>
    public int Offset { get; }

    /// <summary>Its identifier octet as found: the string type of a common name.</summary>
    public byte Tag { get; }
}
