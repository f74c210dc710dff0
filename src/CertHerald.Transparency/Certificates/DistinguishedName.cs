using System.Globalization;
using System.Text;

namespace CertHerald.Transparency.Certificates;

/// <summary>Names of issuers and subjects as text. Reads whatever is readable and never throws. RFC 5280 §4.1.2.4.</summary>
public static class DistinguishedName
{
    private static ReadOnlySpan<byte> CommonNameOid => [0x55, 0x04, 0x03];

    private static ReadOnlySpan<byte> OrganizationOid => [0x55, 0x04, 0x0A];

    private const byte GeneralString = 27;

    /// <summary>
    /// The RDNs in the certificate's own order, <c>TYPE=value</c> joined with ", "; "+" within a multi-valued one. Types and
    /// escapes as RFC 4514 §2.4 and §3; control characters are escaped too, so that the text stays on one line.
    /// </summary>
    /// <param name="name">The Name with its header. What is not a Name gives "".</param>
    public static string Format(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder();
        DerReader rdns = RdnsOf(name);
        while (rdns.TryReadFrame(out DerValue rdn, out _))
        {
            DerReader attributes = rdn.Contents;
            string separator = text.Length == 0 ? "" : ", ";
            while (TryReadAttribute(ref attributes, out DerValue type, out DerValue value))
            {
                text.Append(separator);
                AppendAttribute(text, type, value);
                separator = "+";
            }
        }
        return text.ToString();
    }

    /// <summary>
    /// The attributes in the certificate's own order, <c>/TYPE=value</c> each, as OpenSSL before version 3 printed a name on one
    /// line: no character is escaped but bytes outside 0x20–0x7e, as <c>\xHH</c>, and "/" not at all. Types by OpenSSL's short
    /// names, else dotted.
    /// </summary>
    /// <param name="name">The Name with its header. What is not a Name gives "".</param>
    public static string FormatOneLine(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder();
        DerReader rdns = RdnsOf(name);
        while (rdns.TryReadFrame(out DerValue rdn, out _))
        {
            DerReader attributes = rdn.Contents;
            while (TryReadAttribute(ref attributes, out DerValue type, out DerValue value))
            {
                text.Append('/').Append(ShortTypeOf(type.Content) switch { "STREET" => "street", { } known => known, null => OpenSslTypeOf(type.Content) }).Append('=');
                AppendBytes(text, value.Content, isGeneralString: value.Tag == GeneralString);
            }
        }
        return text.ToString();
    }

    /// <summary>
    /// What <see cref="Format"/> gave, as <see cref="FormatOneLine"/> gives it, where the certificate is not at hand. Text that had
    /// another encoding in it stands here as UTF-8.
    /// </summary>
    /// <param name="formatted">What is not of that form gives what can be read of it.</param>
    public static string ToOneLine(string formatted)
    {
        ArgumentNullException.ThrowIfNull(formatted);
        var text = new StringBuilder();
        for (int i = 0; i < formatted.Length;)
        {
            int equals = formatted.IndexOf('=', i);
            if (equals < 0) break;
            text.Append('/').Append(OpenSslTypeOf(formatted[i..equals])).Append('=');
            var value = new StringBuilder();
            bool isWhole = formatted.AsSpan(equals + 1).StartsWith('#');
            for (i = equals + 1; i < formatted.Length && formatted[i] is not (',' or '+'); i++)
                if (formatted[i] != '\\' || i + 1 == formatted.Length) value.Append(formatted[i]);
                else if (!char.IsAsciiHexDigit(formatted[++i]) || i + 1 == formatted.Length || !char.IsAsciiHexDigit(formatted[i + 1])) value.Append(formatted[i]);
                else value.Append((char)Convert.FromHexString(formatted.AsSpan(i++, 2))[0]);
            // "+", or a comma and a blank.
            i += i < formatted.Length && formatted[i] == ',' ? 2 : 1;
            if (isWhole && TryReadHex(value.ToString(1, value.Length - 1), out byte tag, out byte[] content)) AppendBytes(text, content, tag == GeneralString);
            else AppendBytes(text, Encoding.UTF8.GetBytes(value.ToString()), isGeneralString: false);
        }
        return text.ToString();
    }

    /// <summary>The first organisation, unescaped; null if there is none that can be read.</summary>
    public static string? Organization(ReadOnlySpan<byte> name) => First(name, OrganizationOid);

    /// <summary>The first common name, unescaped; null if there is none that can be read.</summary>
    public static string? CommonName(ReadOnlySpan<byte> name) => First(name, CommonNameOid);

    /// <summary>The first attribute of a type, unescaped; null if there is none that can be read.</summary>
    /// <param name="name">The Name with its header.</param>
    /// <param name="oid">The attribute's type: the content of the OBJECT IDENTIFIER.</param>
    public static string? First(ReadOnlySpan<byte> name, ReadOnlySpan<byte> oid)
    {
        DerReader rdns = RdnsOf(name);
        while (rdns.TryReadFrame(out DerValue rdn, out _))
        {
            DerReader attributes = rdn.Contents;
            while (TryReadAttribute(ref attributes, out DerValue type, out DerValue value))
                if (type.Content.SequenceEqual(oid) && TextOf(value) is { } text)
                    return text;
        }
        return null;
    }

    private static DerReader RdnsOf(ReadOnlySpan<byte> name)
    {
        var outer = new DerReader(name);
        outer.TryReadFrame(out DerValue sequence, out _);
        return sequence.Contents;
    }

    private static bool TryReadAttribute(scoped ref DerReader attributes, out DerValue type, out DerValue value)
    {
        type = value = default;
        while (attributes.TryReadFrame(out DerValue attribute, out _))
        {
            DerReader parts = attribute.Contents;
            if (parts.TryRead(DerTag.ObjectIdentifier, out type) && parts.TryRead(out value)) return true;
        }
        return false;
    }

