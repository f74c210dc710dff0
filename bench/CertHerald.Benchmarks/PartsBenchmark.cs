using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CertHerald.Configuring;
using CertHerald.Names;
using CertHerald.TestLog;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks;

/// <summary>Single steps, each beside what one would use instead.</summary>
internal static class PartsBenchmark
{
    public static IEnumerable<Row> Run(TimeSpan sample) => [.. Certificates(sample), Nodes(sample), Inclusion(sample), .. Matching(sample), .. Loading()];

    private static IEnumerable<Row> Certificates(TimeSpan sample)
    {
        using var ca = new TestCa();
        byte[][] certificates = [.. Enumerable.Range(0, 200).Select(i => ca.Issue($"www{i}.example.net", $"example{i}.net", $"*.shop{i}.example.org").Der)];
        double ours = Measure.Seconds(
            () =>
            {
                foreach (byte[] der in certificates)
                {
                    if (!CertificateView.TryRead(der, out CertificateView certificate)) throw new InvalidOperationException();
                    foreach (RawName name in certificate.Names) if (name.Value.IsEmpty) throw new InvalidOperationException();
                }
            },
            sample) / certificates.Length;
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
        yield return new Row("B1", "read a certificate with all its names", $"{Row.Number(ours * 1e9)} ns", "≥ 1.5 M/s; ≥ 200×",
            $"{Row.Number(1e-6 / ours, "0.00")} M/s; X509CertificateLoader {Row.Number(platform * 1e6)} µs: {Row.Number(platform / ours)}×");
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

    private static IEnumerable<Row> Matching(TimeSpan sample)
    {
        byte[][] names = [.. Enumerable.Range(0, 50_000).Select(i => Encoding.ASCII.GetBytes($"www.shop-{i * 7919 % 50_000}.example-{i}.net"))];
        double first = 0;
        foreach (int items in (int[])[1, 1_000, 100_000, 1_000_000])
        {
            _ = WatchList.TryParse(Enumerable.Range(0, items).Select(i => ("bench", i + 1, $".watched-{i}.net")), out WatchList watch, out _, out _);
            double one = Measure.Seconds(() => { foreach (byte[] name in names) if (watch.MayMatch(NameSource.DnsName, name)) throw new InvalidOperationException(); }, sample) / names.Length;
            if (items == 1) first = one;
            yield return new Row("B4", $"match one name against {Row.Number(items)} items", $"{Row.Number(one * 1e9)} ns", "< 100 ns; ≤ 2×", $"{Row.Number(one / first, "0.0")}× of one item");
        }
    }
}
