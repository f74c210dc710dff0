using System.Text;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Writes certificates byte by byte, right or wrong. Each part is a whole value unless it says otherwise.</summary>
internal sealed record OddCertificate
{
    public static readonly byte[] CommonName = [0x55, 0x04, 0x03];
    public static readonly byte[] San = [0x55, 0x1D, 0x11];
    public static readonly byte[] BasicConstraints = [0x55, 0x1D, 0x13];
    public static readonly byte[] AuthorityKey = [0x55, 0x1D, 0x23];
    public static readonly byte[] KeyUsage = [0x55, 0x1D, 0x0F];
    public static readonly byte[] SctListOid = [0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x04, 0x02];
    public static readonly byte[] Poison = [0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x04, 0x03];

    private static readonly byte[] Algorithm = Sequence(Value(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]));

    public byte[] Version { get; init; } = Value(0xA0, Value(0x02, [2]));
    public byte[] Serial { get; init; } = Value(0x02, [0x11, 0x22]);
    public byte[] Issuer { get; init; } = Name(Rdn(CommonName, 0x0C, "Some CA"));
    public byte[] Validity { get; init; } = Sequence(Value(0x17, "260101000000Z"), Value(0x17, "260401000000Z"));
    public byte[] Subject { get; init; } = Name();
    public byte[] Spki { get; init; } = Sequence(Sequence(Value(0x06, [0x2B, 0x65, 0x70])), Value(0x03, new byte[33]));
    public byte[][] Extensions { get; init; } = [];

    /// <summary>Stands in for [3]; made of <see cref="Extensions"/> unless given.</summary>
    public byte[]? Wrapper { get; init; }
    public byte[] BehindExtensions { get; init; } = [];
    public byte[] BehindTbs { get; init; } = [];
    public byte[] BehindSignature { get; init; } = [];
    public byte[] BehindCertificate { get; init; } = [];
    public Func<byte, byte[], byte[]> Frame { get; init; } = Value;

    public byte[] Tbs => Frame(0x30, Concat(Version, Serial, Algorithm, Issuer, Validity, Subject, Spki,
        Wrapper ?? (Extensions.Length == 0 ? [] : Frame(0xA3, Frame(0x30, Concat(Extensions)))), BehindExtensions));

    public byte[] Der => Concat(Frame(0x30, Concat(Tbs, BehindTbs, Algorithm, Value(0x03, [0, 1, 2, 3]), BehindSignature)), BehindCertificate);

    public static OddCertificate WithSan(params byte[][] names) => new() { Extensions = [Extension(San, Sequence(names))] };

    public static OddCertificate WithSubject(params byte[][] rdns) => new() { Subject = Name(rdns) };

    public static byte[] Extension(byte[] oid, byte[] value) => Sequence(Value(0x06, oid), Value(0x04, value));

    public static byte[] Name(params byte[][] rdns) => Sequence(rdns);

    public static byte[] Rdn(byte[] type, byte tag, string value) => Rdn(type, Value(tag, Encoding.UTF8.GetBytes(value)));

    public static byte[] Rdn(byte[] type, byte[] value) => Value(0x31, Sequence(Value(0x06, type), value));

    public static byte[] Dns(string name) => Value(0x82, name);

    public static byte[] Sequence(params byte[][] parts) => Value(0x30, Concat(parts));

    public static byte[] Value(byte tag, string latin1) => Value(tag, Encoding.Latin1.GetBytes(latin1));

    public static byte[] Value(byte tag, byte[] content)
    {
        int octets = content.Length < 0x80 ? 0 : content.Length < 0x100 ? 1 : content.Length < 0x10000 ? 2 : 3;
        return ValueWithLengthOctets(octets, tag, content);
    }

    /// <summary>A length in more bytes than needed: 0 is the short form.</summary>
    public static byte[] ValueWithLengthOctets(int octets, byte tag, byte[] content)
    {
        if (octets == 0) return [tag, (byte)content.Length, .. content];
        byte[] length = new byte[octets];
        for (int i = 0; i < Math.Min(octets, 4); i++) length[octets - 1 - i] = (byte)(content.Length >> 8 * i);
        return [tag, (byte)(0x80 | octets), .. length, .. content];
    }

    public static byte[] IndefiniteValue(byte tag, byte[] content) => [tag, 0x80, .. content, 0, 0];

    public static byte[] Concat(params byte[][] parts) => [.. parts.SelectMany(p => p)];
}
