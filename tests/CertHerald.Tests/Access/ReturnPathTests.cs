using CertHerald.Access;

namespace CertHerald.Tests.Access;

public sealed class ReturnPathTests
{
    [Theory]
    [InlineData("/console")]
    [InlineData("/console/monitoring/issuances/2715166372")]
    [InlineData("/console/deliveries?state=dead&before=17")]
    [InlineData("/console?x=%2F%2Fevil.example")]
    public void A_page_of_the_console_is_kept(string path) => Assert.Equal(path, ReturnPath.Safe(path));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("//evil.example/console")]
    [InlineData("https://evil.example/console")]
    [InlineData("/\\evil.example")]
    [InlineData("/console\\..\\..\\evil.example")]
    [InlineData("/console.evil.example")]
    [InlineData("/consolex")]
    [InlineData("/api/issuances")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/console\r\nSet-Cookie: a=b")]
    [InlineData("/console/\t/evil.example")]
    [InlineData("/console/ü")]
    [InlineData("console")]
    public void Anything_else_leads_to_the_start(string? path) => Assert.Equal("/console", ReturnPath.Safe(path));
}
