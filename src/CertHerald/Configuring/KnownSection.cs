using System.Net;
using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Resolving;

namespace CertHerald.Configuring;

/// <summary>The section <c>known</c>: what is the user's own.</summary>
internal static class KnownSection
{
    /// <summary>Reads and finishes it.</summary>
    /// <param name="files">Gets every file and folder that it names.</param>
    public static KnownCertificates Read(ConfigurationSection section, ReadFiles files, out IReadOnlyList<string> warnings)
    {
        IReadOnlyList<string> keyFiles = section.Texts("key_files") ?? [], certificateFiles = section.Texts("certificate_files") ?? [], folders = section.Texts("folders") ?? [];
        files.Add([.. keyFiles, .. certificateFiles, .. folders.Select(KnownFolder.PatternOf)]);
        KnownCertificates read = KnownFiles.Read(keyFiles, certificateFiles, section.Mistake);
        var odd = new List<string>();
        foreach (string folder in folders) read = read.With(KnownFolder.Read(folder, odd));

        var lists = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach ((string name, IReadOnlyList<string> given) in section.TextsByName("authorized_cas"))
        {
            if (Domains.Read(name, out string problem) is not { } item) section.Mistake("authorized_cas", $"\"{name}\": {problem.TrimEnd('.')}", "name a watch item: example.com, .example.com or an IP address");
            else if (AuthoritiesOf(section, "authorized_cas", given) is { } authorities && !lists.TryAdd(item.Text, authorities)) section.Mistake("authorized_cas", $"\"{item.Text}\" has two lists", "join them");
        }
        IReadOnlyList<string> general = section.Texts("certificate_authorities") is { Count: > 0 } every ? AuthoritiesOf(section, "certificate_authorities", every) ?? [] : [];
        CaaUse? caa = CaaOf(section);
        section.Finish();
        warnings = odd;
        return read.With(new KnownCertificates(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>>()) { Authorities = new AuthorityLists(general, lists), CaaUse = caa });
    }

    private static CaaUse? CaaOf(ConfigurationSection section)
    {
        bool isUsed = section.Flag("use_caa") ?? false;
        TimeSpan interval = section.Duration("caa_interval") ?? CaaUse.DefaultInterval;
        if (interval < CaaUse.LeastInterval) section.Mistake("caa_interval", "is less than a minute", "write 1m or more: name servers are others' too");
        var servers = new List<IPEndPoint>();
        foreach (string text in section.Texts("dns_servers") ?? [])
            if (NameServers.Parse(text) is { } server) servers.Add(server);
            else section.Mistake("dns_servers", $"\"{text}\" is no name server", "write its address: 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353");
        return isUsed ? new CaaUse(interval, servers) : null;
    }

    private static IReadOnlyList<string>? AuthoritiesOf(ConfigurationSection section, string key, IReadOnlyList<string> given)
    {
        IReadOnlyList<string>? read = AuthorisationsApi.ReadAuthorities(given, out string problem);
        if (read is null) section.Mistake(key, problem.Replace("\"authorities\" is", "it takes", StringComparison.Ordinal).TrimEnd('.'), "write letsencrypt.org, or the 64 digits of an issuing key's SHA-256");
        return read;
    }
}
