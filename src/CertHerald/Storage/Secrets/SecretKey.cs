using System.Globalization;
using System.Security.Cryptography;

namespace CertHerald.Storage.Secrets;

/// <summary>A key for secrets at rest: AES-256, under a random number that tells it from every other.</summary>
internal sealed class SecretKey
{
    public const int Length = 32;

    private readonly byte[] _bytes;

    private SecretKey(uint id, byte[] bytes) => (Id, _bytes) = (id, bytes);

    public uint Id { get; }

    public ReadOnlySpan<byte> Bytes => _bytes;

    public static SecretKey New() => new(BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint))), RandomNumberGenerator.GetBytes(Length));

    /// <summary>Reads a line of the key file: <c>id:base64</c>. Null if it is none.</summary>
    public static SecretKey? Of(string line)
    {
        if (line.Split(':') is not [{ Length: 8 } id, { Length: 44 } text] || !uint.TryParse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number))
            return null;
        var bytes = new byte[Length];
        return Convert.TryFromBase64String(text, bytes, out int length) && length == Length ? new SecretKey(number, bytes) : null;
    }

    public string ToLine() => $"{NameOf(Id)}:{Convert.ToBase64String(_bytes)}";

    /// <summary>A key's number as files and messages write it.</summary>
    public static string NameOf(uint id) => id.ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>Its number: printed by accident, it must not show.</summary>
    public override string ToString() => NameOf(Id);
}
