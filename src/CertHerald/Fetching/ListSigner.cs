using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Fetching;

/// <summary>Whoever signs a log list: the signature lies beside the list, with <c>.sig</c> in place of <c>.json</c>.</summary>
/// <param name="Name">For people.</param>
/// <param name="Key">The public RSA key: DER SubjectPublicKeyInfo, or the same in PEM.</param>
internal sealed record ListSigner(string Name, ReadOnlyMemory<byte> Key)
{
    /// <summary>SHA-256 of <see cref="Chrome"/>'s key: the published key file in DER.</summary>
    public const string ChromeKeySha256 = "f1d8b68e50210d8e73d9a3e97f571773c52d7f28c0b1a71beee81d8562e6fd85";

    // RSA, 4096 bits. It is a fact that Google publishes; compare it by the hash above.
    private const string ChromeKey =
        "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAsu0BHGnQ++W2CTdyZyxv" +
        "HHRALOZPlnu/VMVgo2m+JZ8MNbAOH2cgXb8mvOj8flsX/qPMuKIaauO+PwROMjiq" +
        "fUpcFm80Kl7i97ZQyBDYKm3MkEYYpGN+skAR2OebX9G2DfDqFY8+jUpOOWtBNr3L" +
        "rmVcwx+FcFdMjGDlrZ5JRmoJ/SeGKiORkbbu9eY1Wd0uVhz/xI5bQb0OgII7hEj+" +
        "i/IPbJqOHgB8xQ5zWAJJ0DmG+FM6o7gk403v6W3S8qRYiR84c50KppGwe4YqSMkF" +
        "bLDleGQWLoaDSpEWtESisb4JiLaY4H+Kk0EyAhPSb+49JfUozYl+lf7iFN3qRq/S" +
        "IXXTh6z0S7Qa8EYDhKGCrpI03/+qprwy+my6fpWHi6aUIk4holUCmWvFxZDfixox" +
        "K0RlqbFDl2JXMBquwlQpm8u5wrsic1ksIv9z8x9zh4PJqNpCah0ciemI3YGRQqSe" +
        "/mRRXBiSn9YQBUPcaeqCYan+snGADFwHuXCd9xIAdFBolw9R9HTedHGUfVXPJDiF" +
        "4VusfX6BRR/qaadB+bqEArF/TzuDUr6FvOR4o8lUUxgLuZ/7HO+bHnaPFKYHHSm+" +
        "+z1lVDhhYuSZ8ax3T0C3FZpb7HMjZtpEorSV5ElKJEJwrhrBCMOD8L01EoSPrGlS" +
        "1w22i9uGHMn/uGQKo28u7AsCAwEAAQ==";

    private const int LeastBits = 2048;

    /// <summary>Google, of the lists that Chrome is built with.</summary>
    public static ListSigner Chrome { get; } = new("Chrome", Convert.FromBase64String(ChromeKey));

    /// <summary>Where Chrome's own lists are, which are signed.</summary>
    private static readonly string[] ChromeLists =
        ["https://www.gstatic.com/ct/log_list/v3/all_logs_list.json", "https://www.gstatic.com/ct/log_list/v3/log_list.json"];

    /// <summary>Who is expected to have signed a list, where the configuration does not say; null for nobody.</summary>
    public static ListSigner? Of(string location) =>
        LogListSource.UrlOf(location) is { } url && ChromeLists.Contains(url.GetLeftPart(UriPartial.Path), StringComparer.Ordinal) ? Chrome : null;

    /// <summary>A signer by the key in a PEM file.</summary>
    /// <param name="problem">Why it is none, for people.</param>
    public static ListSigner? OfFile(string path, out string? problem)
    {
        problem = null;
        try
        {
            byte[] pem = File.ReadAllBytes(path);
            using var rsa = RSA.Create();
            rsa.ImportFromPem(Encoding.ASCII.GetString(pem));
            if (rsa.KeySize >= LeastBits) return new ListSigner(path, rsa.ExportSubjectPublicKeyInfo());
            problem = $"the key in {path} has {rsa.KeySize} bits, of which it needs {LeastBits}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = $"{path} cannot be read: {e.Message}";
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            problem = $"{path} holds no RSA key in PEM";
        }
        return null;
    }

    /// <summary>The name of the signature beside a list.</summary>
    /// <param name="path">A path, or a URL's.</param>
    public static string SignatureOf(string path) =>
        (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? path[..^".json".Length] : path) + ".sig";
}
