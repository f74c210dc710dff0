using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects;
using CertHerald.Inspecting;

namespace CertHerald.Tests.Delivering;

/// <summary>What the tests of deliveries begin with.</summary>
internal static class Given
{
    public static readonly OutboundOptions LoopbackAllowed = new() { Allow = [IPNetwork.Parse("127.0.0.0/8")] };

    /// <summary>Its rate is none to speak of, where the clock stands still.</summary>
    public static WebhookOptions Webhook(Uri url, string name = "hook") =>
        new() { Name = name, Dialect = "certspotter", Url = url, Events = [EventKinds.UnknownCertificate], Rate = 1_000 };

    /// <summary>The facts of certspotter.md §2 about fixture G1.</summary>
    public static CertificateFacts GoldenFacts() => SampleIssuance.Of(default).Certificate;

    public static IReadOnlyList<WatchedEndpoint> GoldenEndpoints() => SampleIssuance.Of(default).Endpoints;

    /// <summary>An issuance that no other number has.</summary>
    public static CertificateFacts Facts(int number)
    {
        byte[] der = Encoding.UTF8.GetBytes("certificate " + number.ToString(CultureInfo.InvariantCulture));
        string hash = Convert.ToHexStringLower(SHA256.HashData(der));
        return GoldenFacts() with { TbsSha256 = hash, CertSha256 = hash, CertDer = der };
    }
}
