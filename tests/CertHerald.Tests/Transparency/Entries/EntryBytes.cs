using System.Buffers.Binary;
using System.Security.Cryptography;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Entries;

/// <summary>Entries as logs write them, put together by hand. RFC 6962 §3.4, §4.6; C2SP static-ct-api.</summary>
internal static class EntryBytes
{
    /// <summary>A MerkleTreeLeaf of a certificate, whatever it is.</summary>
    public static byte[] Leaf(byte[] certificate) => [.. Head(0), .. Vector(certificate), 0, 0];

    /// <summary>A MerkleTreeLeaf of a precertificate.</summary>
    public static byte[] Leaf(byte[] issuerKeyHash, byte[] tbs) => [.. Head(1), .. issuerKeyHash, .. Vector(tbs), 0, 0];

    /// <summary>The leaf that a log makes of a precertificate which its issuer signed itself.</summary>
    public static byte[] LeafOf(byte[] precertificate, byte[] issuer) =>
        Leaf(SHA256.HashData(View(issuer).Spki), TbsFingerprint.Splice(View(precertificate).Tbs));

    /// <summary>The extra_data of a certificate.</summary>
    public static byte[] Chain(params byte[][] certificates) => Vector([.. certificates.SelectMany(Vector)]);

    /// <summary>The extra_data of a precertificate.</summary>
    public static byte[] Extra(byte[] precertificate, params byte[][] chain) => [.. Vector(precertificate), .. Chain(chain)];

    /// <summary>What a data tile has behind a precertificate's leaf.</summary>
    public static byte[] TiledExtra(byte[] precertificate, params byte[][] chain) =>
        [.. Vector(precertificate), (byte)(chain.Length * 32 >> 8), (byte)(chain.Length * 32), .. chain.SelectMany(der => SHA256.HashData(der))];

    private static CertificateView View(byte[] der)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView view));
        return view;
    }

    private static byte[] Head(byte type)
    {
        byte[] head = new byte[12];
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(2), 1_700_000_000_123);
        head[11] = type;
        return head;
    }

    private static byte[] Vector(byte[] content) => [(byte)(content.Length >> 16), (byte)(content.Length >> 8), (byte)content.Length, .. content];
}
