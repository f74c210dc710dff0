using System.Text;
using CertHerald.Cli;
using CertHerald.Names.Lookalikes;
using CertHerald.Tests.Names.Lookalikes;

namespace CertHerald.Tests.Cli;

public sealed class LookalikeCommandTests
{
    private static readonly LookalikeIndex Index = Looking.For("example.com", "paypal.com");

    [Fact]
    public void Names_are_judged_line_by_line_in_their_order_whatever_they_hold()
    {
        using var input = new MemoryStream([.. "paypal-login.net\r\nnothing.org\n\n"u8, 0xFF, 0x00, (byte)'\n', .. new byte[200_000], (byte)'\n', .. "paypal.com.evil.net"u8]);
        using var output = new MemoryStream();

        LookalikeCommand.JudgeAll(Index, input, output, CancellationToken.None);

        string[] lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, lines.Length);
        Assert.StartsWith("""{"name":"paypal-login.net","domain":"paypal.com","score":""", lines[0], StringComparison.Ordinal);
        Assert.Equal("""{"name":"nothing.org","domain":null,"score":0,"tier":null,"class":null,"reasons":[],"others":[]}""", lines[1]);
        Assert.StartsWith("""{"name":"","domain":null""", lines[2], StringComparison.Ordinal);
        Assert.Contains("\"class\":\"target_embedding\"", lines[5], StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_explained_in_sentences()
    {
        using var output = new StringWriter();

        LookalikeCommand.Explain(Index, "paypa1.com", output);

        Assert.Contains("(high), ascii_homoglyph of paypal.com", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("paypa1 is drawn like paypal: 1 for l", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("exa mple.com")]
    [InlineData("example.com\tthreshold=0")]
    [InlineData("example.com\tthreshold=x")]
    [InlineData("example.com\towns=a.com")]
    [InlineData("example.com\town=a b")]
    [InlineData("example..com")]
    public void A_line_that_is_no_protected_domain_is_refused(string line) => Assert.False(ProtectedDomainReader.TryRead(line, out _, out _));

    [Fact]
    public void A_protected_domain_is_read_with_its_fields()
    {
        Assert.True(ProtectedDomainReader.TryRead("*.Example.COM.\town=a.com, b.com\tallow=c.com\tkeywords=one,two\tthreshold=60", out ProtectedDomain? domain, out _));

        Assert.Equal("example.com", domain.Name);
        Assert.Equal(["a.com", "b.com"], domain.Own);
        Assert.Equal(["c.com"], domain.Allowed);
        Assert.Equal(["one", "two"], domain.Keywords);
        Assert.Equal(60, domain.Threshold);
    }
}
