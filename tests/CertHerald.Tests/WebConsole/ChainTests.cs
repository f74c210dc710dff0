using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.TestLog;

namespace CertHerald.Tests.WebConsole;

/// <summary>An issuance's chain, on its page and in the API.</summary>
public sealed class ChainTests
{
    [Fact]
    public async Task A_chain_is_shown_from_the_issuer_up_and_can_be_had_whole()
    {
        using var ca = new TestCa();
        X509Certificate2[] chain = [ca.Intermediate, ca.Root];
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitChainAsync(SomeFacts.Of("a.example.com"), [.. chain.Select(one => one.RawData)]);
        await rig.CommitChainAsync(SomeFacts.Of("b.example.com"), ca.Intermediate.RawData);
        await rig.CommitAsync(SomeFacts.Of("c.example.com"));
        using Browser stranger = rig.NewBrowser();
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/api/issuances/1/chain.pem")).Status);
        await rig.SignInAsync();

        string page = WebUtility.HtmlDecode(await rig.PageAsync("/console/monitoring/issuances/1"));
        int intermediate = page.IndexOf(Sha256(ca.Intermediate), StringComparison.Ordinal), root = page.IndexOf(Sha256(ca.Root), StringComparison.Ordinal);
        Assert.InRange(intermediate, 1, root);
        Assert.Contains("CN=CertHerald Test CA Intermediate", page, StringComparison.Ordinal);
        Assert.Contains("itself: a root", page, StringComparison.Ordinal);
        Assert.Contains("ecdsa P-256", page, StringComparison.Ordinal);
        Assert.Contains("The log's tree does not cover it", page, StringComparison.Ordinal);
        Assert.DoesNotContain("What stands above", page, StringComparison.Ordinal);
        Assert.Contains("What stands above", await rig.PageAsync("/console/monitoring/issuances/2"), StringComparison.Ordinal);
        Assert.Contains("No chain is on record", await rig.PageAsync("/console/monitoring/issuances/3"), StringComparison.Ordinal);

        Answer pem = await rig.Browser.GetAsync("/api/issuances/1/chain.pem");
        Assert.Equal(chain.Select(one => one.RawData), PemFile.ReadAll(pem.Bytes, "CERTIFICATE"));
        Assert.Equal("issuance-1-chain.pem", pem.ContentHeaders.ContentDisposition!.FileName);
        foreach (int none in (int[])[3, 99]) Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.GetAsync($"/api/issuances/{none}/chain.pem")).Status);

        JsonElement first = (await rig.Browser.GetAsync("/api/issuances/1")).Json.GetProperty("chain")[0];
        Assert.Equal(
            [Sha256(ca.Intermediate), Convert.ToHexStringLower(SHA256.HashData(ca.Intermediate.PublicKey.ExportSubjectPublicKeyInfo())), "ecdsa P-256"],
            new[] { "sha256", "pubkey_sha256", "key" }.Select(member => first.GetProperty(member).GetString()));
        Assert.Equal(ca.Intermediate.NotAfter.ToUniversalTime(), first.GetProperty("not_after").GetDateTimeOffset().UtcDateTime);
        Assert.Equal(0, (await rig.Browser.GetAsync("/api/issuances/3")).Json.GetProperty("chain").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, (await rig.Browser.GetAsync("/api/issuances")).Json.GetProperty("items")[0].GetProperty("chain").ValueKind);
    }

    [Fact]
    public async Task What_a_chain_says_is_shown_as_text_and_what_cannot_be_read_of_it_is_said_so()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitChainAsync(SomeFacts.Of("a.example.com"), Named(SomeFacts.Hostile), "no certificate"u8.ToArray());
        await rig.SignInAsync();

        string page = await rig.PageAsync("/console/monitoring/issuances/1");

        Inert.RunsOnlyOurs(page);
        Assert.Contains("alert(1)", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<img src=x", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(WebUtility.HtmlDecode(page), c => c is '\u202E' or '\0' or '\u001B');
        Assert.Contains(">U+202E</span>", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.Contains("unreadable or empty", page, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData("no certificate"u8)), page, StringComparison.Ordinal);
    }

    private static string Sha256(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));

    private static byte[] Named(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        using X509Certificate2 made = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return made.RawData;
    }
}
