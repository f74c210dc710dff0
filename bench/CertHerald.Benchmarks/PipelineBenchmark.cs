using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.TestLog;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using LogKey = CertHerald.Transparency.Logs.LogKey;

namespace CertHerald.Benchmarks;

/// <summary>An answer in memory to a verified, inspected batch: decode, hash, prove against a signed head, read, match. No network, no store.</summary>
internal static class PipelineBenchmark
{
    private const int Answers = 16;

    public static IEnumerable<Row> Run(TimeSpan sample, Predicate<string> wanted)
    {
        var rows = new List<Row>();
        if (wanted("B6") || wanted("B7") || wanted("P8")) rows.AddRange(Answered(sample).Where(row => wanted(row.Id)));
        if (wanted("P5")) rows.AddRange(Watching(sample));
        if (wanted("P9")) rows.Add(TwoLogs(sample));
        return rows;
    }

    private static IEnumerable<Row> Answered(TimeSpan sample)
    {
        Inspector inspector = Watch(1);
        Answer[] pages = Make(1_000, JsonOf), halfPages = Make(500, JsonOf), tiles = Make(256, TileOf), halfTiles = Make(128, TileOf);
        double page = Measure.Seconds(() => ReadAll(pages, Json, inspector), sample) / Answers;
        double tile = Measure.Seconds(() => ReadAll(tiles, Tile, inspector), sample) / Answers;
        double pageBytes = Measure.Bytes(() => ReadAll(pages, Json, inspector)), tileBytes = Measure.Bytes(() => ReadAll(tiles, Tile, inspector));
        double perPageEntry = (pageBytes - Measure.Bytes(() => ReadAll(halfPages, Json, inspector))) / (Answers * 500);
        double perTileEntry = (tileBytes - Measure.Bytes(() => ReadAll(halfTiles, Tile, inspector))) / (Answers * 128);

        yield return new Row("B6", "get-entries answer of 1,000 to verified, inspected batch", $"{Row.Number(page * 1e3, "0.00")} ms", "≤ 6 ms", $"{Row.Number(1_000 / page)} entries/s a core");
        yield return new Row("B7", "data tile of 256 to verified, inspected batch", $"{Row.Number(tile * 1e3, "0.00")} ms", "≤ 1.2 ms", $"{Row.Number(256 / tile)} entries/s a core");
        yield return new Row("P8", "bytes allocated an unmatched entry, RFC 6962", Row.Number(perPageEntry, "0.##"), "0", $"{Row.Number(pageBytes / Answers)} bytes a batch, whatever its size");
        yield return new Row("P8", "bytes allocated an unmatched entry, static-ct", Row.Number(perTileEntry, "0.##"), "0", $"{Row.Number(tileBytes / Answers)} bytes a batch, whatever its size");
    }

    /// <summary>Without the network, which is part of every entry's cost and would make the ratios smaller. In turn, so that what else the machine does is in all.</summary>
    private static IEnumerable<Row> Watching(TimeSpan sample)
    {
        const int Rounds = 9;
        (int Items, string Goal)[] lists = [(1, ""), (1_000, "≤ 1.1×"), (100_000, "≤ 1.2×"), (1_000_000, "≤ 1.3×")];
        Answer[] tiles = Make(256, TileOf);
        long[] held = new long[lists.Length];
        var inspectors = new Inspector[lists.Length];
        for (int at = 0; at < lists.Length; at++)
        {
            long before = GC.GetTotalMemory(forceFullCollection: true);
            inspectors[at] = Watch(lists[at].Items);
            held[at] = GC.GetTotalMemory(forceFullCollection: true) - before;
        }
        double[][] entry = [.. Enumerable.Range(0, Rounds + 1).Select(_ => inspectors.Select(inspector => Measure.Once(() => ReadAll(tiles, Tile, inspector), sample / 2) / (Answers * 256)).ToArray())];
        double Median(Func<double[], double> value) => entry.Skip(1).Select(value).Order().ElementAt(Rounds / 2);
        for (int at = 1; at < lists.Length; at++)
            yield return new Row("P5", $"an entry in memory, static-ct, {Row.Number(lists[at].Items)} watched names", $"{Row.Number(Median(round => round[at] / round[0]), "0.00")}×", lists[at].Goal,
                $"{Row.Number(Median(round => round[at]) * 1e6, "0.00")} µs, with one name {Row.Number(Median(round => round[0]) * 1e6, "0.00")} µs; {Row.Number(held[at] / 1e6)} MB held");
    }

