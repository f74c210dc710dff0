using System.Text.RegularExpressions;
using CertHerald.Access;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using CertHerald.Transparency.Certificates;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Docs;

/// <summary>What docs/known.md says of certbot and lego, with these themselves: the lines of the page, and the folders. Only their CA is a double.</summary>
[Collection(ProgramTests.Name)]
public sealed partial class AcmeClientTests : IDisposable
{
    private readonly Scratch _scratch = new();

    /// <summary>In the place of <c>/etc/letsencrypt</c>.</summary>
    private string Folder => _scratch.PathOf("letsencrypt");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task What_certbot_gets_is_known_by_the_pages_hooks_and_so_is_what_it_renews()
    {
        Tool.Find("certbot");
        await using AcmeServer acme = await AcmeServer.StartAsync();
        await using ConsoleRig rig = await StartAsync();

        // One that was there before anybody thought of hooks, and one that begins with the page's.
        await CertbotAsync(acme, "certbot certonly --standalone -d shop.example.com");
        Assert.Null(WhyKnown(rig, acme));
        await CertbotAsync(acme, LinesOf("certbot ").Single());
        Assert.Equal(KnownCertificates.ByKey, WhyKnown(rig, acme));

        // Each has a new key. A hook is kept where it was given; the file is for the others.
        await CertbotAsync(acme, "certbot renew --force-renewal --no-random-sleep-on-renew --cert-name www.example.com");
        Assert.Equal(KnownCertificates.ByKey, WhyKnown(rig, acme));
        await RunAsync(LinesOf("printf ").Single());
        await CertbotAsync(acme, "certbot renew --force-renewal --no-random-sleep-on-renew --cert-name shop.example.com");
        Assert.Equal(KnownCertificates.ByKey, WhyKnown(rig, acme));

        // The folder has all of them, and the keys of requests where certbot leaves these.
        var odd = new List<string>();
        KnownCertificates folder = KnownFolder.Read(Folder, odd);
        Assert.Empty(odd);
        Assert.Equal(4, acme.Issued.Select(one => FactsOf(one).PubkeySha256).Distinct().Count());
        Assert.All(acme.Issued, one => Assert.Contains(FactsOf(one).TbsSha256, folder.Issuances));
        Assert.Equal(KeepsRequests ? 4 : 0, folder.Keys.Count);
    }

    [Fact]
    public async Task What_lego_gets_is_known_by_the_pages_hooks_and_so_is_what_it_renews()
    {
        Tool.Find("lego");
        await using AcmeServer acme = await AcmeServer.StartAsync();
        await using ConsoleRig rig = await StartAsync();

        foreach (string line in LinesOf("lego "))
        {
            // It would wait for some minutes before a renewal, and renew nothing that is good for a month.
            string renewing = line.Contains(" renew ", StringComparison.Ordinal) ? " --no-random-sleep --days 100000" : "";
            Ended ran = await RunAsync(line.Replace("lego ", $"lego --accept-tos --server {acme.Directory} ", StringComparison.Ordinal) + renewing);
            Assert.True(WhyKnown(rig, acme) == KnownCertificates.ByKey, ran.Output + ran.Errors);
        }

        Assert.Equal(2, acme.Issued.Select(one => FactsOf(one).PubkeySha256).Distinct().Count());
        var odd = new List<string>();
        // It keeps the newest only, and its issuer's.
        Assert.Contains(FactsOf(acme.Issued.Last()).TbsSha256, KnownFolder.Read(_scratch.PathOf(".lego/certificates"), odd).Issuances);
        Assert.Empty(odd);
    }

    /// <summary>A service that the command of the hooks finds.</summary>
    private async Task<ConsoleRig> StartAsync()
    {
        ConsoleRig rig = await ConsoleRig.StartAsync();
        new LocalAccess(rig.Address, rig.Services.GetRequiredService<LocalKey>().Text).Save(_scratch.Folder);
        return rig;
    }

    /// <summary>Whether this certbot is older than 2.3, as it writes of itself.</summary>
    private bool KeepsRequests => Version.Parse(VersionLine().Match(File.ReadAllText(Path.Combine(Folder, "renewal", "www.example.com.conf"))).Groups[1].Value) < new Version(2, 3);

    /// <summary>Why the newest certificate is known to the service.</summary>
    private static string? WhyKnown(ConsoleRig rig, AcmeServer acme) => rig.Watched.Known.WhyKnown(FactsOf(acme.Issued.Last()));

    /// <summary>The lines of the page's hooks that begin like this.</summary>
    private static string[] LinesOf(string begin) => [.. Repository.Text("docs/known.md").Split('\n').Where(line => line.StartsWith(begin, StringComparison.Ordinal) && line.Contains("known add key", StringComparison.Ordinal))];

    /// <summary>Runs a line of the page, with what it does not say: nobody answers questions here, and it is not that CA.</summary>
    private Task<Ended> CertbotAsync(AcmeServer acme, string line) => RunAsync(
        $"{line} --non-interactive --agree-tos --register-unsafely-without-email --server {acme.Directory} --config-dir {Folder} --work-dir {_scratch.PathOf("work")} --logs-dir {_scratch.PathOf("logs")}");

    private async Task<Ended> RunAsync(string line)
    {
        string script = _scratch.Write("line.sh", line.Replace("/etc/letsencrypt", Folder, StringComparison.Ordinal).Replace("/var/lib/certherald", _scratch.Folder, StringComparison.Ordinal) + "\n");
        string path = string.Join(':', Path.GetDirectoryName(Certherald.Path), Path.GetDirectoryName(Tool.Find(line.Split(' ')[0])), "/usr/bin", "/bin");
        Ended ran = (await Tool.RunAsync("/usr/bin/env", _scratch.Folder, ["-i", $"PATH={path}", $"HOME={_scratch.Folder}", "/bin/sh", "-e", script])).With(0);
        // It goes on without a hook that failed.
        Assert.DoesNotContain("reported error code", ran.Output + ran.Errors, StringComparison.Ordinal);
        return ran;
    }

    private static CertificateFacts FactsOf(TestCertificate issued)
    {
        Assert.True(CertificateView.TryRead(issued.Der, out CertificateView certificate));
        return CertificateReading.Read(issued.Der, certificate, CertificateReading.IdentifiersOf(certificate), certificate.IsPrecertificate, null);
    }

    [GeneratedRegex(@"^version = (\d+\.\d+)", RegexOptions.Multiline)]
    private static partial Regex VersionLine();
}
