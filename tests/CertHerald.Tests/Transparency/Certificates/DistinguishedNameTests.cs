using System.Text;
using System.Text.RegularExpressions;
using CertHerald.Transparency.Certificates;
using static CertHerald.Tests.Transparency.Certificates.OddCertificate;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Names as text. RFC 4514 §2.4 and §3, in the certificate's order.</summary>
public sealed class DistinguishedNameTests
{
    private static readonly byte[] Organization = [0x55, 0x04, 0x0A];
    private static readonly byte[] Country = [0x55, 0x04, 0x06];
    private static readonly byte[] SerialNumber = [0x55, 0x04, 0x05];
    private static readonly byte[] DomainComponent = [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19];

    private static readonly Regex UnescapedSeparator = new(@"(?<!\\), ");

    [Fact]
    public void RDNs_stay_in_the_certificates_order() => Assert.Equal("C=GB, O=Example, DC=org, CN=Some CA", DistinguishedName.Format(
        Name(Rdn(Country, 0x13, "GB"), Rdn(Organization, 0x0C, "Example"), Rdn(DomainComponent, 0x16, "org"), Rdn(CommonName, 0x0C, "Some CA"))));

    [Theory]
    [InlineData("a,b", "a\\,b")]
    [InlineData("a+b;c<d>e\"f\\g", "a\\+b\\;c\\<d\\>e\\\"f\\\\g")]
    [InlineData(" a b ", "\\ a b\\ ")]
    [InlineData(" ", "\\ ")]
    [InlineData("#a#", "\\#a#")]
    [InlineData("a\0b\nc\x7f", "a\\00b\\0Ac\\7F")]
    [InlineData("a=b", "a=b")]
    [InlineData("Bücher Ωmega", "Bücher Ωmega")]
    [InlineData("", "")]
    public void Values_are_escaped(string value, string escaped) =>
        Assert.Equal($"CN={escaped}", DistinguishedName.Format(Name(Rdn(CommonName, 0x0C, value))));

    [Fact]
    public void Parts_of_a_multi_valued_RDN_are_joined_by_plus() => Assert.Equal("C=GB, CN=a+O=b", DistinguishedName.Format(Name(
        Rdn(Country, 0x13, "GB"), Value(0x31, Concat(Sequence(Value(0x06, CommonName), Value(0x0C, "a")), Sequence(Value(0x06, Organization), Value(0x0C, "b")))))));

    [Fact]
    public void Unknown_types_are_dotted_with_a_hexadecimal_value() =>
        Assert.Equal("2.5.4.5=#130131, 1.3.6.1.4.1.11129.2.4.2=#0500", DistinguishedName.Format(Name(Rdn(SerialNumber, 0x13, "1"), Rdn(SctListOid, Value(0x05, [])))));

    [Fact]
    public void A_known_type_without_a_string_is_hexadecimal() =>
        Assert.Equal("CN=#020101", DistinguishedName.Format(Name(Rdn(CommonName, Value(0x02, [1])))));

    [Fact]
    public void Strings_of_any_kind_are_read()
    {
        Assert.Equal("CN=Bücher", DistinguishedName.Format(Name(Rdn(CommonName, Value(0x14, "Bücher")))));
        Assert.Equal("CN=Bücher", DistinguishedName.Format(Name(Rdn(CommonName, Value(0x0C, "Bücher")))));
        Assert.Equal("CN=Bücher", DistinguishedName.Format(Name(Rdn(CommonName, Value(0x1E, Encoding.BigEndianUnicode.GetBytes("Bücher"))))));
        Assert.Equal("CN=Bücher", DistinguishedName.Format(Name(Rdn(CommonName, Value(0x1C, new UTF32Encoding(true, false).GetBytes("Bücher"))))));
        Assert.Equal("CN=Bücher", DistinguishedName.Format(Name(Rdn(CommonName, Value(0x2C, Concat(Value(0x04, "Bü"), Value(0x04, "cher")))))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("3000")]
    [InlineData("30")]
    [InlineData("3105")]
    [InlineData("3003310130")]
    public void What_is_no_name_is_empty(string hex)
    {
        byte[] name = Convert.FromHexString(hex);

        Assert.Equal("", DistinguishedName.Format(name));
        Assert.Null(DistinguishedName.Organization(name));
        Assert.Null(DistinguishedName.CommonName(name));
    }

    [Fact]
    public void Organisation_and_common_name_are_the_first_readable_ones_unescaped()
    {
        byte[] name = Name(Rdn(Organization, Value(0x02, [1])), Rdn(Organization, 0x0C, "Example, Inc."), Rdn(Organization, 0x0C, "Other"), Rdn(CommonName, 0x0C, "CA"));

        Assert.Equal("Example, Inc.", DistinguishedName.Organization(name));
        Assert.Equal("CA", DistinguishedName.CommonName(name));
    }

    [Fact]
    public void Subjects_and_issuers_of_the_corpus_read_as_an_independent_parser_writes_them()
    {
        Dictionary<string, Corpus.Row> index = Corpus.Index().Where(r => r.Parse == "ok").ToDictionary(r => r.Sha256);
        var different = new List<string>();
        int compared = 0;
        foreach ((string sha256, byte[] der) in Corpus.ReadAll())
        {
            if (!index.TryGetValue(sha256, out Corpus.Row? row) || !CertificateView.TryRead(der, out CertificateView view)) continue;
            Compare(row.Issuer, DistinguishedName.Format(view.Issuer));
            Compare(row.Subject, DistinguishedName.Format(view.Subject));

            void Compare(string expected, string actual)
            {
                // The index cuts names at 120 characters, turns them round, writes values of unknown types as text and escape characters as such.
                if (actual.Contains("=#", StringComparison.Ordinal)) return;
                compared++;
                string reversed = string.Join(',', UnescapedSeparator.Split(actual).Reverse()).Replace("\\1B", "\u001B", StringComparison.Ordinal);
                if (expected != reversed[..Math.Min(reversed.Length, 120)]) different.Add($"{sha256} {expected}, not {reversed}");
            }
        }
        Assert.InRange(compared, 17_000, int.MaxValue);
        Assert.True(different.Count == 0, string.Join('\n', different));
    }
}
