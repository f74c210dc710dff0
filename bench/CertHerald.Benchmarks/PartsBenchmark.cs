using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CertHerald.Configuring;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.TestLog;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks;

/// <summary>Single steps, each beside what one would use instead.</summary>
internal static class PartsBenchmark
{
    public static IEnumerable<Row> Run(TimeSpan sample, Predicate<string> wanted)
    {
        (string Id, Func<IEnumerable<Row>> Measure)[] parts =
        [
            ("B1", () => Certificates(sample)), ("B2", () => [Nodes(sample)]), ("B3", () => [Leaves(sample)]), ("B4", () => Matching(sample)), ("B8", () => [Inclusion(sample)]), ("W", Loading), ("G", () => Globs(sample)),
        ];
        return parts.Where(part => wanted(part.Id)).SelectMany(part => part.Measure());
    }

    private static IEnumerable<Row> Certificates(TimeSpan sample)
    {
        using var ca = new TestCa();
        byte[][] certificates = [.. Enumerable.Range(0, 200).Select(i => ca.Issue($"www{i}.example.net", $"example{i}.net", $"*.shop{i}.example.org").Der)];
        void ReadAll()
        {
            foreach (byte[] der in certificates)
            {
                if (!CertificateView.TryRead(der, out CertificateView certificate)) throw new InvalidOperationException();
                foreach (RawName name in certificate.Names) if (name.Value.IsEmpty) throw new InvalidOperationException();
            }
        }
        double ours = Measure.Seconds(ReadAll, sample) / certificates.Length;
        double platform = Measure.Seconds(
            () =>
            {
                foreach (byte[] der in certificates)
                {
                    using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
                    foreach (X509Extension extension in certificate.Extensions)
                        if (extension is X509SubjectAlternativeNameExtension names)
                            foreach (string name in names.EnumerateDnsNames())
                                if (name.Length == 0) throw new InvalidOperationException();
                }
            },
            sample) / certificates.Length;
        yield return new Row("B1", "read a certificate with all its names", $"{Row.Number(ours * 1e9)} ns", "≥ 1.5 M/s; ≥ 200×; 0 bytes",
            $"{Row.Number(Measure.Bytes(ReadAll) / certificates.Length)} bytes; {Row.Number(1e-6 / ours, "0.00")} M/s; X509CertificateLoader {Row.Number(platform * 1e6)} µs: {Row.Number(platform / ours)}×");
    }

    private static Row Nodes(TimeSpan sample)
    {
        var children = new MerkleHash[2048];
        var parents = new MerkleHash[1024];
        for (int i = 0; i < children.Length; i++) children[i] = MerkleHash.OfLeaf(BitConverter.GetBytes(i));
        double ours = Measure.Seconds(() => NodeHasher.HashPairs(children, parents), sample) / parents.Length;
        byte[] node = new byte[65], hash = new byte[32];
        double plain = Measure.Seconds(() => { for (int i = 0; i < 1024; i++) SHA256.HashData(node, hash); }, sample) / 1024;
        return new Row("B2", "hash a node", $"{Row.Number(ours * 1e9)} ns", "≥ 6×", $"SHA256.HashData {Row.Number(plain * 1e9)} ns: {Row.Number(plain / ours, "0.0")}×");
    }