    /// <summary>By the clock and without the network: on two cores, the log itself would need one of them.</summary>
    private static Row TwoLogs(TimeSpan sample)
    {
        const int Pairs = 7;
        Answer[][] logs = [Make(256, TileOf), Make(256, TileOf)];
        Inspector inspector = Watch(1_000);
        (double PerSecond, double Processor) Read(int count)
        {
            TimeSpan before = Measure.Processor;
            var clock = Stopwatch.StartNew();
            int[] passes = new int[count];
            Thread[] threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() => { for (; clock.Elapsed < sample; passes[i]++) ReadAll(logs[i], Tile, inspector); }))];
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            return (passes.Sum() / clock.Elapsed.TotalSeconds, (Measure.Processor - before).TotalSeconds / passes.Sum());
        }
        Read(2);
        // In turn, so that what else the machine does is in both.
        var pairs = Enumerable.Range(0, Pairs).Select(_ => (Two: Read(2), One: Read(1))).ToList();
        double MedianOf(Func<((double PerSecond, double Processor) Two, (double PerSecond, double Processor) One), double> ratio) => pairs.Select(ratio).Order().ElementAt(Pairs / 2);
        return new Row("P9", "two logs on two cores in memory, static-ct, beside one log on one", $"{Row.Number(MedianOf(pair => pair.Two.PerSecond / pair.One.PerSecond), "0.00")}×", "≥ 1.8×",
            $"by the clock, on an idle machine; processor time an entry {Row.Number(MedianOf(pair => pair.Two.Processor / pair.One.Processor), "0.00")}×; {Environment.ProcessorCount} cores");
    }

    private static Inspector Watch(int items)
    {
        _ = WatchList.TryParse(Enumerable.Range(0, items).Select(i => ("bench", i + 1, i == 0 ? ".example.com" : $".watched-{i}.net")), out WatchList watch, out _, out _);
        return new Inspector(() => watch);
    }

    private static void ReadAll(Answer[] answers, Func<Answer, RawBatch> read, Inspector inspector)
    {
        foreach (Answer answer in answers)
        {
            using RawBatch raw = read(answer);
            Batch batch = Batch.Check(answer.Before, raw, [], answer.Head);
            if (batch is not VerifiedBatch || inspector.Inspect(raw).Count != 0) throw new InvalidOperationException("The benchmark measures something else than it says.");
        }
    }

    private static RawBatch Json(Answer answer) =>
        GetEntriesJson.TryRead(answer.Bytes, answer.Start, answer.Count, out RawBatch? batch, out string? problem) ? batch! : throw new InvalidOperationException(problem);

    internal static RawBatch Tile(Answer answer)
    {
        using var builder = new RawBatchBuilder(answer.Start, ExtraDataForm.StaticCt, answer.Bytes.Length * 5 / 4, answer.Count);
        return DataTile.TryAppend(answer.Bytes, 0, answer.Count, builder, out string? problem) ? builder.Build() : throw new InvalidOperationException(problem);
    }

    /// <summary>Consecutive answers of one invented log, each with the frontier before it and a signed head at its end.</summary>
    internal static Answer[] Make(int count, Func<Log, ulong, int, byte[]> bytesOf, int answerCount = Answers, SyntheticCorpusOptions? names = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var log = new Log();
        log.AddCorpus(new SyntheticCorpus(names).Entries(new EntryIndex(0), (ulong)(count * answerCount)));
        log.Publish();

        var answers = new Answer[answerCount];
        Frontier frontier = Frontier.Empty;
        for (int i = 0; i < answers.Length; i++)
        {
            ulong start = (ulong)(i * count);
            var leaves = new MerkleHash[count];
            for (int at = 0; at < count; at++) leaves[at] = log.LeafHashAt(new EntryIndex(start + (ulong)at));
            Frontier end = frontier.Append(leaves);
            answers[i] = new Answer(new EntryIndex(start), count, bytesOf(log, start, count), frontier, Sign(end, key));
            frontier = end;
        }
        return answers;
    }

    private static VerifiedHead Sign(Frontier end, ECDsa key)
    {
        var head = new SignedHead { Size = end.Size, Timestamp = 1, Root = end.Root(), Signature = default, Verbatim = default };
        byte[] signature = key.SignData(head.SignedBytes(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        head = head with { Signature = (byte[])[4, 3, (byte)(signature.Length >> 8), (byte)signature.Length, .. signature] };
        _ = LogKey.TryCreate(key.ExportSubjectPublicKeyInfo(), out LogKey? logKey, out _);
        return VerifiedHead.TryVerify(head, logKey!, out VerifiedHead? verified) ? verified : throw new InvalidOperationException("The head does not verify.");
    }

    private static byte[] JsonOf(Log log, ulong start, int count)
    {
        var text = new StringBuilder("{\"entries\":[");
        for (int at = 0; at < count; at++)
        {
            (byte[] leaf, byte[] extra) = log.ReadEntry(new EntryIndex(start + (ulong)at));
            text.Append(at == 0 ? "" : ",").Append("{\"leaf_input\":\"").Append(Convert.ToBase64String(leaf)).Append("\",\"extra_data\":\"").Append(Convert.ToBase64String(extra)).Append("\"}");
        }
        return Encoding.UTF8.GetBytes(text.Append("]}").ToString());
    }

    /// <summary>A TileLeaf an entry: the leaf without its first two bytes, the precertificate if there is one, two fingerprints.</summary>
    internal static byte[] TileOf(Log log, ulong start, int count)
    {
        using var tile = new MemoryStream();
        for (int at = 0; at < count; at++)
        {
            (byte[] leaf, byte[] extra) = log.ReadEntry(new EntryIndex(start + (ulong)at));
            tile.Write(leaf.AsSpan(2));
            if (leaf[11] == 1) tile.Write(extra.AsSpan(0, 3 + (extra[0] << 16 | extra[1] << 8 | extra[2])));
            tile.Write([0, 64]);
            tile.Write(new byte[64]);
        }
        return tile.ToArray();
    }

    internal sealed record Answer(EntryIndex Start, int Count, byte[] Bytes, Frontier Before, VerifiedHead Head);
}
