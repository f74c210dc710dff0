using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Storage.Secrets;

/// <summary>Where a secret is kept. A box that is moved to another place cannot be opened there.</summary>
/// <param name="Row">An id that no other row of the table ever had.</param>
internal readonly record struct SecretPlace(string Table, string Column, long Row);

/// <summary>
/// A secret as it is kept: AES-256-GCM, laid out as version ‖ key's number[4] ‖ nonce[12] ‖ ciphertext ‖ tag[16], with table,
/// column and row as associated data.
/// </summary>
internal static class SecretBox
{
    private const byte Version = 1;
    private const int Nonce = 1 + sizeof(uint), NonceLength = 12, Content = Nonce + NonceLength, TagLength = 16;

    public static byte[] Seal(SecretKey key, SecretPlace place, ReadOnlySpan<byte> secret)
    {
        var box = new byte[Content + secret.Length + TagLength];
        HeaderOf(key).CopyTo(box, 0);
        RandomNumberGenerator.Fill(box.AsSpan(Nonce, NonceLength));
        using var cipher = new AesGcm(key.Bytes, TagLength);
        cipher.Encrypt(box.AsSpan(Nonce, NonceLength), secret, box.AsSpan(Content, secret.Length), box.AsSpan(Content + secret.Length), AssociatedOf(place));
        return box;
    }

    /// <summary>How every box under a key begins.</summary>
    public static byte[] HeaderOf(SecretKey key)
    {
        var header = new byte[Nonce];
        header[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(1), key.Id);
        return header;
    }

    /// <summary>The number of the key that a box needs; null if it is no box that this program can open.</summary>
    public static uint? KeyOf(ReadOnlySpan<byte> box) =>
        box.Length >= Content + TagLength && box[0] == Version ? BinaryPrimitives.ReadUInt32BigEndian(box[1..]) : null;

    /// <summary>What a box holds; null if it is another's, was moved or was altered.</summary>
    public static byte[]? Open(SecretKey key, SecretPlace place, ReadOnlySpan<byte> box)
    {
        if (KeyOf(box) != key.Id) return null;
        var secret = new byte[box.Length - Content - TagLength];
        using var cipher = new AesGcm(key.Bytes, TagLength);
        try
        {
            cipher.Decrypt(box.Slice(Nonce, NonceLength), box[Content..^TagLength], box[^TagLength..], secret, AssociatedOf(place));
            return secret;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    // A zero byte stands in no name: two places never give the same text.
    private static byte[] AssociatedOf(SecretPlace place) => Encoding.UTF8.GetBytes($"{place.Table}\0{place.Column}\0{place.Row}");
}
