using CertHerald.Deciding;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Deciding;

public sealed class IssuerDirectoryTests
{
    private const string SectigoDv = "e1ae9c3de848ece1ba72e0d991ae4d0d9ec547c6bad1dddab9d6beb0a7e0e0d8";

    [Fact]
    public void The_documented_Sectigo_issuer_is_found_by_its_key_whatever_it_calls_itself()
    {
        IssuerFacts facts = IssuerDirectory.Find(SectigoDv, "Somebody Else", "Somebody Else");
        Assert.True(facts.IsByKey);
        Assert.Equal("Sectigo", facts.FriendlyName);
        Assert.Equal("https://sectigo.com/", facts.Website);
        Assert.Equal(["sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com"], facts.CaaDomains!);
        Assert.Equal(10, facts.ProblemReporting.Split('\n').Length);
        Assert.Contains("\n ?? https://secure.sectigo.com/products/RevocationPortal\n\nTo programatically", facts.ProblemReporting, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Let's Encrypt", "R13", "Let's Encrypt")]
    [InlineData("ZeroSSL", "ZeroSSL RSA Domain Secure Site CA", "ZeroSSL")]
    [InlineData("WISeKey", "OISTE WISeKey Global Root GB CA", "WISeKey")]
    public void A_new_key_of_a_known_organisation_is_named_but_not_found_by_key(string organization, string commonName, string friendlyName)
    {
        IssuerFacts facts = IssuerDirectory.Find(new string('0', 64), organization, commonName);
        Assert.Equal((friendlyName, false), (facts.FriendlyName, facts.IsByKey));
        Assert.NotEmpty(facts.ProblemReporting);
    }

    [Theory]
    [InlineData("Example Corp", "Example CA", "Example Corp")]
    [InlineData("", "Example CA", "Example CA")]
    [InlineData(null, "Example CA", "Example CA")]
    [InlineData(null, "", "Unknown")]
    [InlineData(null, null, "Unknown")]
    public void A_CA_that_nobody_knows_is_called_what_it_calls_itself(string? organization, string? commonName, string friendlyName)
    {
        IssuerFacts facts = IssuerDirectory.Find(null, organization, commonName);
        Assert.Equal(friendlyName, facts.FriendlyName);
        Assert.Equal(("", ""), (facts.Website, facts.ProblemReporting));
        Assert.Null(facts.CaaDomains);
        Assert.Null(facts.Operator);
    }

    [Fact]
    public void Every_row_is_complete_and_no_organisation_stands_twice()
    {
        Assert.All(IssuerTable.All, row =>
        {
            Assert.NotEmpty(row.Facts.FriendlyName);
            Assert.True(Uri.TryCreate(row.Facts.Website, UriKind.Absolute, out Uri? site) && site.Scheme == "https", row.Id);
            Assert.NotEmpty(row.Facts.ProblemReporting);
        });
        Assert.Equal(IssuerTable.All.Sum(row => row.Organizations.Count), IssuerTable.All.SelectMany(row => row.Organizations).Distinct().Count());
    }

    [Fact]
    public void CAA_domains_found_by_key_agree_with_the_CCADB_and_owners_do_not_contradict_it()
    {
        int compared = 0;
        foreach (string line in SharedData.Lines("ccadb", "issuers.tsv").Skip(1))
        {
            string[] row = line.Split('\t');
            IssuerFacts facts = IssuerDirectory.Find(row[0], null, null);
            if (!facts.IsByKey || facts.CaaDomains is null || row[9].Length == 0) continue;

            compared++;
            Assert.True(row[9].Split(' ').Intersect(facts.CaaDomains).Any(), $"{row[2]} / {row[3]}: the CCADB says {row[9]}");
        }

        Assert.True(compared > 1_000, $"{compared} keys compared");
    }
}
