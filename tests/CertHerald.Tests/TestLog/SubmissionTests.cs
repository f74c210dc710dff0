using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog;

public class SubmissionTests
{
    [Theory]
    [InlineData(LogProtocol.Rfc6962, "ct/v1/")]
    [InlineData(LogProtocol.StaticCt, "static/ct/v1/")]
    public async Task The_SCT_for_a_chain_is_signed_over_the_leaf_that_the_log_then_serves(LogProtocol protocol, string prefix)
    {
        using var ca = new TestCa();
        await using ServedLog served = await ServedLog.StartAsync(new LogOptions { AcceptedRoots = [ca.Root.RawData], PublishOnAdd = true });
        TestPrecertificate precertificate = ca.IssuePrecertificate("www.example.com", "*.example.com", "192.0.2.1");

        using HttpResponseMessage first = await served.SubmitAsync(prefix + "add-chain", ca.Issue("example.com").Chain);
        using HttpResponseMessage second = await served.SubmitAsync(prefix + "add-pre-chain", precertificate.Chain);

        ulong index = 0;
        foreach (HttpResponseMessage answer in new[] { first, second })
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            JsonElement sct = await ServedLog.JsonAsync(answer);
            (byte[] leaf, _) = served.Log.ReadEntry(new EntryIndex(index));
            Assert.Equal(served.Log.KeyOf(protocol).Id.ToString(), sct.GetProperty("id").GetString());
            Assert.Equal([0, 0, 5, 0, 0, 0, 0, (byte)index], sct.GetProperty("extensions").GetBytesFromBase64());
            Assert.True(ServedLog.Verifies(served.Log.KeyOf(protocol).Spki.Span, leaf, sct.GetProperty("signature").GetBytesFromBase64()));
            index++;
        }
    }

    [Theory]
    [InlineData(false, LogKeyKind.EcdsaP256)]
    [InlineData(true, LogKeyKind.EcdsaP256)]
    [InlineData(true, LogKeyKind.Rsa2048)]
    public void A_final_certificate_without_its_SCT_list_is_the_logged_precertificate(bool throughSigningCertificate, LogKeyKind kind)
    {
        using var ca = new TestCa(keyKind: kind);
        using var log = new Log();
        TestPrecertificate precertificate = ca.IssuePrecertificate(
            new IssueRequest("www.example.com") { CommonName = "www.example.com", ThroughSigningCertificate = throughSigningCertificate });
        AddedEntry added = log.AddPreChain(precertificate.Chain);
        TestCertificate final = precertificate.Final(added.Sct.Serialize());

        (byte[] leaf, byte[] extra) = log.ReadEntry(added.Index);

        byte[] tbs = CertificateParts.Read(final.Der)!.TbsWithout(CertificateParts.SctList);
        Assert.Equal(tbs, leaf[47..(47 + tbs.Length)]);
        Assert.Equal(47 + tbs.Length + 2 + 8, leaf.Length);
        Assert.Equal(SHA256.HashData(ca.Intermediate.PublicKey.ExportSubjectPublicKeyInfo()), leaf[12..44]);
        Assert.Equal(LeafFormat.ExtraData(precertificate.Der, precertificate.Chain.Skip(1)), extra);
        Assert.Equal(throughSigningCertificate ? 4 : 3, precertificate.Chain.Count);

        using X509Certificate2 loaded = X509CertificateLoader.LoadCertificate(final.Der);
        using var path = new X509Chain();
        path.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        path.ChainPolicy.CustomTrustStore.Add(ca.Root);
        path.ChainPolicy.ExtraStore.Add(ca.Intermediate);
        path.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.True(path.Build(loaded), string.Join(", ", path.ChainStatus.Select(s => s.StatusInformation)));
        Assert.Contains(Convert.ToHexString(added.Sct.Serialize()), Convert.ToHexString(loaded.Extensions[CertificateParts.SctList]!.RawData), StringComparison.Ordinal);
    }

    [Fact]
    public void Leaves_of_real_precertificates_come_out_as_the_real_log_made_them()
    {
        // The recorded log answered these submissions; its leaves are in the recorded pages.
        JsonElement[] leaves =
        [
            .. Page("get-entries.256-511.json"), .. Page("get-entries.512-767.json"),
        ];
        int seen = 0;
        foreach (JsonElement submission in SharedData.JsonLines("google-ct-server", "add-chain-responses.jsonl.gz"))
        {
            int index = submission.GetProperty("leaf_index").GetInt32();
            byte[] leaf = leaves[index - 256].GetProperty("leaf_input").GetBytesFromBase64();
            byte[] extra = leaves[index - 256].GetProperty("extra_data").GetBytesFromBase64();

            // The submitted certificate alone; the log completed the chain out of its own store.
            byte[] submitted = submission.GetProperty("chain")[0].GetBytesFromBase64();
            byte[][] chain = [submitted, .. ListAt(extra, leaf[11] == 1 ? 3 + submitted.Length : 0)];

            Submission? read = Submission.Read(chain, submission.GetProperty("type").GetString() == "add-pre-chain", [], out string refusal);

            Assert.True(read is not null, $"{index}: {refusal}");
            byte[] framed = LeafFormat.LeafInput(BitConverter.ToUInt64([.. leaf[2..10].Reverse()]), read.IssuerKeyHash, read.Signed, []);
            Assert.Equal(leaf, framed);
            Assert.Equal(extra, read.ExtraData);
            seen++;
        }
        Assert.Equal(512, seen);

        static IEnumerable<byte[]> ListAt(byte[] extra, int at)
        {
            for (at += 3; at < extra.Length; at += 3 + (extra[at + 1] << 8 | extra[at + 2]))
                yield return extra[(at + 3)..(at + 3 + (extra[at + 1] << 8 | extra[at + 2]))];
        }

        static IEnumerable<JsonElement> Page(string name) =>
            SharedData.Json("google-ct-server", name).RootElement.GetProperty("entries").EnumerateArray();
    }

    [Theory]
    [InlineData("add-chain", "foreign", "root")]
    [InlineData("add-chain", "gap", "did not issue")]
    [InlineData("add-chain", "precertificate", "add-pre-chain")]
    [InlineData("add-pre-chain", "certificate", "poison")]
    [InlineData("add-chain", "garbage", "cannot be read")]
    [InlineData("add-chain", "empty", "empty")]
    public async Task A_chain_that_proves_nothing_is_refused_with_the_reason(string call, string chain, string reason)
    {
        using var ca = new TestCa();
        using var other = new TestCa("Another CA");
        await using ServedLog served = await ServedLog.StartAsync(new LogOptions { AcceptedRoots = [ca.Root.RawData] });
        TestCertificate certificate = ca.Issue("example.com");
        IEnumerable<byte[]> submitted = chain switch
        {
            "foreign" => other.Issue("example.com").Chain,
            "gap" => [certificate.Der, ca.Root.RawData],
            "precertificate" => ca.IssuePrecertificate("example.com").Chain,
            "certificate" => certificate.Chain,
            "garbage" => [[0x30, 0x80, 1]],
            _ => [],
        };

        using HttpResponseMessage answer = await served.SubmitAsync($"ct/v1/{call}", submitted);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(reason, (await ServedLog.JsonAsync(answer)).GetProperty("error_message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0UL, served.Log.Size.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"chain\":7}")]
    [InlineData("{\"chain\":[\"*\"]}")]
    [InlineData("{\"chain\":[null]}")]
    public async Task A_body_that_is_no_submission_gets_400(string body)
    {
        await using ServedLog served = await ServedLog.StartAsync();
        using var content = new StringContent(body);

        using HttpResponseMessage answer = await served.Client.PostAsync("ct/v1/add-chain", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_body_above_the_limit_gets_413_with_and_without_its_length()
    {
        await using ServedLog served = await ServedLog.StartAsync();
        foreach (bool chunked in new[] { false, true })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "ct/v1/add-chain") { Content = new StringContent(new string(' ', 5 * 1024 * 1024)) };
            request.Headers.TransferEncodingChunked = chunked;
            request.Headers.ExpectContinue = true;

            using HttpResponseMessage answer = await served.Client.SendAsync(request, TestContext.Current.CancellationToken);

            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_root_left_out_is_added_and_accepted_roots_are_named()
    {
        using var ca = new TestCa();
        await using ServedLog served = await ServedLog.StartAsync(new LogOptions { AcceptedRoots = [ca.Root.RawData] });
        TestCertificate certificate = ca.Issue("example.com");

        AddedEntry added = served.Log.AddChain([certificate.Der, ca.Intermediate.RawData]);

        Assert.Equal(LeafFormat.ExtraData(null, certificate.Chain.Skip(1)), served.Log.ReadEntry(added.Index).ExtraData);
        foreach (string prefix in new[] { "ct/v1/", "static/ct/v1/" })
            Assert.Equal(ca.Root.RawData, (await served.GetAsync(prefix + "get-roots")).GetProperty("certificates")[0].GetBytesFromBase64());
    }
}
