using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Benchmarks;

/// <summary>
/// A log in which every entry is a certificate that no other has shown, for a name of one of ten thousand watched domains: each is
/// stored, with its evidence. The same with and without the chains beside the entries. Nobody is told.
/// </summary>
internal static class StoredBenchmark
{
    private const int Domains = 10_000, Pairs = 3;

    public static async Task<IReadOnlyList<Row>> RunAsync(string program, bool quick)
    {
        ulong entries = quick ? 30_000UL : 200_000;
        string[] domains = [.. Enumerable.Range(0, Domains).Select(i => $"watched-{i}.net")];
        IEnumerable<CorpusEntry> corpus = new SyntheticCorpus(new SyntheticCorpusOptions { WatchedDomains = domains, WatchedOneIn = 1 }).Entries(new EntryIndex(0), entries);
        var setup = new ServiceSetup { Watch = [.. domains.Select(domain => "." + domain)] };
        await using var whole = new Log();
        await using var bare = new Log();
        whole.AddCorpus(corpus);
        bare.AddCorpus(corpus.Select(WithoutChain));
        whole.Publish();
        bare.Publish();
        await using LogServer server = await LogServer.StartAsync(whole, new LogServerOptions { Gzip = false });
        await using LogServer bareServer = await LogServer.StartAsync(bare, new LogServerOptions { Gzip = false });

        double bytes = 0;
        var pairs = new List<(double Whole, double Bare)>();
        // In turn, so that what else the machine does is in both.
        for (int i = 0; i < (quick ? 1 : Pairs); i++)
        {
            double withChains = await ReadingCost.PerMillionAsync(program, server, LogProtocol.Rfc6962, entries, setup, ended: AsStoredAsync);
            pairs.Add((withChains, await ReadingCost.PerMillionAsync(program, bareServer, LogProtocol.Rfc6962, entries, setup)));
        }
        double Median(Func<(double Whole, double Bare), double> value) => pairs.Select(value).Order().ElementAt(pairs.Count / 2);
        double cost = Median(pair => pair.Whole);
        return
        [
            new Row("P7", $"run, {Row.Number(entries)} entries that all match and are stored, SQLite", $"{Row.Number(cost, "0.0")} CPU-s/M", "≤ 60",
                $"without chains {Row.Number(Median(pair => pair.Bare), "0.0")}: {Row.Number(Median(pair => pair.Bare / pair.Whole), "0.00")}×; {Row.Number(bytes / entries)} bytes each in the file; {Row.Number(1e6 / cost)} entries/s a core; median of {pairs.Count} pairs"),
        ];

        async Task AsStoredAsync(ServiceProcess service)
        {
            string database = Path.Combine(service.Data, "certherald.db");
            await using var reading = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = database, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ConnectionString);
            await reading.OpenAsync();
            await using SqliteCommand count = reading.CreateCommand();
            count.CommandText = "SELECT count(*) FROM issuance";
            if ((long)(await count.ExecuteScalarAsync())! != (long)entries) throw new InvalidOperationException("The benchmark measures something else than it says: not every entry is stored.");
            bytes = new FileInfo(database).Length;
        }
    }

    private static CorpusEntry WithoutChain(CorpusEntry entry)
    {
        ReadOnlySpan<byte> extra = entry.ExtraData.Span;
        int precertificate = entry.LeafInput.Span[11] == 1 ? 3 + (extra[0] << 16 | extra[1] << 8 | extra[2]) : 0;
        return CorpusEntry.OfRow(entry.LeafInput, (byte[])[.. extra[..precertificate], 0, 0, 0]);
    }
}
