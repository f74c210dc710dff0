using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Configuring;

/// <summary>The list <c>lookalikes</c>: domains whose imitations are looked for.</summary>
internal static class LookalikeSection
{
    private const int LongestKeyword = 63, ShortestKeyword = 3;

    private const string Form = "write example.com, or { \"domain\": \"example.com\", \"own\": [], \"allow\": [], \"keywords\": [], \"threshold\": 50, \"digest\": 30 }";

    public static IReadOnlyList<ProtectedDomain> Read(ConfigurationSection root, string key)
    {
        if (root.TextsOrSections(key) is not { } items) return [];
        var domains = new List<ProtectedDomain>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string? text, ConfigurationSection? section) in items)
        {
            if (section is null)
            {
                if (ProtectedDomainReader.TryReadDomain(text!, out ProtectedDomain? plain, out string? problem)) Add(plain, (wrong, remedy) => root.Mistake(key, wrong, remedy));
                else root.Mistake(key, problem, Form);
                continue;
            }

            string? name = section.Text("domain");
            IReadOnlyList<string> own = Names(section, "own"), allowed = Names(section, "allow"), keywords = section.Texts("keywords") ?? [];
            int? threshold = section.Whole("threshold", 1, 100), digest = section.Whole("digest", 1, 99);
            if (digest >= (threshold ?? ProtectedDomain.DefaultThreshold)) section.Mistake("digest", "is not below the threshold: what reaches that is told of anyway", "write the score from which on weak look-alikes are kept, such as 30");
            foreach (string keyword in keywords.Where(keyword => keyword.Trim().Length is < ShortestKeyword or > LongestKeyword))
                section.Mistake("keywords", $"\"{keyword}\" is no keyword", string.Create(CultureInfo.InvariantCulture, $"write a word of {ShortestKeyword} to {LongestKeyword} characters that stands for you, such as a product"));
            section.Finish();
            if (name is null) section.Mistake("domain", "is missing", Form);
            else if (!ProtectedDomainReader.TryReadDomain(name, out ProtectedDomain? read, out string? problem)) section.Mistake("domain", problem, Form);
            else
                Add(read with { Own = own, Allowed = allowed, Keywords = [.. keywords.Select(keyword => keyword.Trim())], Threshold = threshold ?? ProtectedDomain.DefaultThreshold, DigestFrom = digest },
                    (wrong, remedy) => section.Mistake("domain", wrong, remedy));
        }
        return domains;

        void Add(ProtectedDomain domain, Action<string, string> mistake)
        {
            if (seen.Add(domain.Name)) domains.Add(domain);
            else mistake($"\"{domain.Name}\" is given twice", "give each domain once, with all its settings");
        }
    }

    private static List<string> Names(ConfigurationSection section, string key)
    {
        var names = new List<string>();
        foreach (string text in section.Texts(key) ?? [])
        {
            if (ProtectedDomainReader.TryReadDomain(text, out ProtectedDomain? read, out string? problem)) names.Add(read.Name);
            else section.Mistake(key, problem, "write example.net: it counts with all below it");
        }
        return names;
    }
}
