using System.Globalization;
using System.Security.Cryptography;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Ten thousand real, constructed and broken certificates, judged by an independent parser.</summary>
public sealed class CertificateCorpusTests
{
    [Fact]
    public void What_an_independent_parser_found_is_found()
    {
        Dictionary<string, Corpus.Row> index = Corpus.Index().Where(r => r.Parse == "ok").ToDictionary(r => r.Sha256);
        var different = new List<string>();
        int compared = 0;

        foreach ((string sha256, byte[] der) in Corpus.ReadAll())
        {
            Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(der)));
            if (!index.TryGetValue(sha256, out Corpus.Row? row)) continue;
            Assert.True(CertificateView.TryRead(der, out CertificateView view), sha256);
            compared++;

            Compare("ca", row.Ca == "1", view.IsCa);
            Compare("poison", row.Poison == "1", view.IsPrecertificate);
            Compare("scts", NumberIn(row.Scts), view.Scts.Count());
            Compare("dns", NumberIn(row.Dns), NamesRead.From(der).DnsNames.Count);
            Compare("notbefore", row.NotBefore, Date(view.NotBefore));
            Compare("notafter", row.NotAfter, Date(view.NotAfter));

            void Compare<T>(string what, T expected, T actual)
            {
                if (!EqualityComparer<T>.Default.Equals(expected, actual)) different.Add($"{sha256} {what}: {expected}, not {actual}");
            }
        }

        Assert.Equal(index.Count, compared);
        Assert.True(different.Count == 0, string.Join('\n', different));
    }

    [Fact]
    public void What_a_strict_parser_refuses_shows_its_names_or_is_reported()
    {
        int read = 0, refused = 0;
        foreach ((string _, byte[] der) in Corpus.Read("malformed.jsonl.gz"))
        {
            NamesRead names = NamesRead.From(der);
            if (names.IsRead) read++;
            else refused++;
            if (!names.IsRead) Assert.NotEqual(CertificateFlaws.None, names.Flaws & CertificateFlaws.TbsUnreadable);
        }

        Assert.Equal(489, read + refused);
        Assert.InRange(refused, 0, 60);
    }

    private static int NumberIn(string cell) => cell.Length == 0 ? 0 : int.Parse(cell, CultureInfo.InvariantCulture);

    private static string Date(DateTimeOffset? time) => time is { } t ? string.Create(CultureInfo.InvariantCulture, $"{t.Year}-{t:MM-dd}") : "";
}
