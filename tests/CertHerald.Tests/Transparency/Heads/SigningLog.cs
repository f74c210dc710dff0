using System.Buffers.Binary;
using System.Security.Cryptography;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Heads;

/// <summary>A log's key pair: signs any tree a test can think of.</summary>
internal sealed class SigningLog : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public SigningLog()
    {
        Assert.True(LogKey.TryCreate(_key.ExportSubjectPublicKeyInfo(), out LogKey? key, out _));
        Key = key;
    }

    public LogKey Key { get; }

    public VerifiedHead Head(ulong size, MerkleHash root, ulong timestamp = 1)
    {
        var head = new SignedHead
        {
            Size = new TreeSize(size),
            Timestamp = timestamp,
            Root = root,
            Signature = default,
            Verbatim = default,
        };
        byte[] signature = Sign(head.SignedBytes());
        head = head with { Signature = signature, Verbatim = Answer(head, signature) };
        Assert.Equal(HeadFailure.None, VerifiedHead.Verify(head, Key, out VerifiedHead? verified));
        return verified!;
    }

    /// <summary>The signature line of a checkpoint.</summary>
    public string Line(string origin, ulong size, MerkleHash root, ulong timestamp = 1)
    {
        VerifiedHead head = Head(size, root, timestamp);
        var prefix = new byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(prefix, Checkpoint.KeyIdOf(origin, Key.Id));
        BinaryPrimitives.WriteUInt64BigEndian(prefix.AsSpan(4), timestamp);
        return $"— {origin} {Convert.ToBase64String([.. prefix, .. head.Signed.Signature.Span])}\n";
    }

    /// <summary>A head as <c>get-sth</c> answers it.</summary>
    public static byte[] Answer(SignedHead head, byte[] signature) => System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new
    {
        tree_size = head.Size.Value,
        timestamp = head.Timestamp,
        sha256_root_hash = head.Root.ToBase64(),
        tree_head_signature = Convert.ToBase64String(signature),
    });

    public void Dispose() => _key.Dispose();

    private byte[] Sign(byte[] message)
    {
        byte[] signature = _key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return [4, 3, 0, (byte)signature.Length, .. signature];
    }
}
