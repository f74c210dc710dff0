using System.Globalization;
using System.Text;
using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Certificates;

namespace CertHerald.Tests.Cli;

[Collection(ProgramTests.Name)]
public sealed class CertJsonLinesTests
{
    [Fact]
    public async Task A_line_in_is_a_line_out_for_every_certificate_of_the_corpus()
    {
        var all = Corpus.ReadAll().ToList();
        var input = new MemoryStream();
        foreach ((_, byte[] der) in all) input.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(der) + "\n"));

        Ended ended = (await Certherald.RunAsync(["cert", "--jsonl"], input.ToArray())).With(0);

        Assert.Equal(10_810, all.Count);
        Assert.Equal(all.Count, ended.Lines.Length);
        Dictionary<string, Corpus.Row> index = Corpus.Index().ToDictionary(row => row.Sha256);
        List<string> different = [];
        int compared = 0;
        foreach (((string sha256, byte[] der), JsonElement explained) in all.Zip(ended.Objects))
        {
            Assert.Equal(sha256, explained.GetProperty("cert_sha256").GetString());
            NamesRead names = NamesRead.From(der);
            // dns_names are distinct identifiers with the common names: only where these are the plain DNS names do both count the same.
            bool isPlain = names.DnsNames.All(IsPlain) && names.DnsNames.Distinct().Count() == names.DnsNames.Count
                && names.CommonNames.All(name => (name.Trim().Contains(' ', StringComparison.Ordinal) && !name.Contains('/', StringComparison.Ordinal)) || names.DnsNames.Contains(name));
            if (index[sha256].Parse != "ok" || !isPlain) continue;
            compared++;
            int expected = index[sha256].Dns.Length == 0 ? 0 : int.Parse(index[sha256].Dns, CultureInfo.InvariantCulture), count = explained.GetProperty("dns_names").GetArrayLength();
            if (count != expected) different.Add($"{sha256}: {expected} names, not {count}");
        }
        Assert.True(different.Count == 0, string.Join('\n', different));
        Assert.True(compared > 8_000, $"only {compared} could be compared");
    }

    [Fact]
    public async Task No_line_stops_it_however_empty_long_or_odd()
    {
        string golden = Convert.ToBase64String(GoldenCertificate.Der);
        string[] lines = ["", golden, "not base64!", "\r", golden + "\r", "\0\u001b[2J", new string('A', 8 << 20), new string('A', 30 << 20), "MAA=", "  " + golden + "\t", golden];

        // The last has no newline.
        Ended ended = (await Certherald.RunAsync(["cert", "--jsonl"], Encoding.UTF8.GetBytes(string.Join('\n', lines)))).With(0);

        Assert.Equal(lines.Length, ended.Lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            JsonElement explained = ended.Objects[i];
            bool isGolden = lines[i].Contains(golden, StringComparison.Ordinal);
            Assert.Equal(isGolden ? 0 : 1, Math.Min(1, explained.GetProperty("problems").GetArrayLength()));
            if (isGolden) Assert.Equal("69fb7252f3cd5c052db8325cf82dc40bd72ed01525f2301f804765be8d62ae43", explained.GetProperty("cert_sha256").GetString());
        }
    }

    private static bool IsPlain(string name) => name.Length > 0 && name[0] != '.' && name[^1] != '.' && name.Any(char.IsAsciiLetter)
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-' or '*');
}
