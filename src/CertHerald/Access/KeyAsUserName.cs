using System.Text;

namespace CertHerald.Access;

/// <summary>On an endpoint: a key may also come as the user name of HTTP Basic authentication, as the clients of some APIs send theirs. RFC 7617.</summary>
internal sealed record KeyAsUserName
{
    /// <summary>The user name of a header; null if it is no Basic one, empty if it cannot be read. The password is not looked at.</summary>
    public static string? Read(string header)
    {
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return null;
        Span<byte> bytes = stackalloc byte[256];
        ReadOnlySpan<char> encoded = header.AsSpan(6).Trim();
        // Longer than any key with any reasonable password.
        if (encoded.Length > bytes.Length || !Convert.TryFromBase64Chars(encoded, bytes, out int length)) return "";
        int colon = bytes[..length].IndexOf((byte)':');
        return colon < 0 ? "" : Encoding.Latin1.GetString(bytes[..colon]);
    }
}
