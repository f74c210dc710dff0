using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Deciding;

public sealed class IssuerReportsTests
{
    private const string Records = "CA Owner,Salesforce Record ID,Certificate Name,Certificate Record Type,Subordinate CA Owner,Revocation Status,SHA-256 Fingerprint,Subject Key Identifier";
    private const string Pems = "\"SHA-256 Fingerprint\",\"X.509 Certificate (PEM)\"";

    [Fact]
    public void Records_and_certificates_join_by_fingerprint_to_a_key_with_an_owner()
    {
        using var ca = new MadeCa("Example Trust", "Example CA 1");

        IssuerBook book = Join(out IssuerLeftovers leftovers, $"{Records}\nExample Owner,A1,Example CA 1,Intermediate Certificate,,,{ca.Fingerprint},AAAA\n", ca.PemRow(Pems));

        Assert.Equal(new IssuerKey(ca.Key, "Example Owner", "Example Trust", null), Assert.Single(book.Keys));
        Assert.Equal("Example Owner", Assert.Single(book.Owners).Name);
        Assert.Equal(new IssuerLeftovers(0, 0, 0), leftovers);
    }

    [Theory]
    [InlineData("\"CA Owner\",\"Recognized CAA Domains\"")]
    [InlineData("\"Recognized CAA Domains\",\"More\",\"CA Owner\"")]
    [InlineData("\"Something\",\"ca owner\",\"RECOGNIZED CAA DOMAINS \",\"Else\"")]
    public void Columns_are_found_by_name_in_any_order_among_any_others(string header)
    {
        string row = string.Join(',', header.Split(',').Select(name =>
            name.Contains("owner", StringComparison.OrdinalIgnoreCase) ? "\"Example Owner\"" : name.Contains("CAA", StringComparison.Ordinal) ? "\"example.com, ca.example.net\"" : "\"x\""));

        IssuerOwner owner = Assert.Single(Join(out _, $"{header}\n{row}\n").Owners);

        Assert.Equal("Example Owner", owner.Name);
        Assert.Equal(["ca.example.net", "example.com"], owner.CaaDomains!);
    }

    [Fact]
    public void CAA_domains_told_by_key_identifier_are_that_keys_and_nobody_elses()
    {
        using var one = new MadeCa("Example Trust", "Example CA 1");
        using var two = new MadeCa("Example Trust", "Example CA 2");
        string identifiers = "\"Subject\",\"Subject Key Identifier (Hex)\",\"Intermediate Certificate\",\"Recognized CAA Domains\"\n"
            + $"\"CN=Example CA 1; O=Example Trust\",\"{one.KeyIdentifierHex}\",\"Example CA 1\",\"one.example\"\n";

        IssuerBook book = Join(out _, identifiers, one.PemRow(Pems), two.PemRow(Pems),
            $"{Records}\nExample Owner,A1,x,Intermediate Certificate,,,{one.Fingerprint},x\nExample Owner,A2,x,Intermediate Certificate,,,{two.Fingerprint},x\n");

        Assert.Equal(["one.example"], book.Keys.Single(key => key.Sha256 == one.Key).CaaDomains!);
        Assert.Null(book.Keys.Single(key => key.Sha256 == two.Key).CaaDomains);
        Assert.Null(Assert.Single(book.Owners).CaaDomains);
    }

    [Fact]
    public void A_key_identifier_may_be_base64_or_hexadecimal_with_colons()
    {
        using var ca = new MadeCa("Example Trust", "Example CA 1");
        byte[] identifier = Convert.FromHexString(ca.KeyIdentifierHex);
        string records = $"{Records}\nExample Owner,A1,x,Intermediate Certificate,,,{ca.Fingerprint},x\n";
        foreach (string written in (string[])[Convert.ToBase64String(identifier), BitConverter.ToString(identifier).Replace('-', ':'), ca.KeyIdentifierHex.ToUpperInvariant()])
        {
            IssuerBook book = Join(out _, records, ca.PemRow(Pems), $"Subject Key Identifier,Recognized CAA Domains\n{written},one.example\n");
            Assert.Equal(["one.example"], Assert.Single(book.Keys).CaaDomains!);
        }
    }

    [Theory]
    [InlineData("None")]
    [InlineData("N/A")]
    [InlineData("Comma-separated list.")]
    [InlineData("192.0.2.1")]
    [InlineData("-bad-.example")]
    [InlineData("<b>x</b>.example")]
    public void What_is_no_domain_is_no_CAA_domain(string written) =>
        Assert.Empty(Join(out _, $"CA Owner,Recognized CAA Domains\nExample Owner,\"{written}\"\n").Owners);

