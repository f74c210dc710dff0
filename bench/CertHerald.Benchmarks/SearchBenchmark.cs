using System.Diagnostics;
using System.Globalization;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Benchmarks;

/// <summary>
/// The index of all certificates: what one costs on the disk, and what a search takes. Invented certificates of realistic shape: 2.3
/// names each, ten for six domains, one in ten of one huge domain; asked for are both dialects' pages.
/// </summary>
internal static class SearchBenchmark
{
    /// <summary>Certificates in a commit: as the service writes them, for the first of them; and as fills the rest in time.</summary>
    private const int AtOnce = 1_000, Timed = 100_000, Filling = 50_000;

    private const int Searches = 4_000;

    private static readonly string[] Suffixes = ["com", "com", "com", "net", "org", "de", "co.uk", "com.br", "shop", "dev"], Hosts = ["www", "mail", "api", "shop", "cpanel", "autodiscover", "webmail", "staging"];

    public static async Task<IReadOnlyList<Row>> RunAsync(bool quick)
    {
        int count = quick ? Timed : 1_000_000;
        var random = new Random(1);
        await using Owing store = await Owing.OpenAsync();
        await store.ChangeAsync();
        long empty = store.Size;

        long begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < Timed; i += AtOnce) await FillAsync(i, AtOnce);
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        for (int i = Timed; i < count; i += Filling) await FillAsync(i, Filling);
        await store.ChangeAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        double bytes = (store.Size - empty) / (double)count;

        // Warm: plans are made, pages that all searches share are in memory.
        for (int i = 0; i < 200; i++) await SearchAsync(store.Store, random, count);
        double[] times = new double[Searches];
        begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < Searches; i++)
        {
            long one = Stopwatch.GetTimestamp();
            await SearchAsync(store.Store, random, count);
            times[i] = Stopwatch.GetElapsedTime(one).TotalMilliseconds;
        }
        double all = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        Array.Sort(times);
        return
        [
            new Row("S5", $"bytes a certificate, {Row.Number(count)} of them indexed", Row.Number(bytes), "≤ 400", $"the first {Row.Number(Timed)}: {Row.Number(Timed / seconds)} a second, {Row.Number(AtOnce)} in a commit"),
            new Row("S5", $"the store's query of a page by domain among {Row.Number(count)} certificates, without HTTP", $"p99 {Row.Number(times[Searches * 99 / 100], "0.00")} ms", "< 10 ms",
                $"median {Row.Number(times[Searches / 2], "0.00")} ms; {Row.Number(Searches / all)} searches a second, one after the other"),
        ];

        Task FillAsync(int from, int most) => store.IndexAsync([.. Enumerable.Range(from, most).Select(number => Certificate(number, count, random))]);
    }

    private static async Task SearchAsync(IStore store, Random random, int count)
    {
        // Nine of ten by the certificates' own domains, one by the huge one, from anywhere in it.
        CertificateQuery query = random.Next(10) == 0
            ? new CertificateQuery("pages.example") { IncludeBelow = true, Below = random.Next(2) == 0 ? null : random.Next(count) }
            : new CertificateQuery(DomainOf(random.Next(count), count)) { IncludeBelow = random.Next(4) != 0, MatchWildcards = true };
        query = random.Next(2) == 0
            ? query with { Limit = 26 }
            : query with { Limit = 100, OldestFirst = true, Below = null, Above = query.Below, UnexpiredAt = DateTimeOffset.UtcNow };
        await store.SearchCertificatesAsync(query, CancellationToken.None);
    }

    private static CertificateFacts Certificate(int number, int count, Random random)
    {
        string domain = DomainOf(number, count);
        string[] names = (number % 20) switch
        {
            0 or 1 => [string.Create(CultureInfo.InvariantCulture, $"site-{number:x}.pages.example")],
            < 9 => [$"{Hosts[random.Next(Hosts.Length)]}.{domain}"],
            < 15 => [domain, "www." + domain],
            < 19 => ["*." + domain, domain],
            _ => [.. Enumerable.Range(0, 16).Select(host => $"{Hosts[host % Hosts.Length]}{host}.{domain}")],
        };
        Array.Sort(names, StringComparer.Ordinal);
        byte[] hash = new byte[32], serial = new byte[18];
        string Hash()
        {
            random.NextBytes(hash);
            return Convert.ToHexStringLower(hash);
        }
        random.NextBytes(serial);
        // A few large issuers, and a few hundred others.
        int ca = random.Next(10) == 0 ? random.Next(300) : random.Next(8);
        DateTimeOffset begins = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - random.Next(86_400));
        return new CertificateFacts
        {
            TbsSha256 = Hash(),
            CertSha256 = Hash(),
            CertDer = [],
            IsPrecertificate = random.Next(2) == 0,
            DnsNames = names,
            IpAddresses = [],
            PubkeySha256 = Hash(),
            IssuerPubkeySha256 = Convert.ToHexStringLower(new byte[32]),
            IssuerName = string.Create(CultureInfo.InvariantCulture, $"C=US, O=Authority {ca}, CN=Issuing CA {ca}"),
            IssuerOrganization = string.Create(CultureInfo.InvariantCulture, $"Authority {ca}"),
            IssuerCommonName = string.Create(CultureInfo.InvariantCulture, $"Issuing CA {ca}"),
            SubjectName = random.Next(10) == 0 ? $"C=DE, ST=Somewhere, L=Town, O=The Company of {domain}, CN={names[0]}" : $"CN={names[0]}",
            Serial = Convert.ToHexStringLower(serial),
            NotBefore = begins,
            NotAfter = begins.AddDays(90),
            Problems = [],
        };
    }

    /// <summary>Six domains for ten certificates.</summary>
    private static string DomainOf(int number, int count)
    {
        int domain = (int)((long)number * 7_919 % (count * 6L / 10));
        return string.Create(CultureInfo.InvariantCulture, $"name-of-{domain:x}.{Suffixes[domain % Suffixes.Length]}");
    }
}
