using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Certificates;

namespace CertHerald.Tests.EndToEnd;

/// <summary>certspotter.md §1, D10: the documented example, out of a log and through the whole program.</summary>
[Collection(ProgramTests.Name)]
public sealed class GoldenWebhookTests
{
    private const string IssuerSha256 = "7fa4ff68ec04a99d7528d5085f94907f4d1dd1c5381bacdc832ed5c960214676";

    [Fact]
    public async Task The_documented_certificate_arrives_as_the_documented_body()
    {
        string page = await File.ReadAllTextAsync(SharedData.SeedPathOf("certspotter-unknown-certificate-webhook.txt"), TestContext.Current.CancellationToken);
        byte[] issuer = CertHerald.Tests.Transparency.Certificates.Corpus.Read("ccadb-ca.jsonl.gz").First(one => one.Sha256 == IssuerSha256).Der;
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["watch"] = new JsonArray(".sslmate.com");
        rig.Configuration["public_url"] = "https://ct.example.org/";
        rig.Log.AddCorpus([CorpusEntry.OfChain(GoldenCertificate.Der, issuer)]);
        rig.Log.Publish();

        await using Certherald program = rig.Run();
        JsonNode body = JsonNode.Parse((await rig.Receiver.NextAsync()).Body)!;

        string id = body["id"]!.GetValue<string>();
        JsonNode expected = JsonNode.Parse(page[page.IndexOf("{ \"id\"", StringComparison.Ordinal)..])!;
        expected["id"] = id;
        expected["issuance"]!["id"] = id;
        expected["html_url"] = $"https://ct.example.org/console/monitoring/issuances/{id}";
        Assert.Equal(expected.ToJsonString(), body.ToJsonString());
    }
}
