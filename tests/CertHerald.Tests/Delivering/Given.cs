using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Inspecting;
using CertHerald.Tests.Transparency.Certificates;

namespace CertHerald.Tests.Delivering;

/// <summary>What the tests of deliveries begin with.</summary>
internal static class Given
{
    public static readonly OutboundOptions LoopbackAllowed = new() { Allow = [IPNetwork.Parse("127.0.0.0/8")] };

    /// <summary>Its rate is none to speak of, where the clock stands still.</summary>
    public static WebhookOptions Webhook(Uri url, string name = "hook") =>
        new() { Name = name, Dialect = "certspotter", Url = url, Events = [EventKinds.UnknownCertificate], Rate = 1_000 };

    /// <summary>The facts of certspotter.md §2 about fixture G1.</summary>
    public static CertificateFacts GoldenFacts() => new()
    {
        TbsSha256 = "4dc65f49ec2b0f1b7120207000d8ed3dd94465e89dfe9210715ddc82a8ff4f18",
        CertSha256 = "69fb7252f3cd5c052db8325cf82dc40bd72ed01525f2301f804765be8d62ae43",
        CertDer = GoldenCertificate.Der,
        IsPrecertificate = false,
        DnsNames = ["packages.opsmate.com", "packages.sslmate.com", "software.sslmate.com"],
        IpAddresses = [],
        PubkeySha256 = "36487345ef0c9a7aa10047ab32d64c1617f85163120e7d07187aa443729eebb4",
        IssuerPubkeySha256 = "e1ae9c3de848ece1ba72e0d991ae4d0d9ec547c6bad1dddab9d6beb0a7e0e0d8",
        IssuerName = "C=GB, ST=Greater Manchester, L=Salford, O=Sectigo Limited, CN=Sectigo RSA Domain Validation Secure Server CA",
        IssuerOrganization = "Sectigo Limited",
        IssuerCommonName = "Sectigo RSA Domain Validation Secure Server CA",
        SubjectName = "CN=packages.opsmate.com",
        Serial = "00d18351c389668269ed2ef619ab271fde",
        NotBefore = new DateTimeOffset(2021, 7, 13, 0, 0, 0, TimeSpan.Zero),
        NotAfter = new DateTimeOffset(2022, 8, 12, 23, 59, 59, TimeSpan.Zero),
        Problems = [],
    };

    public static IReadOnlyList<WatchedEndpoint> GoldenEndpoints() =>
    [
        new("packages.sslmate.com", ".sslmate.com", Wildcard: false),
        new("software.sslmate.com", ".sslmate.com", Wildcard: false),
    ];

    /// <summary>An issuance that no other number has.</summary>
    public static CertificateFacts Facts(int number)
    {
        byte[] der = Encoding.UTF8.GetBytes("certificate " + number.ToString(CultureInfo.InvariantCulture));
        string hash = Convert.ToHexStringLower(SHA256.HashData(der));
        return GoldenFacts() with { TbsSha256 = hash, CertSha256 = hash, CertDer = der };
    }
}
