using System.Text;
using CertHerald.Configuring;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Protecting;
using CertHerald.TestLog;

namespace CertHerald.Benchmarks.Lookalikes;

/// <summary>
/// Certificates as public logs show them one after the other, with the names of real ones. Of a hundred, 61 are for a registrable
/// domain that was not there for long, with all its names; 28 for one more host of a domain that gets many, as those of clouds and
/// hosters; and 11 have the very names of one of the last few thousand, as the certificate to a precertificate has.
/// </summary>
internal sealed class RealNames
{
    /// <summary>A domain with as many names is one that gets certificates all the time.</summary>
    private const int Busy = 8;

    /// <summary>Such domains that get certificates at the same time.</summary>
    private const int BusyAtOnce = 64;

    /// <summary>How far back the other half of a pair lies at most.</summary>
    private const int Back = 2_000;

    /// <summary>What a certificate has room for.</summary>
    private const int MostBytes = 1_500;

    private readonly string[][] _certificates;

    private RealNames(LookalikeData data, string[][] certificates) => (Data, _certificates) = (data, certificates);

    public LookalikeData Data { get; }

    /// <summary>The file of the Public Suffix List.</summary>
    public string SuffixList => Path.Combine(Data.Root, "common", SuffixFile.Name);

    /// <summary>Null where there is no data.</summary>
    public static RealNames? Read(int certificates)
    {
        string root = Path.Combine("..", "shared", "data", "lookalikes");
        if (!Directory.Exists(root)) return null;
        var data = new LookalikeData(root, "dev");
        return new RealNames(data, Draw(data, certificates, _ => true));
    }

    /// <summary>As many certificates, of the names that are no alert.</summary>
    public RealNames Without(LookalikeIndex alerting) => new(Data, Draw(Data, _certificates.Length, name => !alerting.IsAlert(Encoding.ASCII.GetBytes(name))));

    private static string[][] Draw(LookalikeData data, int certificates, Predicate<string> takes)
    {
        var random = new Random(1);
        string[][] domains = [.. data.Part("background_ct.txt").Where(name => name.All(char.IsAscii) && takes(name)).GroupBy(name => Registrable(data, name), StringComparer.Ordinal).Select(names => names.ToArray())];
        random.Shuffle(domains);
        var fresh = new Queue<string[]>(domains.Where(names => names.Length < Busy && names.Sum(name => name.Length + 2) < MostBytes));
        var busy = new Queue<Queue<string>>(domains.Where(names => names.Length >= Busy).Select(names => new Queue<string>(names)));
        Queue<string>[] open = [.. Enumerable.Range(0, BusyAtOnce).Select(_ => busy.Dequeue())];

        string[][] all = new string[certificates][];
        for (int i = 0; i < all.Length; i++)
        {
            int draw = random.Next(100);
            all[i] = draw < 11 && i > 0 ? all[i - 1 - random.Next(Math.Min(i, Back))] : draw < 39 ? OneMore() : Next(fresh);
        }
        return all;

        string[] OneMore()
        {
            ref Queue<string> domain = ref open[random.Next(BusyAtOnce)];
            string[] host = [domain.Dequeue()];
            if (domain.Count == 0) domain = busy.Dequeue();
            return host;
        }
    }

    /// <summary>The first of the domains to protect.</summary>
    public IReadOnlyList<string> Protected(int count)
    {
        IEnumerable<string> given = count <= 1_000 ? Data.Common("protected_1000.tsv").Select(line => line.Split('\t')[0]) : Data.Common("protected_100k.txt");
        var domains = new List<string>();
        foreach (string one in given)
            if (ProtectedDomainReader.TryReadDomain(one, out ProtectedDomain? domain, out _)) domains.Add(domain.Name);
        return [.. domains.Distinct(StringComparer.Ordinal).Take(count)];
    }

    public SyntheticCorpusOptions Corpus => new() { Names = index => this[index] };

    /// <summary>The names of one of them; behind the last comes the first.</summary>
    public string[] this[ulong certificate] => _certificates[certificate % (ulong)_certificates.Length];

    /// <summary>A sample of ordinary names, as rules are weighed against.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Sample() => LookalikeData.Reservoir(Data.Part("background_ct.txt"), OrdinaryNames.DefaultSize, seed: 1);

    /// <summary>Makes a data directory that of a service that has read names for weeks, and knows the public suffixes.</summary>
    public void Prepare(string folder)
    {
        File.Copy(SuffixList, SuffixFile.PathIn(folder));
        var sample = new NameSample(OrdinaryNames.DefaultSize, seed: 1);
        using SampleFile file = SampleFile.Open(Path.Combine(folder, SampleFile.Name), sample.Size);
        byte[] slots = new byte[1024 * NameSample.SlotLength];
        foreach (ReadOnlyMemory<byte>[] some in Sample().Chunk(1024))
        {
            NameSampling drawing = sample.Begin();
            foreach (ReadOnlyMemory<byte> name in some) drawing.Offer(name.Span);
            drawing.Finish();
            file.Put(slots.AsSpan(0, sample.Take(slots) * NameSample.SlotLength));
        }
        file.Note(1_000L * sample.Size);
    }

    private static string[] Next(Queue<string[]> fresh)
    {
        string[] names = fresh.Dequeue();
        // A domain comes again once all others were there.
        fresh.Enqueue(names);
        return names;
    }

    private static string Registrable(LookalikeData data, string name) =>
        data.Suffixes.TryGetRegistrable(Encoding.ASCII.GetBytes(name), out ReadOnlySpan<byte> registrable) ? Encoding.ASCII.GetString(registrable) : name;
}
