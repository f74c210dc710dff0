using CertHerald.Access;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Access;

public sealed class LoginLinksTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void A_link_works_once()
    {
        var links = new LoginLinks(_time);
        string token = links.Create();

        Assert.True(links.TryRedeem(token));
        Assert.False(links.TryRedeem(token));
    }

    [Fact]
    public void A_link_works_for_less_than_ten_minutes()
    {
        var links = new LoginLinks(_time);
        (string early, string late) = (links.Create(), links.Create());

        _time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromMilliseconds(1));
        Assert.True(links.TryRedeem(early));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(links.TryRedeem(late));
    }

    [Fact]
    public void A_new_link_leaves_the_one_before_valid()
    {
        var links = new LoginLinks(_time);
        string first = links.Create();
        links.Create();

        Assert.True(links.TryRedeem(first));
    }

    [Fact]
    public void A_token_has_256_bits_in_43_characters_and_no_two_are_alike()
    {
        var links = new LoginLinks(_time);
        string[] tokens = [.. Enumerable.Range(0, 100).Select(_ => links.Create())];

        Assert.All(tokens, token => Assert.Equal(43, token.Length));
        Assert.Equal(100, tokens.Distinct().Count());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("not base64url at all, but 43 characters long")]
    public void A_token_nobody_made_is_refused(string? token) => Assert.False(new LoginLinks(_time).TryRedeem(token));
}
