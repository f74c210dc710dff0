namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Fixture G1: the certificate on the "Unknown Certificate Webhook" page.</summary>
internal static class GoldenCertificate
{
    public static byte[] Der { get; } = Convert.FromBase64String(File.ReadAllText(Find()));

    private static string Find()
    {
        DirectoryInfo at = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "CertHerald.slnx"))) at = at.Parent!;
        return Path.Combine(at.FullName, "tests", "CertHerald.Tests", "Fixtures", "packages.opsmate.com.b64");
    }
}
