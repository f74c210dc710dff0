namespace CertHerald.Transparency.Certificates;

/// <summary>Identifier octets and universal numbers. X.690 §8.1.2, X.680 §8.6.</summary>
internal static class DerTag
{
    public const byte Boolean = 0x01;
    public const byte Integer = 0x02;
    public const byte BitString = 0x03;
    public const byte OctetString = 0x04;
    public const byte ObjectIdentifier = 0x06;
    public const byte Utf8String = 0x0C;
    public const byte NumericString = 0x12;
    public const byte PrintableString = 0x13;
    public const byte TeletexString = 0x14;
    public const byte VideotexString = 0x15;
    public const byte Ia5String = 0x16;
    public const byte UtcTime = 0x17;
    public const byte GeneralizedTime = 0x18;
    public const byte GraphicString = 0x19;
    public const byte VisibleString = 0x1A;
    public const byte GeneralString = 0x1B;
    public const byte UniversalString = 0x1C;
    public const byte BmpString = 0x1E;

    /// <summary>The number of SEQUENCE, without the constructed bit.</summary>
    public const byte Sequence = 0x10;

    public const byte Constructed = 0x20;
    public const byte ConstructedSequence = Sequence | Constructed;
    public const byte ConstructedSet = 0x11 | Constructed;

    /// <summary>[0] EXPLICIT: the version.</summary>
    public const byte Version = 0xA0;

    /// <summary>dNSName [2] and iPAddress [7] of a GeneralName. RFC 5280 §4.2.1.6.</summary>
    public const byte DnsName = 0x82, IpAddress = 0x87;

    /// <summary>String types whose bytes are read as they stand: UTF-8 or Latin-1.</summary>
    public static bool IsByteString(int tag) => tag is Utf8String or (>= NumericString and <= Ia5String)
        or GraphicString or VisibleString or GeneralString;

    /// <summary>String types of more than one byte a character.</summary>
    public static bool IsWideString(int tag) => tag is BmpString or UniversalString;
}
