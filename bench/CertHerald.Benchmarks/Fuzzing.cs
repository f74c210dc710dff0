using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using CertHerald.Names;
using CertHerald.TestLog;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks;

/// <summary>
/// Breaks certificates at random, for as long as wanted, and checks what must hold for every input: no exception, no hang,
/// bounded memory, a stable splice, and every name that OpenSSL reads.
/// </summary>
internal sealed class Fuzzing(ulong seed)
{
    /// <summary>Managed bytes that reading one input may take, problems and identifiers included: so much, and so much for each byte of it.</summary>
    private const long MostBytes = 256 << 10, MostBytesPerByte = 64;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private readonly Random _random = new(unchecked((int)seed));
    private readonly List<byte[]> _corpus = [];

    /// <summary>Runs until the time is up. 0 if all held; 1 with the input, in base64, that broke something.</summary>
    public int Run(TimeSpan time, IReadOnlyList<string> corpora)
    {
        _corpus.AddRange(Own());
        foreach (string path in corpora) _corpus.AddRange(Read(path));
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"fuzz: seed {seed}, {_corpus.Count} certificates to begin with, {time.TotalSeconds:0} seconds"));

        // Keeps the block that batches share: made for the first of them, it would count as what that one input allocates.
        using MemoryLease kept = BatchMemory.Shared.Rent(1);
        long inputs = 0, loadable = 0;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < time; inputs++)
        {
            byte[] input = Mutate(_corpus[_random.Next(_corpus.Count)]);
            try
            {
                Check(input, ref loadable);
            }
            catch (Exception failure)
            {
                Console.Out.WriteLine($"fuzz: FAILED after {inputs} inputs: {failure.Message}\n{failure.StackTrace}\nseed {seed}, input {Convert.ToBase64String(input)}");
                return 1;
            }
        }
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"fuzz: {inputs} inputs held, {loadable} of them loadable by the platform"));
        return 0;
    }

    private static void Check(byte[] input, ref long loadable)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        var identifiers = new HashSet<Identifier>();
        bool isCertificate = CertificateView.TryRead(input, out CertificateView certificate);
        foreach (RawName name in certificate.Names) Identifiers.Read(SourceOf(name), name.Value, identifiers);
        _ = certificate.Problems();
        _ = DistinguishedName.Format(certificate.Subject) + DistinguishedName.Format(certificate.Issuer);
        _ = (certificate.NotBefore, certificate.NotAfter, certificate.IsCa, PublicKeyFacts.Describe(certificate.Spki), certificate.Scts.Count());

        byte[] once = TbsFingerprint.Splice(certificate.Tbs);
        Require(TbsFingerprint.Splice(once).AsSpan().SequenceEqual(once), "what was spliced changes when it is spliced again");
        Span<byte> hash = stackalloc byte[32];
        TbsFingerprint.Hash(certificate.Tbs, hash);
        Require(hash.SequenceEqual(SHA256.HashData(once)), "the hash is not that of the splice");

        _ = CertificateView.TryReadTbs(input, out CertificateView tbs);
        foreach (RawName name in tbs.Names) Identifiers.Read(SourceOf(name), name.Value, new List<Identifier>());
        ReadAsEntry(input);

        Require(Stopwatch.GetElapsedTime(started) < Longest, "it took too long");
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Require(allocated <= MostBytes + MostBytesPerByte * input.Length, $"{allocated} bytes allocated for {input.Length}");
        CompareWithPlatform(input, isCertificate, identifiers, ref loadable);
    }

    private static void ReadAsEntry(byte[] input)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.Rfc6962);
        builder.Add(input, input);
        using RawBatch batch = builder.Build();
        if (LogEntry.Read(batch[0], out LogEntry entry) != EntryFailure.None) return;
        foreach (ReadOnlySpan<byte> der in entry.Chain) _ = CertificateView.TryRead(der, out _);
        _ = entry.LeafIndex;
    }

    private static void CompareWithPlatform(byte[] input, bool isCertificate, HashSet<Identifier> identifiers, ref long loadable)
    {
        X509Certificate2 loaded;
        var theirs = new List<string>();
        try
        {
            loaded = X509CertificateLoader.LoadCertificate(input);
        }
        catch (CryptographicException)
        {
            return;
        }
        using (loaded)
        {
            loadable++;
            Require(isCertificate, "the platform loads what we cannot read");
            try
            {
                foreach (X509Extension extension in loaded.Extensions)
                    if (extension.Oid?.Value == "2.5.29.17")
                        theirs.AddRange(new X509SubjectAlternativeNameExtension(extension.RawData).EnumerateDnsNames());
            }
            catch (CryptographicException)
            {
                // Loaded, but its names refused: nothing to compare.
            }
        }
        foreach (string name in theirs)
        {
            var expected = new List<Identifier>();
            Identifiers.Read(NameSource.DnsName, Encoding.Latin1.GetBytes(name), expected);
            Require(expected.TrueForAll(identifiers.Contains), $"the platform reads the name {Convert.ToHexString(Encoding.UTF8.GetBytes(name))}, we do not");
        }
    }

    /// <summary>One to four small changes: flipped, copied, cut, inserted bytes, and lengths, which hurt parsers most.</summary>
    private byte[] Mutate(byte[] seedBytes)
    {
        var bytes = new List<byte>(seedBytes);
        for (int change = _random.Next(1, 5); change > 0 && bytes.Count > 0; change--)
        {
            int at = _random.Next(bytes.Count);
            switch (_random.Next(7))
            {
                case 0: bytes[at] ^= (byte)(1 << _random.Next(8)); break;
                case 1: bytes[at] = (byte)_random.Next(256); break;
                case 2: bytes.RemoveRange(at, Math.Min(_random.Next(1, 40), bytes.Count - at)); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(_random.Next(1, 60), bytes.Count - at))); break;
                case 4: bytes.InsertRange(at, RandomBytes(_random.Next(1, 8))); break;
                case 5: bytes[at] = (byte[])[0x00, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff] is var odd ? odd[_random.Next(odd.Length)] : (byte)0; break;
                default: bytes.RemoveRange(at, bytes.Count - at); break;
            }
        }
        return [.. bytes];
    }

    private byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static NameSource SourceOf(RawName name) => name.Source switch
    {
        RawNameSource.CommonName => NameSource.CommonName,
        RawNameSource.IpAddress => NameSource.IpAddress,
        _ => NameSource.DnsName,
    };

    /// <summary>Certificates of every kind that the test CA makes.</summary>
    private static IEnumerable<byte[]> Own()
    {
        using var ca = new TestCa();
        for (int names = 1; names <= 40; names += 3) yield return ca.Issue([.. Enumerable.Range(0, names).Select(i => $"host{i}.example.net")]).Der;
        yield return ca.Issue("*.example.com", "192.0.2.1", "2001:db8::1").Der;
        yield return ca.IssuePrecertificate("shop.example.com").Der;
        yield return ca.Intermediate.RawData;
        yield return ca.Root.RawData;
    }

    /// <summary>DER files of a folder, or JSON Lines with <c>der</c> or <c>data</c> in base64, gzipped or not.</summary>
    private static IEnumerable<byte[]> Read(string path)
    {
        foreach (string file in Directory.Exists(path) ? Directory.GetFiles(path) : [path])
        {
            if (!file.Contains(".jsonl", StringComparison.Ordinal))
            {
                if (file.EndsWith(".der", StringComparison.Ordinal)) yield return File.ReadAllBytes(file);
                continue;
            }
            using Stream raw = File.OpenRead(file);
            using Stream plain = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
            using var lines = new StreamReader(plain);
            while (lines.ReadLine() is { } line)
            {
                JsonElement row = JsonSerializer.Deserialize<JsonElement>(line);
                if (row.TryGetProperty("der", out JsonElement der) || row.TryGetProperty("data", out der)) yield return der.GetBytesFromBase64();
            }
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds) throw new InvalidOperationException(otherwise);
    }
}
