using System.Text;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>Indexes and judgements in short.</summary>
internal static class Looking
{
    private const string Suffixes = """
        // ===BEGIN ICANN DOMAINS===
        com
        net
        org
        ml
        co.uk
        com.ar
        com.mx
        jp
        co.jp
        *.ck
        !www.ck
        // ===BEGIN PRIVATE DOMAINS===
        github.io
        """;

    /// <summary>A few suffixes of each kind.</summary>
    public static PublicSuffixes Few { get; } = PublicSuffixes.TryRead(Encoding.UTF8.GetBytes(Suffixes), out PublicSuffixes? few, out string? problem) ? few : throw new InvalidOperationException(problem);

    public static LookalikeIndex For(params string[] lines) => LookalikeIndex.Build(lines.Select(Domain), Few);

    public static ProtectedDomain Domain(string line) =>
        ProtectedDomainReader.TryRead(line, out ProtectedDomain? domain, out string? problem) ? domain : throw new InvalidOperationException(problem);

    public static IReadOnlyList<Lookalike> Judge(this LookalikeIndex index, string name) => index.Judge(Encoding.UTF8.GetBytes(name));

    /// <summary>An index that knows how often all rules fire among ordinary names which a name is judged by; no other rule does.</summary>
    /// <param name="rate">Distinct registrable domains in a million.</param>
    public static LookalikeIndex Weighed(LookalikeIndex index, string name, float rate)
    {
        var rules = new Dictionary<int, float>();
        index.See(Encoding.UTF8.GetBytes(name), (sighting, _) => rules[LookalikeBackground.KeyOf(sighting.WordIndex, sighting.Rule)] = rate);
        bool[] counted = new bool[index.Words.Length];
        Array.Fill(counted, true);
        return index.With(new LookalikeBackground(1_000_000, counted, rules, []));
    }

    /// <summary>An index that has counted ordinary names, none of which is like anything.</summary>
    public static LookalikeIndex Weighed(LookalikeIndex index) =>
        index.With(index.Count(Enumerable.Range(0, 1_000).Select(i => (ReadOnlyMemory<byte>)Encoding.ASCII.GetBytes($"wvut{i}.net"))));

    /// <summary>The highest score; 0 for none.</summary>
    public static int Score(this LookalikeIndex index, string name) => index.Judge(name) is [var best, ..] ? best.Score : 0;
}
