using CertHerald.Deciding;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Deciding;

public sealed class IssuerDirectoryTests
{
    private const string SectigoDv = "e1ae9c3de848ece1ba72e0d991ae4d0d9ec547c6bad1dddab9d6beb0a7e0e0d8";

    [Fact]
    public void The_documented_Sectigo_issuer_is_found_by_its_key_whatever_it_calls_itself()
    {
        IssuerFacts facts = IssuerDirectory.BuiltIn.Find(SectigoDv, "Somebody Else", "Somebody Else");
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
        IssuerFacts facts = IssuerDirectory.BuiltIn.Find(new string('0', 64), organization, commonName);
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
        IssuerFacts facts = IssuerDirectory.BuiltIn.Find(null, organization, commonName);
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
            IssuerFacts facts = IssuerDirectory.BuiltIn.Find(row[0], null, null);
            if (!facts.IsByKey || facts.CaaDomains is null || row[9].Length == 0) continue;

            compared++;
            Assert.True(row[9].Split(' ').Intersect(facts.CaaDomains).Any(), $"{row[2]} / {row[3]}: the CCADB says {row[9]}");
        }

        Assert.True(compared > 1_000, $"{compared} keys compared");
    }

    [Fact]
    public void Of_the_sampled_certificates_99_in_100_get_owner_website_CAA_domains_and_problem_reporting()
    {
        int all = 0, complete = 0;
        foreach (string line in SharedData.Lines("names", "ct_samples_2025-12.tsv.gz").Skip(1))
        {
            string[] row = line.Split('\t');
            IssuerFacts facts = IssuerDirectory.BuiltIn.Find(null, row[2], row[3]);
            all++;
            if (facts is { Basis: IssuerBasis.Name, FriendlyName.Length: > 0, Website.Length: > 0, CaaDomains.Count: > 0, ProblemReporting.Length: > 0 }) complete++;
        }

        Assert.Equal(59_386, all);
        Assert.True(complete >= all * 0.99, $"{complete} of {all}");
    }

    [Fact]
    public void A_refreshed_key_says_what_the_report_says_and_keeps_what_it_is_silent_about()
    {
        var book = new IssuerBook([new IssuerOwner("Sectigo", "https://sectigo.example/", ["new.example"], "")], [new IssuerKey(SectigoDv, "Sectigo", "Sectigo Limited", null)]);

        IssuerFacts facts = IssuerDirectory.Over(book).Find(SectigoDv, null, null);

        Assert.Equal((IssuerBasis.Key, "Sectigo", "https://sectigo.example/"), (facts.Basis, facts.FriendlyName, facts.Website));
        Assert.Equal(["new.example"], facts.CaaDomains!);
        Assert.Equal(IssuerDirectory.BuiltIn.Find(SectigoDv, null, null).ProblemReporting, facts.ProblemReporting);
    }

    [Fact]
    public void A_new_key_of_a_known_owner_gets_the_name_that_people_know_and_the_CAs_own_words()
    {
        string key = new('1', 64);
        var book = new IssuerBook(
            [new IssuerOwner("Internet Security Research Group", "", ["letsencrypt.org"], "abuse@example.com")],
            [new IssuerKey(key, "Internet Security Research Group", "Let's Encrypt", ["own.example"])]);

        IssuerFacts facts = IssuerDirectory.Over(book).Find(key, "whatever", "whatever");

        Assert.Equal(("Let's Encrypt", "https://letsencrypt.org/", true), (facts.FriendlyName, facts.Website, facts.IsByKey));
        Assert.Equal(["own.example"], facts.CaaDomains!);
        Assert.Equal("How to report a certificate, as Internet Security Research Group tells the Common CA Database:\nabuse@example.com", facts.ProblemReporting);
    }

    [Fact]
    public void A_key_that_changed_hands_is_the_new_owners_and_a_new_owner_is_called_by_its_name()
    {
        var book = new IssuerBook([], [new IssuerKey(SectigoDv, "Brand New CA", "Sectigo Limited", null)]);
        IssuerFacts facts = IssuerDirectory.Over(book).Find(SectigoDv, null, null);
        Assert.Equal(("Brand New CA", "", ""), (facts.FriendlyName, facts.Website, facts.ProblemReporting));
        Assert.Null(facts.CaaDomains);
    }

    [Fact]
    public void A_refresh_leaves_other_keys_and_names_as_they_were()
    {
        IssuerDirectory over = IssuerDirectory.Over(new IssuerBook([], [new IssuerKey(new string('1', 64), "Brand New CA", "", null)]));
        Assert.Equal(IssuerDirectory.BuiltIn.Find(SectigoDv, null, null), over.Find(SectigoDv, null, null));
        Assert.Equal(IssuerBasis.Name, over.Find(null, "Let's Encrypt", null).Basis);
        Assert.Equal(IssuerBasis.None, over.Find(null, "Brand New CA", null).Basis);
    }
}
