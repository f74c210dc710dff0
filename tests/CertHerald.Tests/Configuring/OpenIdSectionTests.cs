using System.Collections;
using CertHerald.Access;
using CertHerald.Configuring;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Configuring;

public sealed class OpenIdSectionTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Without_the_section_nobody_signs_in_that_way() => Assert.Null(Read("{}").OpenId);

    [Fact]
    public void What_is_written_is_taken_and_the_rest_is_usual()
    {
        string file = _scratch.Write("secret", "canary\n");
        OpenIdOptions options = Read($$"""
            { "public_url": "https://ct.example.com", "oidc": { "issuer": "https://login.example.com/staff/", "client_id": "ct", "client_secret": "file:{{file}}",
              "scopes": [ "email", "groups" ], "allowed_domains": [ "example.com" ] } }
            """).OpenId!;

        Assert.Equal(("https://login.example.com/staff/", "ct", "canary", "https://ct.example.com/console/openid/callback"), (options.Issuer, options.ClientId, options.ClientSecret, options.Callback));
        Assert.Equal(["openid", "email", "groups"], options.Scopes);
        Assert.Equal(("groups", "single sign-on"), (options.GroupsClaim, options.Label));
        Assert.DoesNotContain("canary", options.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "issuer": "https://a.example", "client_id": "ct" }""", "allowed_emails", "everybody with an account there would be an administrator")]
    [InlineData("""{ "issuer": "https://a.example", "client_id": "ct", "allowed_emails": [] }""", "allowed_emails", "everybody with an account there")]
    [InlineData("""{ }""", "issuer", "is missing")]
    [InlineData("""{ "issuer": "https://a.example", "allowed_emails": [ "a@b.example" ] }""", "client_id", "https://ct.example.com/console/openid/callback")]
    [InlineData("""{ "issuer": "http://a.example", "client_id": "ct", "allowed_emails": [ "a@b.example" ] }""", "issuer", "https")]
    [InlineData("""{ "issuer": "https://a.example?b", "client_id": "ct", "allowed_emails": [ "a@b.example" ] }""", "issuer", "https")]
    [InlineData("""{ "issuer": "https://a.example", "client_id": "ct", "allowed_emails": [ "b.example" ] }""", "allowed_emails", "alice@example.com")]
    [InlineData("""{ "issuer": "https://a.example", "client_id": "ct", "allowed_domains": [ "*" ] }""", "allowed_domains", "after the @")]
    [InlineData("""{ "issuer": "https://a.example", "client_id": "ct", "allowed_domains": [ "@a.example" ] }""", "allowed_domains", "after the @")]
    [InlineData("""{ "issuer": "https://a.example", "client_id": "ct", "allowed_groups": [ "" ] }""", "allowed_groups", "empty")]
    [InlineData("""{ "issuer": "https://a.example", "client_id": "ct", "allowed_groups": [ "a" ], "scopes": [ "a b" ] }""", "scopes", "no scope")]
    [InlineData("""{ "issuer": "https://a.example", "client_id": "ct", "allowed_groups": [ "a" ], "label": "" }""", "label", "button")]
    [InlineData("""{ "issuer": "https://a.example", "client_id": "ct", "allowed_groups": [ "a" ], "client_secret": "env:CERTHERALD_NOT_SET" }""", "client_secret", "not set")]
    public void What_cannot_be_meant_is_a_mistake(string section, string key, string says)
    {
        var mistakes = Assert.Throws<ConfigurationException>(() => Read($$"""{ "public_url": "https://ct.example.com", "oidc": {{section}} }"""));

        Assert.Contains(mistakes.Mistakes, mistake => mistake.Place.EndsWith($"oidc.{key}", StringComparison.Ordinal) && mistake.ToString().Contains(says, StringComparison.Ordinal));
    }

    private CertHeraldOptions Read(string text) => Configuration.Read(_scratch.Write("certherald.json", text), new CommandLineOverrides(), new Hashtable());
}
