using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Certificates;

namespace CertHerald.Tests.Cli;

[Collection(ProgramTests.Name)]
public sealed class CertTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestCa _ca = new();

    [Fact]
    public async Task The_golden_certificate_is_explained_from_DER_and_PEM_alike()
    {
        string der = _scratch.Write("golden.der", GoldenCertificate.Der), pem = _scratch.Write("golden.pem", PemEncoding.WriteString("CERTIFICATE", GoldenCertificate.Der));

        string[] explained = [(await Certherald.RunAsync("cert", der)).With(0).Output, (await Certherald.RunAsync("cert", pem)).With(0).Output];

        Assert.Equal(explained[0].Replace(der, "", StringComparison.Ordinal), explained[1].Replace(pem, "", StringComparison.Ordinal));
        foreach (string fact in (string[])
            ["4dc65f49ec2b0f1b7120207000d8ed3dd94465e89dfe9210715ddc82a8ff4f18", "69fb7252f3cd5c052db8325cf82dc40bd72ed01525f2301f804765be8d62ae43",
             "packages.opsmate.com", "packages.sslmate.com", "software.sslmate.com", "2021-07-13T00:00:00Z to 2022-08-12T23:59:59Z", "not checked (give --log-list)"])
            Assert.Contains(fact, explained[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_of_get_entries_are_explained_with_what_they_match()
    {
        using var log = new Log();
        TestPrecertificate precertificate = _ca.IssuePrecertificate("*.example.com", "192.0.2.7");
        AddedEntry added = log.AddPreChain(precertificate.Chain);
        TestCertificate certificate = precertificate.Final(added.Sct.Serialize());
        log.AddChain(certificate.Chain);
        string Row(ulong index) => JsonSerializer.Serialize(new
        {
            leaf_input = log.ReadEntry(new(index)).LeafInput,
            extra_data = log.ReadEntry(new(index)).ExtraData,
        });
        string answer = _scratch.Write("answer.json", $"{{\"entries\":[{Row(0)},{Row(1)}]}}"), lines = _scratch.Write("rows.jsonl", $"{Row(0)}\n{Row(1)}\n");

        foreach (string file in (string[])[answer, lines])
        {
            IReadOnlyList<JsonElement> explained = (await Certherald.RunAsync("cert", file, "--json", "--watch", "www.example.com", "--watch", "192.0.2.7", "--watch", "example.net")).With(0).Objects;
            Assert.Equal([true, false], explained.Select(one => one.GetProperty("precertificate").GetBoolean()));
            Assert.Single(explained.Select(one => one.GetProperty("tbs_sha256").GetString()).Distinct());
            Assert.All(explained, one => Assert.Equal(["192.0.2.7", "www.example.com"], one.GetProperty("matches").EnumerateArray().Select(item => item.GetString())));
            Assert.All(explained, one => Assert.Equal("192.0.2.7", Assert.Single(one.GetProperty("ip_addresses").EnumerateArray()).GetString()));
        }
    }

    [Fact]
    public async Task SCTs_of_real_certificates_verify_or_not_as_recorded()
    {
        Dictionary<string, byte[]> certificates = Ders("certificates.jsonl.gz"), issuers = Ders("issuers.jsonl.gz");
        string list = _scratch.Write("list.json", LogListOf(SharedData.Lines("sct", "logs.tsv").Skip(1).Select(line => line.Split('\t')).Select(cells => (cells[0], cells[1], cells[2]))));
        var rows = SharedData.Lines("sct", "sct_verification.tsv").Skip(1).Select(line => line.Split('\t')).GroupBy(cells => cells[0]).ToList();
        List<string> files = [];
        foreach (IGrouping<string, string[]> row in rows)
        {
            string issuer = row.First()[1];
            string[] blocks = [.. ((byte[][])[certificates[row.Key], .. issuer.Length == 0 ? Array.Empty<byte[]>() : [issuers.GetValueOrDefault(issuer) ?? certificates[issuer]]]).Select(der => PemEncoding.WriteString("CERTIFICATE", der))];
            files.Add(_scratch.Write($"{row.Key}.pem", string.Join('\n', blocks)));
        }

        Ended ended = (await Certherald.RunAsync(["cert", .. files, "--json", "--log-list", list])).With(0);

        var explained = ended.Objects.GroupBy(one => one.GetProperty("cert_sha256").GetString()!).ToDictionary(group => group.Key, group => group.First());
        List<string> different = [];
        int valid = 0, invalid = 0;
        foreach (string[] cells in rows.SelectMany(row => row))
        {
            JsonElement sct = explained[cells[0]].GetProperty("scts")[int.Parse(cells[2], System.Globalization.CultureInfo.InvariantCulture)];
            string judged = sct.GetProperty("signature").GetString()!, expected = cells[7] switch
            {
                "valid" => "valid",
                "invalid" => "INVALID",
                "unknown-log" => "unknown log",
                _ => "not checked (append the issuer's certificate)",
            };
            if (judged != expected || sct.GetProperty("log_id").GetString() != cells[3]) different.Add($"{cells[0]} {cells[2]}: {cells[7]}, not {judged}");
            valid += judged == "valid" ? 1 : 0;
            invalid += judged == "INVALID" ? 1 : 0;
        }
        Assert.True(different.Count == 0, string.Join('\n', different));
        Assert.Equal((489, 14), (valid, invalid));
    }

    [Fact]
    public async Task An_SCT_that_was_altered_is_called_invalid()
    {
        using var log = new Log();
        await using LogServer server = await LogServer.StartAsync(log, cancellation: TestContext.Current.CancellationToken);
        string list = _scratch.Write("list.json", server.LogList());
        TestPrecertificate precertificate = _ca.IssuePrecertificate("www.example.com");
        byte[] sct = log.AddPreChain(precertificate.Chain).Sct.Serialize(), altered = [.. sct];
        altered[40] ^= 1;                                      // the timestamp's last byte
        using var stranger = new Log();
        byte[] unknown = stranger.AddPreChain(precertificate.Chain).Sct.Serialize();
        TestCertificate certificate = precertificate.Final(sct, altered, unknown);
        string chain = _scratch.Write("chain.pem", string.Join('\n', certificate.Chain.Select(der => PemEncoding.WriteString("CERTIFICATE", der))));

        Ended ended = (await Certherald.RunAsync("cert", chain, "--json", "--log-list", list)).With(0);
        Assert.Equal(["valid", "INVALID", "unknown log"], ended.Objects[0].GetProperty("scts").EnumerateArray().Select(one => one.GetProperty("signature").GetString()));
    }

    [Fact]
    public async Task What_is_no_certificate_is_said_so_and_ends_with_1()
    {
        Ended ended = (await Certherald.RunAsync("cert", _scratch.Write("noise", "\u0001\u0002 not a certificate"))).With(1);
        Assert.Contains("problems", ended.Output, StringComparison.Ordinal);
        Ended row = (await Certherald.RunAsync("cert", _scratch.Write("row", "{\"leaf_input\":\"AAAA\"}"))).With(1);
        Assert.Contains("broken", row.Errors, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _ca.Dispose();
        _scratch.Dispose();
    }

    private static Dictionary<string, byte[]> Ders(string file) =>
        SharedData.JsonLines("sct", file).ToDictionary(json => json.GetProperty("sha256").GetString()!, json => json.GetProperty("der").GetBytesFromBase64());

    private static string LogListOf(IEnumerable<(string Id, string Key, string Name)> logs) => JsonSerializer.Serialize(new
    {
        version = "1.0",
        log_list_timestamp = "2026-01-01T00:00:00Z",
        operators = new[]
        {
            new
            {
                name = "All", email = Array.Empty<string>(),
                logs = logs.Select((log, at) => new
                {
                    description = log.Name, log_id = log.Id, key = log.Key, url = $"https://ct{at}.log-keys.net/", mmd = 86400,
                    state = new { usable = new { timestamp = "2020-01-01T00:00:00Z" } },
                }),
            },
        },
    });
}
