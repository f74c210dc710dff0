using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Benchmarks;

/// <summary>
/// A log in which every entry is a certificate that no other has shown, for a name of one of ten thousand watched domains: each is
/// stored, with its evidence. Nobody is told. What chains cost is told by certificates without their precertificates, with and
/// without chains: a precertificate without one is an incident.
/// </summary>
internal static class StoredBenchmark
{
    private const int Domains = 10_000, Rounds = 3;

    public static async Task<Row> RunAsync(string program, bool quick)
    {
        ulong entries = quick ? 30_000UL : 100_000;
        string[] domains = [.. Enumerable.Range(0, Domains).Select(i => $"watched-{i}.net")];
        IEnumerable<CorpusEntry> Corpus(double precertificates) =>
            new SyntheticCorpus(new SyntheticCorpusOptions { WatchedDomains = domains, WatchedOneIn = 1, PrecertShare = precertificates }).Entries(new EntryIndex(0), entries);
        var setup = new ServiceSetup { Watch = [.. domains.Select(domain => "." + domain)] };
        double bytes = 0;
        var rounds = new List<(double Mixed, double Chained, double Bare)>();
        // In turn, so that what else the machine does is in all.
        for (int i = 0; i < (quick ? 1 : Rounds); i++)
            rounds.Add((await ReadAsync(Corpus(0.75)), await ReadAsync(Corpus(0)), await ReadAsync(Corpus(0).Select(WithoutChain))));
        double Median(Func<(double Mixed, double Chained, double Bare), double> value) => rounds.Select(value).Order().ElementAt(rounds.Count / 2);
        double cost = Median(round => round.Mixed);
        return new Row("P7", $"run, {Row.Number(entries)} entries that all match and are stored, SQLite", $"{Row.Number(cost, "0.0")} CPU-s/M", "≤ 60",
            $"{Row.Number(1e6 / cost)} entries/s a core, {Row.Number(bytes / entries)} bytes each; chains are {Row.Number(Median(round => (1 - round.Bare / round.Chained) * 100))} % of it; median of {rounds.Count}");

        async Task<double> ReadAsync(IEnumerable<CorpusEntry> corpus)
        {
            await using var log = new Log();
            log.AddCorpus(corpus);
            log.Publish();
            await using LogServer server = await LogServer.StartAsync(log, new LogServerOptions { Gzip = false });
            return await ReadingCost.PerMillionAsync(program, server, LogProtocol.Rfc6962, entries, setup, ended: AsStoredAsync);
        }

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

    private static CorpusEntry WithoutChain(CorpusEntry certificate) => CorpusEntry.OfRow(certificate.LeafInput, new byte[3]);
}
