using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Access;

/// <summary>Passwords by PBKDF2 with HMAC-SHA-256. What is kept names its cost, so that a later version can ask for more.</summary>
internal static class Passwords
{
    public const int Iterations = 600_000, Least = 12, Most = 256;

    private const string Method = "pbkdf2-sha256";
    private const int SaltBytes = 16, HashBytes = 32;

    /// <summary>What is wrong with a password that somebody wants to set; null if nothing is.</summary>
    public static string? ProblemOf(string? password) =>
        password is null || password.Length < Least ? $"A password has at least {Least} characters: take a long one, such as four words."
        : password.Length > Most ? $"A password has at most {Most} characters."
        : Normal(password) is null ? "The password holds half a character: it is not valid Unicode."
        : null;

    /// <summary>Expects a password without problem.</summary>
    public static string Hash(string password)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return $"{Method}${Iterations.ToString(CultureInfo.InvariantCulture)}${Convert.ToBase64String(salt)}${Convert.ToBase64String(Derive(Normal(password)!, salt, Iterations))}";
    }

    /// <summary>Whether a password fits what is kept. Without anything kept it takes as long, and never fits.</summary>
    public static bool Fits(string password, string? kept)
    {
        string[] parts = kept?.Split('$') ?? [];
        bool isKept = parts.Length == 4 && parts[0] == Method;
        int iterations = isKept ? int.Parse(parts[1], CultureInfo.InvariantCulture) : Iterations;
        byte[] salt = isKept ? Convert.FromBase64String(parts[2]) : new byte[SaltBytes], hash = isKept ? Convert.FromBase64String(parts[3]) : new byte[HashBytes];
        return Normal(password) is { } normal && CryptographicOperations.FixedTimeEquals(Derive(normal, salt, iterations), hash) && isKept;
    }

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, HashBytes);

    // One character may be typed in several ways: keyboards differ, the password does not. Null if it is no text at all.
    private static string? Normal(string password)
    {
        foreach (Rune rune in password.EnumerateRunes())
            if (rune == Rune.ReplacementChar)
                return null;
        return password.Normalize(NormalizationForm.FormKC);
    }
}