    private static void AppendAttribute(StringBuilder text, DerValue type, DerValue value)
    {
        string? shortType = ShortTypeOf(type.Content);
        text.Append(shortType ?? ObjectIdentifier.Format(type.Content) ?? Hex(type.Encoded)).Append('=');
        if (shortType is not null && TextOf(value) is { } plain) AppendEscaped(text, plain);
        else text.Append(Hex(value.Encoded));
    }

    /// <summary>RFC 4514 §3.</summary>
    private static string? ShortTypeOf(ReadOnlySpan<byte> oid) => oid switch
    {
        [0x55, 0x04, 0x03] => "CN",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x09] => "STREET",
        [0x55, 0x04, 0x0A] => "O",
        [0x55, 0x04, 0x0B] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19] => "DC",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x01] => "UID",
        _ => null,
    };

    /// <summary>Those that OpenSSL names beside <see cref="ShortTypeOf"/>'s, as far as certificates have them.</summary>
    private static string OpenSslTypeOf(ReadOnlySpan<byte> oid) => oid switch
    {
        [0x55, 0x04, 0x04] => "SN",
        [0x55, 0x04, 0x05] => "serialNumber",
        [0x55, 0x04, 0x0C] => "title",
        [0x55, 0x04, 0x0D] => "description",
        [0x55, 0x04, 0x0F] => "businessCategory",
        [0x55, 0x04, 0x10] => "postalAddress",
        [0x55, 0x04, 0x11] => "postalCode",
        [0x55, 0x04, 0x12] => "postOfficeBox",
        [0x55, 0x04, 0x14] => "telephoneNumber",
        [0x55, 0x04, 0x29] => "name",
        [0x55, 0x04, 0x2A] => "GN",
        [0x55, 0x04, 0x2B] => "initials",
        [0x55, 0x04, 0x2C] => "generationQualifier",
        [0x55, 0x04, 0x2D] => "x500UniqueIdentifier",
        [0x55, 0x04, 0x2E] => "dnQualifier",
        [0x55, 0x04, 0x41] => "pseudonym",
        [0x55, 0x04, 0x61] => "organizationIdentifier",
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01] => "emailAddress",
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x02] => "unstructuredName",
        [0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3C, 0x02, 0x01, 0x01] => "jurisdictionL",
        [0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3C, 0x02, 0x01, 0x02] => "jurisdictionST",
        [0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3C, 0x02, 0x01, 0x03] => "jurisdictionC",
        _ => ObjectIdentifier.Format(oid) ?? Hex(oid),
    };

    private static string OpenSslTypeOf(string type) =>
        type == "STREET" ? "street" : type.Length > 0 && char.IsAsciiDigit(type[0]) && ObjectIdentifier.Parse(type) is { } oid ? OpenSslTypeOf(oid) : type;

    /// <summary>Reads a value that was written whole.</summary>
    private static bool TryReadHex(string hex, out byte tag, out byte[] content)
    {
        (tag, content) = (0, new byte[hex.Length / 2]);
        if (hex.Length % 2 != 0 || Convert.FromHexString(hex, content, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        var reader = new DerReader(content);
        if (!reader.TryRead(out DerValue value)) return false;
        (tag, content) = (value.Tag, value.Content.ToArray());
        return true;
    }

    /// <summary>As they are, whatever the string's type; a GeneralString of four bytes a character that uses but the last is narrowed.</summary>
    private static void AppendBytes(StringBuilder text, ReadOnlySpan<byte> bytes, bool isGeneralString)
    {
        bool isWide = isGeneralString && bytes.Length % 4 == 0;
        for (int i = 0; isWide && i < bytes.Length; i++) isWide = i % 4 == 3 || bytes[i] == 0;
        for (int i = isWide ? 3 : 0; i < bytes.Length; i += isWide ? 4 : 1)
            if (bytes[i] is >= 0x20 and <= 0x7e) text.Append((char)bytes[i]);
            else text.Append(CultureInfo.InvariantCulture, $"\\x{bytes[i]:X2}");
    }

    /// <summary>The text of a string; null if it is none.</summary>
    private static string? TextOf(DerValue value)
    {
        int type = value.TagNumber;
        if ((value.Tag & 0xC0) != 0 || !DerTag.IsByteString(type) && !DerTag.IsWideString(type)) return null;

        ReadOnlySpan<byte> bytes = value.Content;
        byte pieceType = (byte)type;
        if (value.IsConstructed && StringPieces.AreIn(value.Contents, ref pieceType))
        {
            byte[] joined = new byte[bytes.Length];
            bytes = joined.AsSpan(0, StringPieces.Copy(value.Contents, joined));
        }
        if (DerTag.IsWideString(pieceType))
        {
            byte[] utf8 = new byte[StringPieces.MaxTextLength(bytes.Length)];
            StringPieces.TryNarrow(bytes, pieceType, utf8, out int length);
            bytes = utf8.AsSpan(0, length);
        }
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);
    }

    /// <summary>RFC 4514 §2.4.</summary>
    private static void AppendEscaped(StringBuilder text, string value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            bool isEdge = c == ' ' && (i == 0 || i == value.Length - 1) || c == '#' && i == 0;
            if (isEdge || c is '"' or '+' or ',' or ';' or '<' or '>' or '\\') text.Append('\\').Append(c);
            else if (c < ' ' || c == 0x7F) text.Append(CultureInfo.InvariantCulture, $"\\{(int)c:X2}");
            else text.Append(c);
        }
    }

    private static string Hex(ReadOnlySpan<byte> der) => "#" + Convert.ToHexStringLower(der);
}