    [Fact]
    public void Problem_reporting_keeps_its_lines_and_loses_its_control_characters()
    {
        IssuerOwner owner = Assert.Single(Join(out _, "\"CA Owner\",\"Problem Reporting Mechanism\"\n\"Example Owner\",\"Write to\r\nabuse@example.com\u001b[2J\u0007\"\n").Owners);
        Assert.Equal("Write to\nabuse@example.com [2J", owner.ProblemReporting);
    }

    [Fact]
    public void A_text_of_any_length_is_cut()
    {
        IssuerOwner owner = Assert.Single(Join(out _, $"CA Owner,Problem Reporting Mechanism\nExample Owner,{new string('x', 1_000_000)}\n").Owners);
        Assert.Equal(4_001, owner.ProblemReporting.Length);
    }

    [Theory]
    [InlineData("https://www.example.com/", "https://www.example.com/")]
    [InlineData("https://one.example/,  https://two.example/", "https://one.example/")]
    [InlineData("javascript:alert(1)", "")]
    [InlineData("https://user:password@example.com/", "")]
    public void A_website_is_the_first_address_that_a_browser_opens(string written, string website)
    {
        IssuerBook book = Join(out _, $"Owner,Company Website,Problem Reporting Mechanism\nExample Owner,\"{written}\",x\n");
        Assert.Equal(website, Assert.Single(book.Owners).Website);
    }

    [Fact]
    public void A_report_of_included_roots_with_PEM_needs_no_other()
    {
        using var ca = new MadeCa("Example Trust", "Example Root");
        string report = "\"Owner\",\"Certificate Issuer Organization\",\"SHA-256 Fingerprint\",\"Subject + SPKI SHA256\",\"Company Website\",\"PEM Info\"\n"
            + $"\"Example Owner\",\"Example Trust\",\"{ca.Fingerprint}\",\"00\",\"https://example.com/\",\"'{ca.Pem}'\"\n";

        IssuerBook book = Join(out _, report);

        Assert.Equal(new IssuerKey(ca.Key, "Example Owner", "Example Trust", null), Assert.Single(book.Keys));
        Assert.Equal("https://example.com/", Assert.Single(book.Owners).Website);
    }

    [Fact]
    public void The_hash_that_a_report_gives_beside_a_certificate_is_not_believed()
    {
        using var ca = new MadeCa("Example Trust", "Example Root");
        using var other = new MadeCa("Other", "Other Root");
        IssuerBook book = Join(out IssuerLeftovers leftovers, $"{Pems}\n{other.Fingerprint},\"{ca.Pem}\"\n", $"{Records}\nOther,A1,x,Root Certificate,,,{other.Fingerprint},x\n");
        Assert.Empty(book.Keys);
        Assert.Equal(new IssuerLeftovers(0, OwnerlessKeys: 1, RecordsWithoutCertificate: 1), leftovers);
    }

    [Fact]
    public void A_subordinate_owner_goes_before_the_owner_of_the_root()
    {
        using var ca = new MadeCa("Example Trust", "Example CA 1");
        IssuerBook book = Join(out _, ca.PemRow(Pems), $"{Records}\nRoot Owner,A1,x,Intermediate Certificate,Example Trust Ltd,,{ca.Fingerprint},x\n");
        Assert.Equal("Example Trust Ltd", Assert.Single(book.Keys).Owner);
    }

    [Fact]
    public void A_cross_signed_key_is_its_roots_owners_and_a_contested_one_is_left_out()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = new MadeCa("Example Trust", "Example Root", key);
        using var crossSigned = new MadeCa("Example Trust", "Example Root", key, issuer: "CN=Other Root");
        using var contested = new MadeCa("Contested", "Contested CA", issuer: "CN=One");
        string header = $"{Records}\n", row = ",A1,x,Intermediate Certificate,,,";

        IssuerBook book = Join(out IssuerLeftovers leftovers, root.PemRow(Pems), crossSigned.PemRow(Pems), $"{header}Other Owner{row}{crossSigned.Fingerprint},x\nExample Owner,A2,x,Root Certificate,,,{root.Fingerprint},x\n");
        Assert.Equal("Example Owner", Assert.Single(book.Keys).Owner);
        Assert.Equal(0, leftovers.ContestedKeys);

