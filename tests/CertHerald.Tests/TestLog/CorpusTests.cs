using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog;

public sealed class CorpusTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-corpus-tests-").FullName;

    [Fact]
    public void Certificates_of_a_PEM_file_get_the_chain_that_the_file_holds()
    {
        using var ca = new TestCa();
        TestPrecertificate precertificate = ca.IssuePrecertificate("example.com");
        TestCertificate certificate = ca.Issue("example.org");
        string pem = Write("all.pem", string.Join("\ntext between\n", precertificate.Pem, ca.Root.ExportCertificatePem(), certificate.Pem, ca.Intermediate.ExportCertificatePem()));
        using var log = new Log();

        Assert.Equal(4UL, log.AddCorpus(Corpus.Read(pem)));

        Assert.Equal((1, Convert.ToHexString(LeafFormat.ExtraData(precertificate.Der, precertificate.Chain.Skip(1)))), EntryOf(log, 0));
        Assert.Equal((0, Convert.ToHexString(LeafFormat.ExtraData(null, []))), EntryOf(log, 1));
        Assert.Equal((0, Convert.ToHexString(LeafFormat.ExtraData(null, certificate.Chain.Skip(1)))), EntryOf(log, 2));
        Assert.Equal((0, Convert.ToHexString(LeafFormat.ExtraData(null, [ca.Root.RawData]))), EntryOf(log, 3));
    }

    [Fact]
    public void A_precertificate_without_its_issuer_is_an_x509_entry()
    {
        using var ca = new TestCa();
        byte[] der = ca.IssuePrecertificate("example.com").Der;
        string file = Path.Combine(_folder, "one.der");
        File.WriteAllBytes(file, der);
        using var log = new Log();

        log.AddCorpus(Corpus.Read(file));

        Assert.Equal((0, Convert.ToHexString(LeafFormat.ExtraData(null, []))), EntryOf(log, 0));
        Assert.Equal(der, log.ReadEntry(new EntryIndex(0)).LeafInput[15..^10]);
    }

    [Theory]
    [InlineData("certs", "malformed.jsonl.gz", 489)]
    [InlineData("certs", "test-leaf.jsonl.gz", 1626)]
    [InlineData("fuzz", "openssl-x509.jsonl.gz", 398)]
    public async Task Every_certificate_and_blob_becomes_an_entry_that_tiles_hold(string folder, string file, int count)
    {
        string path = SharedData.PathOf(folder, file);
        await using ServedLog served = await ServedLog.StartAsync(new LogOptions { MaxEntriesPerAnswer = 10_000 });

        served.Log.AddCorpus(Corpus.Read(path));
        served.Log.Publish();

        JsonElement entries = (await served.GetAsync("ct/v1/get-entries?start=0&end=9999")).GetProperty("entries");
        Assert.Equal(count, entries.GetArrayLength());
        int i = 0;
        foreach (JsonElement row in SharedData.JsonLines(folder, file))
        {
            byte[] der = row.GetProperty(folder == "certs" ? "der" : "data").GetBytesFromBase64();
            Assert.Equal(der, entries[i++].GetProperty("leaf_input").GetBytesFromBase64()[15..^10]);
        }
        Assert.NotEmpty(await served.BytesAsync("tiles/tile/data/000"));
    }

    [Theory]
    [InlineData("rows.jsonl", "{\"leaf_input\":\"AAA=\",\"extra_data\":\"\"}\n{", "rows.jsonl:2")]
    [InlineData("rows.jsonl", "{\"leaf_input\":\"?\"}", "rows.jsonl:1")]
    [InlineData("rows.jsonl", "{\"name\":\"x\"}", "rows.jsonl:1")]
    [InlineData("rows.jsonl", "7", "rows.jsonl:1")]
    [InlineData("rows.pem", "nothing", "rows.pem")]
    public void A_file_in_no_known_form_is_refused_with_its_place(string name, string content, string place)
    {
        string file = Write(name, content);

        Assert.Contains(place, Assert.Throws<InvalidDataException>(() => Corpus.Read(file).ToList()).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (int Type, string ExtraData) EntryOf(Log log, ulong index)
    {
        (byte[] leaf, byte[] extra) = log.ReadEntry(new EntryIndex(index));
        return (leaf[11], Convert.ToHexString(extra));
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }
}
