using System.Globalization;
using System.Text;
using CertHerald.Api;

namespace CertHerald.Dialects.CertSpotter.Api;

/// <summary>What a search asks for.</summary>
/// <param name="Domain">In canonical form.</param>
/// <param name="After">Only those that were discovered after the one with this id; null begins with the oldest.</param>
internal sealed record IssuanceQuery(string Domain, bool IncludeSubdomains, bool MatchWildcards, long? After, IssuanceMembers Wanted)
{
    /// <summary>Reads the parameters; null with the problem if one of them cannot be used. One that is given twice cannot.</summary>
    public static IssuanceQuery? Read(string? domain, string? includeSubdomains, string? matchWildcards, string? after, string?[]? expand, out string problem)
    {
        long? last = null;
        if (string.IsNullOrEmpty(domain))
            problem = "domain is missing: write domain=example.com.";
        else if (NameOf(domain) is not { } name)
            problem = "domain is no DNS name: write example.com; what lies below is asked for with include_subdomains=true.";
        else if (Flag(includeSubdomains) is not { } below)
            problem = "include_subdomains is true or false.";
        else if (Flag(matchWildcards) is not { } wildcards)
            problem = "match_wildcards is true or false.";
        else if (!string.IsNullOrEmpty(after) && (last = IdOf(after)) is null)
            problem = "after is no id: write that of the last issuance that you have, or leave it empty to begin with the oldest.";
        else
        {
            problem = "";
            return new IssuanceQuery(name, below, wildcards, last, Expand.Read(expand));
        }
        return null;
    }

    /// <summary>An id as we give them out; null for anything else.</summary>
    public static long? IdOf(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id : null;

    /// <summary>The address of what was discovered after this.</summary>
    public string AddressAfter(string baseUrl, long id)
    {
        var address = new StringBuilder($"{baseUrl}/v1/issuances?domain={Uri.EscapeDataString(Domain)}");
        if (IncludeSubdomains) address.Append("&include_subdomains=true");
        if (MatchWildcards) address.Append("&match_wildcards=true");
        foreach (string value in Expand.ValuesOf(Wanted)) address.Append("&expand=").Append(value);
        return address.Append("&after=").Append(ApiJson.IdOf(id)).ToString();
    }

    private static bool? Flag(string? text) => text switch
    {
        null or "false" => false,
        "true" => true,
        _ => null,
    };

    private static string? NameOf(string text) => MonitoredDomains.Read(text, out _) is { IsTree: false, IsIp: false } item ? item.Text : null;
}
