using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks;

/// <summary>A large log that several measurements read, served in both protocols. Made when first asked for.</summary>
/// <param name="corpus">What is in it; null: certificates of which few are watched.</param>
internal sealed class BigLog(ulong entries, SyntheticCorpusOptions? corpus = null) : IAsyncDisposable
{
    public SyntheticCorpusOptions Corpus { get; } = corpus ?? new() { WatchedDomains = ["example.com"], WatchedOneIn = 10_000 };

    private readonly string _directory = Directory.CreateTempSubdirectory("certherald-bench-").FullName;
    private Log? _log;
    private LogServer? _server;

    public ulong Entries => entries;

    public async Task<LogServer> ServerAsync()
    {
        if (_server is not null) return _server;
        _log = new Log();
        _log.AddCorpus(new SyntheticCorpus(Corpus).Entries(new EntryIndex(0), entries));
        _log.Publish();
        return _server = await LogServer.StartAsync(_log, new LogServerOptions { Gzip = false });
    }

    /// <summary>A file that goes with the log.</summary>
    public string Write(string name, IEnumerable<string> lines)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllLines(path, lines);
        return path;
    }

    /// <summary>A log list, as a file, with one side of the log.</summary>
    public async Task<string> ListAsync(ListedProtocols protocol)
    {
        string list = Path.Combine(_directory, $"{protocol}.json");
        await File.WriteAllBytesAsync(list, (await ServerAsync()).LogList(protocol));
        return list;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        if (_log is not null) await _log.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