    /// <summary>The leaves of a batch of 1.5 kB entries, the batch made anew each time: it keeps its hashes.</summary>
    private static Row Leaves(TimeSpan sample)
    {
        const int Bytes = 1_535, Leaves = 1_000;           // and the zero before each: 1,536
        byte[][] entries = [.. Enumerable.Range(0, Leaves).Select(_ => RandomNumberGenerator.GetBytes(Bytes))];
        RawBatch Batch()
        {
            using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.Rfc6962);
            foreach (byte[] entry in entries) builder.Add(entry, []);
            return builder.Build();
        }
        double making = Measure.Seconds(() => { using RawBatch batch = Batch(); }, sample);
        double hashing = Measure.Seconds(() => { using RawBatch batch = Batch(); if (batch.LeafHashes().Length != Leaves) throw new InvalidOperationException(); }, sample);
        double ours = (hashing - making) / Leaves, rate = (Bytes + 1) / ours;
        string peer = OpenSsl.Sha256(Bytes + 1) is { } theirs ? $"openssl speed {Row.Number(theirs / 1e6)} MB/s: {Row.Number(rate / theirs * 100)} %" : "openssl: not installed";
        return new Row("B3", $"hash the leaf of an entry of {Row.Number(Bytes)} bytes", $"{Row.Number(rate / 1e6)} MB/s", "≥ 70 %", $"{Row.Number(ours * 1e9)} ns; {peer}");
    }

    private static Row Inclusion(TimeSpan sample)
    {
        MerkleHash[] path = [.. Enumerable.Range(0, 40).Select(i => MerkleHash.OfLeaf(BitConverter.GetBytes(i)))];
        MerkleHash leaf = MerkleHash.OfLeaf("leaf"u8);
        var index = new EntryIndex(0x5A_5A5A_5A5A);
        var size = new TreeSize(1UL << 40);
        MerkleHash root = InclusionProof.RootFrom(leaf, index, size, path)!.Value;
        double one = Measure.Seconds(() => { if (!InclusionProof.Verify(leaf, index, size, path, root)) throw new InvalidOperationException(); }, sample);
        return new Row("B8", "verify an inclusion proof of 40 hashes", $"{Row.Number(one * 1e6, "0.0")} µs", "≤ 10 µs", $"{Row.Number(one / 40 * 1e9)} ns a hash");
    }

    /// <summary>A file of a million different items, by the way that the configuration takes.</summary>
    private static IEnumerable<Row> Loading()
    {
        const int Items = 1_000_000;
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, Enumerable.Range(0, Items).Select(i => (i % 3) switch { 0 => $".watched-{i}.example", 1 => $"www.shop-{i}.example.com", _ => $"mail.department-{i % 97}.company-{i}.net" }));
            long before = GC.GetTotalMemory(forceFullCollection: true);
            var clock = Stopwatch.StartNew();
            WatchList list = WatchLists.Read([], [file]);
            double seconds = clock.Elapsed.TotalSeconds;
            long held = GC.GetTotalMemory(forceFullCollection: true) - before;
            double processor = Measure.Seconds(() => WatchLists.Read([], [file]), TimeSpan.FromMilliseconds(1), samples: 3);
            if (list.Count != Items) throw new InvalidOperationException();
            yield return new Row("W", $"load a watch file of {Row.Number(Items)} items", $"{Row.Number(processor, "0.00")} s", "< 5 s; < 200 MB", $"{Row.Number(seconds, "0.00")} s by the clock, the first time; {Row.Number(held / 1e6)} MB held");
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Names as logs show them, 50,000 different ones: that nobody watches, and that fall under an item or are one.</summary>
    private static IEnumerable<Row> Matching(TimeSpan sample)
    {
        const int Names = 50_000;
        byte[][] benign = [.. Enumerable.Range(0, Names).Select(i => Encoding.ASCII.GetBytes($"www.shop-{i * 7919 % Names}.example-{i}.net"))];
        double firstBenign = 0, firstHit = 0;
        foreach (int items in (int[])[1, 1_000, 100_000, 1_000_000])
        {
            _ = WatchList.TryParse(Enumerable.Range(0, items).Select(i => ("bench", i + 1, i % 2 == 0 ? $".watched-{i}.net" : $"www.watched-{i}.net")), out WatchList watch, out _, out _);
            // In no order that the list has.
            byte[][] hits = [.. Enumerable.Range(0, Names).Select(i => Encoding.ASCII.GetBytes($"www.watched-{(long)i * 611_953 % items}.net"))];
            double one = Match(watch, benign, isHit: false, sample), hit = Match(watch, hits, isHit: true, sample);
            if (items == 1) (firstBenign, firstHit) = (one, hit);
            yield return new Row("B4", $"match one name that nobody watches against {Row.Number(items)} items", $"{Row.Number(one * 1e9)} ns", "< 100 ns; ≤ 2×", $"{Row.Number(one / firstBenign, "0.0")}× of one item");
            yield return new Row("B4", $"match one name that is watched against {Row.Number(items)} items", $"{Row.Number(hit * 1e9)} ns", "< 100 ns; ≤ 2×", $"{Row.Number(hit / firstHit, "0.0")}× of one item");
        }
    }

    /// <summary>The worst that a certificate of 16 MB can ask: names with '*' that are to be compared with every item.</summary>
    private static IEnumerable<Row> Globs(TimeSpan sample)
    {
        const int Items = 1_000_000, Names = (16 << 20) / 16;
        _ = WatchList.TryParse(Enumerable.Range(0, Items).Select(i => ("bench", i + 1, $"watched-{i}.com")), out WatchList watch, out _, out _);
        byte[][] names = [.. Enumerable.Range(0, Names).Select(i => Encoding.ASCII.GetBytes($"*d-{i:0000000}x*.com"))];
        double one = Measure.Seconds(() => watch.MayMatch(NameSource.DnsName, names[0]), sample, samples: 3);
        double bounded = Measure.Seconds(
            () =>
            {
                var budget = new GlobBudget(CertificateReading.MostComparisons);
                foreach (byte[] name in names) if (watch.MayMatch(NameSource.DnsName, name, ref budget)) throw new InvalidOperationException();
                if (!budget.IsSpent) throw new InvalidOperationException();
            },
            sample, samples: 3);
        yield return new Row("G", $"judge a certificate of {Row.Number(Names)} names with '*' against {Row.Number(Items)} items", $"{Row.Number(bounded * 1e3)} ms", "",
            $"one of them {Row.Number(one * 1e3, "0.0")} ms; all, without a bound, {Row.Number(one * Names / 3600, "0.0")} h");
    }

    private static double Match(WatchList watch, byte[][] names, bool isHit, TimeSpan sample) =>
        Measure.Seconds(() => { foreach (byte[] name in names) if (watch.MayMatch(NameSource.DnsName, name) != isHit) throw new InvalidOperationException(); }, sample) / names.Length;
}
