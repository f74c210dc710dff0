using System.Text;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Cli;

/// <summary>Names in certificates are written by strangers and read on terminals.</summary>
[Collection(ProgramTests.Name)]
public sealed class HostileNamesTests
{
    private static readonly string[] Hostile = ["\u001b[2J\u001b]0;owned\u0007", "\u202egpj", "\u2066x\u2069", "\u009b31m", "\u200b", "\u2028", "\ufeff", "\U000e0041", "\r\nforged: line"];

    [Fact]
    public async Task Nothing_that_steers_a_terminal_or_hides_gets_through_scan_or_cert()
    {
        using var scratch = new Scratch();
        using var ca = new TestCa($"CA {string.Concat(Hostile)}");
        TestCertificate certificate = ca.Issue(new IssueRequest([.. Hostile.Select(text => $"{text}.example.com"), "plain.example.com"]) { CommonName = $"{string.Concat(Hostile)}.example.com" });
        await using var log = new Log(new LogOptions { Description = $"log {string.Concat(Hostile)}", Operator = string.Concat(Hostile) });
        log.AddCorpus([CorpusEntry.OfChain(certificate.Chain), CorpusEntry.OfChain(certificate.Der[..^40])]);
        log.Publish();
        await using LogServer server = await LogServer.StartAsync(log, cancellation: TestContext.Current.CancellationToken);
        string list = scratch.Write("list.json", server.LogList()), der = scratch.Write("hostile.der", certificate.Der);
        await using LogFront front = await LogFront.StartAsync(server);
        front.Change = (_, _) => Encoding.UTF8.GetBytes(string.Concat(Hostile));
        string badList = scratch.Write("bad.json", Encoding.UTF8.GetString(server.LogList(ListedProtocols.Rfc6962)).Replace(server.Url.ToString(), front.Url.ToString(), StringComparison.Ordinal));

        Ended[] all =
        [
            (await Certherald.RunAsync("cert", der, "--watch", ".example.com", "--log-list", list)).With(0),
            (await Certherald.RunAsync("cert", der, "--json", "--watch", ".example.com")).With(0),
            (await Certherald.RunAsync(["cert", "--jsonl"], Encoding.ASCII.GetBytes(Convert.ToBase64String(certificate.Der)))).With(0),
            (await Certherald.RunAsync("scan", "--log-list", list, "--watch", ".example.com")).With(0),
            (await Certherald.RunAsync("scan", "--log-list", list, "--watch", ".example.com", "--log", "nothing" + Hostile[0])).With(2),
        ];

        Assert.All(all[..4], ended => Assert.Contains("plain.example.com", ended.Output, StringComparison.Ordinal));
        foreach (Ended ended in all[..4])
            foreach (string text in (string[])[ended.Output, ended.Errors])
            {
                Rune[] hidden = [.. text.EnumerateRunes().Where(rune => rune.Value != '\n' && (Rune.IsControl(rune)
                    || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator))];
                Assert.True(hidden.Length == 0, $"{string.Join(' ', hidden.Select(rune => $"U+{rune.Value:X4}").Distinct())} in {text}");
                Assert.DoesNotContain(text.Split('\n'), line => line.StartsWith("forged", StringComparison.Ordinal));
            }
        // In JSON, what was hidden is still there: escaped, not lost.
        Assert.Contains("\u202egpj", all[1].Objects[0].GetProperty("subject_name").GetString(), StringComparison.Ordinal);
    }
}
