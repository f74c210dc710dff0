using CertHerald.Delivering;

namespace CertHerald.Tests.Delivering;

public sealed class WebhookUrlTests
{
    [Fact]
    public void It_shows_neither_password_nor_path()
    {
        Assert.True(WebhookUrl.TryParse("https://user:canary@h.example:8443/canary?canary", out WebhookUrl? url, out _));
        Assert.Equal("https://h.example:8443/…", url.ToString());
    }

    [Theory]
    [InlineData("https://u%40x:p%3A1@h/", "https://h/", "u@x", "p:1")]
    [InlineData("https://user:p%40ss@hooks.example.com:8443/a%2Fb?c=d%20e", "https://hooks.example.com:8443/a%2Fb?c=d%20e", "user", "p@ss")]
    [InlineData("https://m%C3%BCller:gr%C3%BC%C3%9Fe@h/", "https://h/", "müller", "grüße")]
    [InlineData("https://only@h/x", "https://h/x", "only", "")]
    [InlineData("http://:secret@[2001:db8::1]:81/x", "http://[2001:db8::1]:81/x", "", "secret")]
    public void User_information_is_cut_out_and_percent_decoded(string text, string address, string user, string password)
    {
        Assert.True(WebhookUrl.TryParse(text, out WebhookUrl? url, out _));
        Assert.Equal(address, url.Address.AbsoluteUri);
        Assert.Equal("", url.Address.UserInfo);
        Assert.Equal((user, password), url.Credentials);
    }

    [Fact]
    public void Without_user_information_there_are_no_credentials()
    {
        Assert.True(WebhookUrl.TryParse("https://hooks.example.com/x", out WebhookUrl? url, out _));
        Assert.Null(url.Credentials);
    }

    [Theory]
    [InlineData("ftp://canary:canary@h/")]
    [InlineData("file:///canary")]
    [InlineData("canary")]
    [InlineData("")]
    [InlineData("/canary")]
    [InlineData("https://")]
    [InlineData("https://canary%ff:p@h/")]
    [InlineData("https://canary%3Ax:p@h/")]
    [InlineData("https://canary:p%0d%0a@h/")]
    [InlineData("https://h/canary#fragment")]
    [InlineData("https://h/ canary")]
    [InlineData("https://h\\canary")]
    [InlineData("https://[fe80::1%25eth0]/canary")]
    [InlineData("https://./canary")]
    public void Mistakes_are_told_without_repeating_what_may_be_a_secret(string text)
    {
        Assert.False(WebhookUrl.TryParse(text, out WebhookUrl? url, out string? mistake));
        Assert.Null(url);
        Assert.True(mistake.Length > 20, "says what to do");
        Assert.DoesNotContain("canary", mistake, StringComparison.Ordinal);
    }
}
