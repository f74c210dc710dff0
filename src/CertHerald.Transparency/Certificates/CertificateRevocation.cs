using System.Text;

namespace CertHerald.Transparency.Certificates;

/// <summary>Where a certificate says that its revocation is published, and by what name its issuer lists it.</summary>
public static class CertificateRevocation
{
    /// <summary>Points, and URIs of a point, that are read: real certificates have one or two.</summary>
    public const int Most = 8;

    /// <summary>Longest URI that is read, in characters.</summary>
    public const int LongestUri = 1_000;

    /// <summary>Bytes of the longest serial number that is looked for. RFC 5280 §4.1.2.2 allows 20.</summary>
    public const int LongestSerial = 64;

    /// <summary>
    /// The distribution points, in order; empty if there are none, or the extension cannot be read. RFC 5280 §4.2.1.13.
    /// </summary>
    public static IReadOnlyList<CrlDistributionPoint> PointsOf(CertificateView certificate)
    {
        var points = new List<CrlDistributionPoint>();
        if (!certificate.TryGetExtension(ExtensionOids.CrlDistributionPoints, out ReadOnlySpan<byte> value)
            || !new DerReader(value).TryRead(DerTag.ConstructedSequence, out DerValue list)) return points;

        DerReader all = list.Contents;
        while (points.Count < Most && all.TryRead(DerTag.ConstructedSequence, out DerValue point))
        {
            var uris = new List<string>();
            bool hasReasons = false, hasOtherIssuer = false;
            DerReader parts = point.Contents;
            while (parts.TryRead(out DerValue part))
                switch (part.TagNumber)
                {
                    case 0: uris = UrisOf(part); break;
                    case 1: hasReasons = true; break;
                    case 2: hasOtherIssuer = true; break;
                }
            points.Add(new CrlDistributionPoint(uris, hasReasons, hasOtherIssuer));
        }
        return points;
    }

    /// <summary>
    /// A serial number without what DER would leave out: two spellings of one number are one. RFC 5280 §4.1.2.2.
    /// </summary>
    /// <param name="serial">The content of the INTEGER.</param>
    public static ReadOnlySpan<byte> Canonical(ReadOnlySpan<byte> serial)
    {
        while (serial is [0, < 0x80, ..] or [0xFF, >= 0x80, ..]) serial = serial[1..];
        return serial;
    }

    /// <summary>The URIs of a DistributionPointName in its [0]: of its full name. RFC 5280 §4.2.1.13.</summary>
    internal static List<string> UrisOf(DerValue name)
    {
        var uris = new List<string>();
        DerReader choice = name.Contents;
        if (!choice.TryRead(0xA0, out DerValue full)) return uris;
        DerReader names = full.Contents;
        while (uris.Count < Most && names.TryRead(out DerValue one))
            if (one.Tag == 0x86 && one.Content.Length is > 0 and <= LongestUri && !one.Content.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
                uris.Add(Encoding.ASCII.GetString(one.Content));
        return uris;
    }
}

/// <summary>One place where a certificate's revocation is published. RFC 5280 §4.2.1.13.</summary>
/// <param name="Uris">Addresses of one and the same list, in order, as written: any scheme, foreign text in printable ASCII.</param>
/// <param name="HasReasons">It holds revocations for some reasons only.</param>
/// <param name="HasOtherIssuer">Another than the certificate's issuer signs it: an indirect list.</param>
public sealed record CrlDistributionPoint(IReadOnlyList<string> Uris, bool HasReasons, bool HasOtherIssuer);
