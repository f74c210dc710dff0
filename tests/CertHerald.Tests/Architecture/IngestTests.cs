using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using CertHerald.Following;
using CertHerald.Names;
using CertHerald.TestLog;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Architecture;

/// <summary>What never runs while entries are read (ct.md 2.5): it is in no compiled code that could run then.</summary>
public sealed class IngestTests
{
    /// <summary>Where the platform's reading of a certificate begins. A callback's signature may name X509Chain, which takes one of these.</summary>
    private static readonly HashSet<string> Parsers =
        ["X509Certificate2", "X509CertificateLoader", "X509Certificate2Collection", "Pkcs12Info", "SignedCms"];

    [Fact]
    public void Rule_2_5_No_code_that_reads_entries_holds_the_platforms_certificates() => Assert.Empty(
        from assembly in (Assembly[])[typeof(LogFollower).Assembly, typeof(CertificateView).Assembly, typeof(WatchList).Assembly]
        from used in UsedBy(assembly)
        select $"{assembly.GetName().Name} uses {used}");

    [Fact]
    public void A_use_of_the_platforms_certificates_is_seen_in_code_that_has_it() => Assert.Contains("X509Certificate2", UsedBy(typeof(TestCa).Assembly));

    private static IEnumerable<string> UsedBy(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        MetadataReader code = file.GetMetadataReader();
        return [.. code.TypeReferences.Select(type => code.GetString(code.GetTypeReference(type).Name)).Where(Parsers.Contains).Distinct()];
    }
}