        using var again = new MadeCa("Contested", "Contested CA", contested.KeyPair, issuer: "CN=Two");
        book = Join(out leftovers, contested.PemRow(Pems), again.PemRow(Pems), $"{header}One{row}{contested.Fingerprint},x\nTwo{row}{again.Fingerprint},x\n");
        Assert.Empty(book.Keys);
        Assert.Equal(1, leftovers.ContestedKeys);
    }

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData("CA Owner,Problem Reporting Mechanism\n", "it has a header and no rows")]
    [InlineData("CA Owner,Problem Reporting Mechanism\nOne,x\nTwo", "line 3 has 1 fields, the header 2: the report is cut short")]
    public void A_report_of_no_use_says_why(string csv, string problem)
    {
        Assert.Equal(0, new IssuerReports().Add(Encoding.UTF8.GetBytes(csv), out string? said));
        Assert.Equal(problem, said);
    }

    [Fact]
    public void A_report_without_the_columns_says_what_it_has_and_what_is_needed_and_where_that_is()
    {
        new IssuerReports().Add("<!DOCTYPE html>\n<p>Sign in</p>"u8, out string? problem);
        Assert.Contains("\"<!DOCTYPE html>\"", problem, StringComparison.Ordinal);
        foreach (string needed in (string[])["AllCertificateRecordsCSVFormat", "AllCertificatePEMsCSVFormat", "AllCAAIdentifiersReportCSV", "AllProblemReportingMechanismsCSV", "\"Problem Reporting Mechanism\"", "page Resources"])
            Assert.Contains(needed, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Mozillas_report_of_included_roots_is_read_as_it_is()
    {
        var reports = new IssuerReports();
        int rows = reports.Add(SharedData.Bytes("ccadb", "mozilla-IncludedCACertificateReport-2024-01.csv"), out string? problem);
        IssuerBook book = reports.Join(out IssuerLeftovers leftovers);

        Assert.Null(problem);
        Assert.Equal(165, rows);
        Dictionary<string, string> owners = SharedData.Lines("ccadb", "mozilla-owners.tsv").Skip(1).Select(line => line.Split('\t')).ToDictionary(row => row[0], row => row[1]);
        Assert.Equal(owners.Keys.Order(StringComparer.Ordinal), book.Owners.Select(owner => owner.Name).Order(StringComparer.Ordinal));
        Assert.All(book.Owners, owner => Assert.StartsWith(owner.Website, owners[owner.Name], StringComparison.Ordinal));
        Assert.Equal(165, leftovers.RecordsWithoutCertificate);
    }

    [Fact]
    public void A_book_is_read_as_it_was_written_and_the_order_of_reports_does_not_matter()
    {
        using var ca = new MadeCa("Example Trust", "Example CA 1");
        string[] reports =
        [
            ca.PemRow(Pems), $"{Records}\nExample Owner,A1,x,Intermediate Certificate,,,{ca.Fingerprint},x\n",
            "CA Owner,Recognized CAA Domains\nExample Owner,example.com\nSecond,second.example\n", "CA Owner,Problem Reporting Mechanism\nExample Owner,abuse@example.com\n",
        ];

        byte[] one = Bytes(Join(out _, reports));

        Assert.Equal(one, Bytes(Join(out _, [.. reports.Reverse()])));
        Assert.Equal(one, Bytes(IssuerBook.TryRead(one, out _)!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"format":2,"owners":[],"keys":[]}""")]
    [InlineData("""{"format":"1","owners":[],"keys":[]}""")]
    [InlineData("""{"format":1,"owners":[]}""")]
    [InlineData("""{"format":1,"owners":[{"name":5}],"keys":[]}""")]
    [InlineData("""{"format":1,"owners":[],"keys":[{"sha256":"00"}]}""")]
    [InlineData("""{"format":1,"owners":7,"keys":[]}""")]
    public void What_is_no_book_is_refused_with_a_reason(string json)
    {
        Assert.Null(IssuerBook.TryRead(Encoding.UTF8.GetBytes(json), out string? problem));
        Assert.False(string.IsNullOrEmpty(problem));
    }

    private static IssuerBook Join(out IssuerLeftovers leftovers, params string[] csv)
    {
        var reports = new IssuerReports();
        foreach (string report in csv)
        {
            reports.Add(Encoding.UTF8.GetBytes(report), out string? problem);
            Assert.Null(problem);
        }
        return reports.Join(out leftovers);
    }

    private static byte[] Bytes(IssuerBook book)
    {
        var json = new ArrayBufferWriter<byte>();
        book.Write(json);
        return json.WrittenSpan.ToArray();
    }
}
